"""The pages' script: one classic file, of all of the player's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from asrun.render import view
from asrun.render.script import ORDER, render_script
from tests.conftest import ROOT, Project
from tools.check_types import check_script

PLAYER = ROOT / "docs" / "assets" / "player"


def test_every_file_is_in_the_order() -> None:
    assert {file.stem for file in PLAYER.glob("*.js")} == set(ORDER)


def test_every_way_that_is_offered_is_there() -> None:
    texts = [file.read_text("utf-8") for file in PLAYER.glob("*.js")]
    there = {mode for text in texts for mode in re.findall(r'modes\.set\("(\w+)"', text)}
    assert {one for one, *_ in view.MODES} == there


def test_joined_in_order_in_one_scope(tmp_path: Path) -> None:
    player = tmp_path / "assets" / "player"
    player.mkdir(parents=True)
    for name in ("stage", "core"):
        (player / f"{name}.js").write_text(f'/* {name} */\nconst {name} = "é";\n', "utf-8")
    [(path, text)] = render_script(tmp_path).items()
    assert path == "assets/asrun.js"
    assert text == '(()=>{const e="é",t="é"})()\n'


def test_what_is_no_script_is_told_by_file_and_line(tmp_path: Path) -> None:
    player = tmp_path / "assets" / "player"
    player.mkdir(parents=True)
    (player / "core.js").write_text("const core = 1;\n", "utf-8")
    (player / "stage.js").write_text("const stage = 1;\nconst other = ;\n", "utf-8")
    with pytest.raises(SyntaxError, match=r"unexpected ; in expression \(stage.js, line 2\)"):
        render_script(tmp_path)


def test_the_build_says_which_file_is_no_script(accepted: Project) -> None:
    source = accepted.root / "docs" / "assets" / "player" / "core.js"
    source.parent.mkdir(parents=True)
    source.write_text("const core = 1;\n\nconst stage = ;\n")
    done = accepted.asrun("build", "--out", "pages")
    assert done.code == 1
    assert "docs/assets/player/core.js:3: lesson-invalid: this is no JavaScript" in done.said
    assert not (accepted.root / "pages").exists()


def test_its_types_are_checked_by_file_and_line(tmp_path: Path) -> None:
    player = tmp_path / "assets" / "player"
    player.mkdir(parents=True)
    (player / "core.js").write_text("/** @param {number} n */\nconst core = (n) => n;\n", "utf-8")
    (player / "stage.js").write_text('\ncore("one");\n', "utf-8")
    code, found = check_script(tmp_path, tmp_path / "work")
    assert code
    assert "Argument of type 'string' is not assignable to parameter of type 'number'" in found
    assert "assets/player/stage.js:2:" in found


def test_the_style_is_lighter(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "asrun.css").write_text('/* a */\n.b::after { content: "–" }\n', "utf-8")
    assert render_script(tmp_path) == {"assets/asrun.css": '.b::after{content:"–"}\n'}


def test_without_a_player_there_is_no_script(tmp_path: Path) -> None:
    assert render_script(tmp_path) == {}


@pytest.mark.parametrize("built", [False, True])
def test_a_build_sees_that_it_changed(accepted: Project, built: bool) -> None:
    source = accepted.root / "docs" / "assets" / "player" / "core.js"
    source.parent.mkdir(parents=True)
    if built:
        source.write_text("const core = 1;\n")
        assert accepted.asrun("build", "--out", "pages").code == 0
    source.write_text("const core = 2;\n")
    assert accepted.asrun("build", "--out", "pages").code == 0
    assert "=2}" in (accepted.root / "pages/docs/assets/asrun.js").read_text()
