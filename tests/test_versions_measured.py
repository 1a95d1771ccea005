"""The machine against what is known of FastAPI: it has to find it, and is told nothing of it."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from asrun.versions.writing import with_holds
from tests.test_versions_environments import needs_network

ROOT = Path(__file__).parent.parent
LESSON = "yield-dependencies/async-generator"
RELEASES = ("0.106.0", "0.118.0")


def test_the_engine_names_none_of_these_releases() -> None:
    named = re.compile(r"\b0\.(105|106|117|118)\b")
    files = sorted((ROOT / "hooks").rglob("*.py"))
    assert len(files) > 50
    assert [f.name for f in files if named.search(f.read_text(encoding="utf-8"))] == []


def _without_holds(root: Path) -> tuple[Path, str]:
    """A project with a copy of the lesson that does not say where its statements are true."""
    for name in ("pyproject.toml", "snippets/versions.toml"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    chapter, name = LESSON.split("/")
    (root / "snippets" / "chapters.toml").write_text(
        f'[[chapter]]\nname = "{chapter}"\ntitle = "T"\nlessons = ["{name}"]\n', encoding="utf-8"
    )
    folder = root / "snippets" / LESSON
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "snippets" / LESSON / "app.py", folder)
    source = (ROOT / "snippets" / LESSON / "lesson.py").read_text(encoding="utf-8")
    names = re.findall(r"^def (\w+)\(", source, re.MULTILINE)
    bare = with_holds(source, dict.fromkeys(names, ""))
    assert "holds=" in source
    assert "holds=" not in bare
    file = folder / "lesson.py"
    file.write_text(bare, encoding="utf-8")
    return file, source


@needs_network
def test_it_finds_when_the_exit_of_a_dependency_moved_and_fills_the_holds_in(
    tmp_path: Path,
) -> None:
    file, source = _without_holds(tmp_path)
    command = [sys.executable, "-m", "asrun", "versions", LESSON, "--write-holds"]
    done = subprocess.run(
        [*command, "--format", "json"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    (found,) = json.loads(done.stdout)["lessons"]
    answers = next(s for s in found["scenarios"] if s["name"] == "answers")
    day = answers["day"]
    assert tuple(r["first"] for r in day[1:]) == RELEASES
    assert [r["behaviour"] for r in day] == [1, 2, 1]
    assert {r["by"] for r in day[1:]} == {"fastapi"}
    # Where `holds` is put on the line is the formatter's business.
    filled = file.read_text(encoding="utf-8")
    assert ast.dump(ast.parse(filled)) == ast.dump(ast.parse(source))
