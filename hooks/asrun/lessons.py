"""Find and read `snippets/`: which lessons there are, in which order. Nothing of them runs here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asrun.model import Lesson, Problem
from asrun.problems import ProblemError

TAKEN = {"index", "readme", "snapshots"}
"""Names that no lesson can have: a chapter's folder has other pages by these."""
TAKEN_FOLDERS = {"assets", "overrides", "search"}
"""Names that no chapter can have: the site has other folders by these."""


@dataclass(frozen=True, slots=True)
class ChapterEntry:
    """A chapter as `chapters.toml` lists it."""

    name: str
    title: str
    lessons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """What `chapters.toml` lists.

    Attributes:
        chapters: in their order.
        problems: of `chapters.toml`; lessons that no chapter has, and recordings of no lesson.
        finding: the statement that the home page opens with, `<lesson>:<statement>`, or "".
    """

    chapters: tuple[ChapterEntry, ...]
    problems: tuple[Problem, ...]
    finding: str

    @property
    def titles(self) -> dict[str, str]:
        """For each lesson's id, in order, the title of its chapter."""
        return {f"{c.name}/{name}": c.title for c in self.chapters for name in c.lessons}


@dataclass(frozen=True, slots=True)
class Found:
    """What `snippets/` holds.

    Attributes:
        chapters: in their order.
        lessons: those that could be read, in their order.
        problems: of those that could not, and of `chapters.toml`.
        finding: the statement that the home page opens with, `<lesson>:<statement>`, or "".
    """

    chapters: tuple[ChapterEntry, ...]
    lessons: tuple[Lesson, ...]
    problems: tuple[Problem, ...]
    finding: str


def find(root: Path) -> Found:
    """Read all lessons below `root/snippets`.

    Args:
        root: the project's root.

    Raises:
        ProblemError: `chapters.toml` is missing or cannot be read.
    """
    listed = contents(root)
    lessons, problems = [], []
    for lesson_id, chapter_title in listed.titles.items():
        try:
            lessons.append(read(root, lesson_id, chapter_title))
        except ProblemError as error:
            problems.append(error.problem)
    return Found(listed.chapters, tuple(lessons), (*problems, *listed.problems), listed.finding)


def contents(root: Path) -> Contents:
    """Read `chapters.toml`, and no lesson.

    Args:
        root: the project's root.

    Raises:
        ProblemError: `chapters.toml` is missing or cannot be read.
    """
    text, table = _chapters_toml(root)
    chapters: list[ChapterEntry] = []
    problems: list[Problem] = []
    for number, entry in enumerate(table.get("chapter", []), 1):
        try:
            chapter = ChapterEntry(
                str(entry["name"]), str(entry["title"]), tuple(map(str, entry["lessons"]))
            )
        except (KeyError, TypeError):
            problems.append(
                _toml_problem(
                    f"chapter {number} has not all of `name`, `title` and `lessons`",
                    "Add what is missing.",
                )
            )
            continue
        chapters.append(chapter)
    listed = {f"{chapter.name}/{name}" for chapter in chapters for name in chapter.lessons}
    chapters, collisions = _apart(chapters, text)
    problems += collisions
    for file in sorted((root / "snippets").glob("*/*/lesson.py")):
        lesson_id = "/".join(file.parent.parts[-2:])
        if lesson_id not in listed:
            problems.append(
                Problem(
                    "lesson-invalid",
                    f"snippets/{lesson_id}/lesson.py",
                    1,
                    "this lesson is in no chapter, so no one would find its page",
                    f'Add "{file.parent.name}" to its chapter in snippets/chapters.toml.',
                    lesson=lesson_id,
                )
            )
    problems += _orphans(root)
    return Contents(tuple(chapters), tuple(problems), str(table.get("finding", "")))


def _orphans(root: Path) -> list[Problem]:
    """Accepted recordings in folders that are no lessons."""
    return [
        Problem(
            "stale-recording",
            file.relative_to(root).as_posix(),
            1,
            "its lesson is gone",
            "Remove the file, or bring the lesson back.",
        )
        for file in sorted((root / "snippets").glob("*/*/recordings/*/*.txt"))
        if not (file.parents[2] / "lesson.py").exists()
    ]


def read(root: Path, lesson_id: str, chapter_title: str) -> Lesson:
    """Read one lesson.

    Raises:
        ProblemError: it is malformed; the problem names file, line and remedy.
    """
    from asrun.reader import Reader  # a build for which nothing has changed reads no lesson

    return Reader(root.resolve(), lesson_id, chapter_title).lesson()


def imports(root: Path, lesson_id: str) -> tuple[str, ...]:
    """The installed modules that a lesson imports; none where it cannot be read."""
    from asrun.reader import Reader

    try:
        return Reader(root.resolve(), lesson_id, "").imports()
    except ProblemError:
        return ()


def _apart(chapters: Iterable[ChapterEntry], text: str) -> tuple[list[ChapterEntry], list[Problem]]:
    """The chapters and lessons whose pages no other page overwrites, and what is wrong with others.

    Args:
        chapters: as they are listed.
        text: of `chapters.toml`, where they are.
    """
    apart: list[ChapterEntry] = []
    problems: list[Problem] = []

    def refuse(name: str, message: str, todo: str) -> None:
        # Of a name that is there twice, the second is the one too many.
        lines = [n for n, line in enumerate(text.splitlines(), 1) if f'"{name}"' in line]
        problems.append(_toml_problem(message, todo, lines[-1] if lines else 0))

    for chapter in chapters:
        name = chapter.name
        if name.casefold() in TAKEN_FOLDERS:
            refuse(name, f"no chapter can be called `{name}`: the site has another folder of that "
                   "name", "Give its folder below snippets/ another name.")  # fmt: skip
            continue
        if any(name.casefold() == other.name.casefold() for other in apart):
            refuse(name, f"there are two chapters `{name}`, whose pages would overwrite each other",
                   "Make one of the two, or give one another name.")  # fmt: skip
            continue
        seen: dict[str, str] = {}
        for lesson in chapter.lessons:
            if lesson.casefold() in TAKEN:
                refuse(lesson, f"no lesson can be called `{lesson}`: its chapter has another page "
                       "of that name", "Give its folder another name.")  # fmt: skip
            elif lesson.casefold() in seen:
                refuse(lesson, f"`{name}` lists the lesson `{lesson}` twice, and has one page for "
                       "it", "Leave one of the two out.")  # fmt: skip
            else:
                seen[lesson.casefold()] = lesson
        apart.append(ChapterEntry(name, chapter.title, tuple(seen.values())))
    return apart, problems


def _chapters_toml(root: Path) -> tuple[str, dict[str, Any]]:
    path = root / "snippets" / "chapters.toml"
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except FileNotFoundError:
        message = "there is no snippets/chapters.toml here, so there are no lessons"
        raise ProblemError(
            _toml_problem(message, "Run this in the project's root folder.")
        ) from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        problem = _toml_problem(
            f"this is not valid TOML: {error}", "Mend the line.", int(line[1]) if line else 0
        )
        raise ProblemError(problem) from None


def _toml_problem(message: str, todo: str, line: int = 0) -> Problem:
    return Problem("lesson-invalid", "snippets/chapters.toml", line, message, todo)
