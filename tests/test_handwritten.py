"""The hand-written pages: what they tell a reader to do works."""

from __future__ import annotations

import json
import re
from pathlib import Path

from typer.main import get_command

from asrun.cli import app
from tests.conftest import ROOT, Project

ADD = (ROOT / "docs" / "add.md").read_text(encoding="utf-8")
HOW = (ROOT / "docs" / "how.md").read_text(encoding="utf-8")


def test_the_lesson_of_the_guide_is_proved(tmp_path: Path) -> None:
    files = dict(re.findall(r'```python title="([^"]+)"\n(.*?)```', ADD, re.DOTALL))
    assert sorted(Path(name).name for name in files) == ["app.py", "lesson.py"]
    project = Project(tmp_path)
    for name, text in files.items():
        project.write(name, text)
    chapter = (
        '[[chapter]]\nname = "parameters"\ntitle = "Parameters"\nlessons = ["path-parameters"]\n'
    )
    project.write("snippets/chapters.toml", chapter)

    assert project.asrun("show", "parameters/path-parameters").code == 0
    accepted = project.asrun("accept", "parameters/path-parameters", stdin="y\n")
    assert accepted.code == 0, accepted.said
    checked = project.asrun("check", "parameters/path-parameters", "--format", "json")
    assert json.loads(checked.out)["problems"] == []
    assert "4 statements: all proved" in json.loads(checked.out)["summary"]


def test_commands_that_are_named_exist() -> None:
    named = set(re.findall(r"^\$ asrun (\w+)", ADD, re.MULTILINE))
    assert named >= {"show", "check", "accept"}
    commands = getattr(get_command(app), "commands")  # noqa: B009 - a group, which the type hides
    assert named | {"record"} <= set(commands)
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`?(?:\$ )?make ([a-z]+)`?", ADD)) <= set(targets)


def test_names_of_statements_and_queries_exist() -> None:
    import asrun

    table = set(re.findall(r"^\| `(\w+)` \|", ADD, re.MULTILINE))
    assert table == {"key_moment", "quiz", "exit_line", "snapshot"}
    assert all(hasattr(asrun, name) for name in table | {"watch", "advice"})
    [queries] = re.findall(r"asks the trace with (.*?),\nasserts", ADD, re.DOTALL)
    names = re.findall(r"`(\w+)`", queries)
    assert len(names) == 9
    assert all(callable(getattr(asrun.Trace, name)) for name in names)


def test_what_a_proof_does_not_mean_is_said() -> None:
    assert "## What it does not mean" in HOW
    for kind in ("hints and explanations", "Notes in quotation marks", "Advice"):
        assert kind in HOW
