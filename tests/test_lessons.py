"""Which chapters and lessons can stand beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from asrun import lessons
from asrun.render import paths
from tests.conftest import Project


@pytest.mark.parametrize(
    ("listed", "line", "message", "left"),
    [
        ([("a", ["x", "snapshots"])], 4, "no lesson can be called `snapshots`", ["a/x"]),
        ([("a", ["index", "x"])], 4, "no lesson can be called `index`", ["a/x"]),
        ([("a", ["README", "x"])], 4, "no lesson can be called `README`", ["a/x"]),
        ([("a", ["x", "x"])], 4, "`a` lists the lesson `x` twice", ["a/x"]),
        ([("assets", ["x"]), ("a", ["y"])], 2, "no chapter can be called `assets`", ["a/y"]),
        ([("a", ["x"]), ("a", ["y"])], 6, "there are two chapters `a`", ["a/x"]),
        ([("a", ["x"]), ("b", ["x"])], 0, "", ["a/x", "b/x"]),
    ],
)
def test_pages_that_would_overwrite_each_other_are_refused(
    tmp_path: Path, listed: list[tuple[str, list[str]]], line: int, message: str, left: list[str]
) -> None:
    text = "".join(
        f'[[chapter]]\nname = "{name}"\ntitle = "T"\nlessons = {names}\n'.replace("'", '"')
        for name, names in listed
    )
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets" / "chapters.toml").write_text(text)

    found = lessons.contents(tmp_path)

    assert list(found.titles) == left
    assert [(p.kind, p.line) for p in found.problems] == [("lesson-invalid", line)] * bool(message)
    assert all(p.message.startswith(message) and p.todo for p in found.problems)


def test_the_other_pages_of_a_chapter_are_taken() -> None:
    assert Path(paths.snapshots("chapter")).stem in lessons.TAKEN
    assert Path(paths.STYLE).parts[0] in lessons.TAKEN_FOLDERS


def test_a_lesson_called_like_another_page_fails_the_check(project: Project) -> None:
    project.add_lesson("snapshots")
    result = project.asrun("check", "--format", "json")
    assert result.code == 1
    told = [p for p in result.json()["problems"] if p["kind"] == "lesson-invalid"]
    assert [(p["file"], "snapshots" in p["message"]) for p in told] == [
        ("snippets/chapters.toml", True)
    ]
