"""What a page shows, and all pages together: made by `narrate`, shown by `render`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from asrun.elsewhere import History
from asrun.model import Lesson, Problem, Versions
from asrun.story import CodeLine, Run, Said


@dataclass(frozen=True, slots=True)
class LessonPage:
    """All that the page of one lesson shows."""

    lesson: Lesson
    minutes: int
    versions: Versions | None
    """None where nothing could be recorded."""
    runs: tuple[Run, ...]
    code: tuple[CodeLine, ...]
    """The whole of `app.py`."""
    key_moments: tuple[Said, ...]
    quiz: tuple[Said, ...]
    snapshot: tuple[Said, ...]
    exit_lines: tuple[Said, ...]
    proved: int
    """Statements that this build proved."""
    questions: int = 0
    """Quiz questions that can be answered."""
    problems: tuple[Problem, ...] = ()
    """Problems of this lesson, for `serve`; empty in a site that may be published."""
    history: History | None = None
    """How it behaves in other releases; None where only this one was recorded."""
    era: str = ""
    """For a page of other releases: the `Era.page`; its runs are accepted recordings."""

    def gist(self) -> LessonPage:
        """What other pages show of the lesson: title, snapshot, how many runs."""
        return replace(
            self,
            lesson=replace(
                self.lesson, app="", source="", statements=(), notes={}, advice=(), shown=()
            ),
            runs=tuple(run.gist() for run in self.runs),
            code=(),
            key_moments=(),
            quiz=(),
            exit_lines=(),
            history=self.history.gist() if self.history else None,
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a site holds."""

    concepts: int = 0
    runs: int = 0
    steps: int = 0
    proved: int = 0
    """Statements that were proved."""
    fastapi: tuple[str, ...] = ()
    """The versions that were recorded on."""

    @classmethod
    def of(cls, page: LessonPage) -> Counts:
        """Count what a lesson's page holds."""
        steps = sum(len(run.steps) for run in page.runs)
        versions = (page.versions.fastapi,) if page.versions else ()
        return cls(1, len(page.runs), steps, page.proved, versions)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.concepts + other.concepts,
            self.runs + other.runs,
            self.steps + other.steps,
            self.proved + other.proved,
            tuple(sorted({*self.fastapi, *other.fastapi})),
        )


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter and its lessons in order."""

    name: str
    title: str
    pages: tuple[LessonPage, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that is rendered."""

    title: str
    chapters: tuple[Chapter, ...]
    finding: str = ""
    """`<lesson id>:<statement name>` of the finding on the home page."""
    problems: tuple[Problem, ...] = field(default=())
    """Problems that belong to no lesson's page."""
    releases: tuple[tuple[str, str], ...] = ()
    """The releases of FastAPI that are known, oldest first, each with its day."""
