"""What the command `asrun versions` does, without what it prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from asrun import accepted, lessons, pipeline
from asrun.accepted import Changes
from asrun.cache import Cache
from asrun.children import Children
from asrun.model import DiffRow, Lesson, Problem
from asrun.problems import ProblemError
from asrun.stepdiff import step_diff
from asrun.versions import accepting, newest, releases, truth
from asrun.versions.environments import Environments
from asrun.versions.newest import Newest
from asrun.versions.observing import Observer, Progress, Target
from asrun.versions.outcomes import Outcome
from asrun.versions.releases import Listing, Release
from asrun.versions.survey import BASES, Survey, survey
from asrun.versions.truth import Truth
from asrun.versions.uv import Unreachable, Uv
from asrun.versions.writing import with_holds

Tell = Callable[[str], None]


@dataclass(slots=True)
class Looked:
    """What a look at many releases gave.

    Attributes:
        survey: what behaves how, where.
        truths: where the statements of each lesson are true.
        problems: what contradicts what was accepted, and `holds` that are wrong.
        changes: what the accepted recordings are to become.
        added: releases that the project's list does not have yet.
        held_back: lessons that cannot be accepted, since not all could be looked at.
    """

    survey: Survey
    truths: dict[str, Truth]
    problems: list[Problem]
    changes: Changes
    added: tuple[Release, ...]
    held_back: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Differing:
    """How a scenario differs between two releases.

    Attributes:
        lesson, scenario: what it is.
        rows: the step diff.
        why: a sentence where there is none to be made.
        known: whether it is known how both releases behave.
    """

    lesson: Lesson
    scenario: str
    rows: tuple[DiffRow, ...]
    why: str = ""
    known: bool = True


class Workshop:
    """One run of `asrun versions`; a context manager.

    Args:
        root: the project's root.
        only: lessons by id; empty for all.
        offline: ask the package index nothing.
        tell: is told, in a few words, what goes on.

    Raises:
        ProblemError: a lesson that is asked for is not there, or cannot be read.
    """

    def __init__(self, root: Path, only: Sequence[str], *, offline: bool, tell: Tell) -> None:
        self.root = root
        self.lessons = _chosen(lessons.find(root), only)
        self.uv = Uv(root, offline=offline)
        self.environments = Environments(root, self.uv)
        self._tell = tell
        self._kept = Cache(root / ".asrun" / "versions")
        preload = sorted({m for lesson in self.lessons for m in lesson.imports})
        self._children = Children(preload)
        self.judge = truth.judging(Cache(root / ".asrun" / "cache"), self._children)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._children)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._stack.close()

    def observer(self, *, remember: bool = True) -> Observer:
        """Something that records; one that does not remember records all of it anew."""
        store = self._kept if remember else Cache(None)
        return Observer(self.environments, self.lessons, store, self._told)

    def listing(self) -> tuple[Listing, tuple[Release, ...]]:
        """The releases, and those that the project's own list does not have yet.

        Raises:
            ProblemError: there is no list, and the index was not reached.
        """
        try:
            if self.uv.offline:
                raise Unreachable("the package index is not asked")
            return releases.look(self.root, self.uv, lambda what: self._tell(f"found {what}"))
        except Unreachable as error:
            known = releases.read(self.root)
            if len(known):
                return known, ()
            message = f"there is no list of releases, and {error}"
            todo = "Make it with `asrun versions --refresh`, where the package index is reached."
            problem = Problem("lesson-invalid", releases.FILE, 0, message, todo)
            raise ProblemError(problem) from None

    def look(self, *, every: bool) -> Looked:
        """Look at the lessons on all releases that have to be looked at."""
        listing, added = self.listing()
        found = survey(listing, self.lessons, self.observer(), BASES, every=every)
        truths: dict[str, Truth] = {}
        here = pipeline.pinned_fastapi(self.root)
        problems: list[Problem] = []
        changes: Changes = {}
        held_back = []
        for lesson in self.lessons:
            self._tell(f"judging {lesson.id}")
            truths[lesson.id] = truth.find(lesson, truth.of_survey(found, lesson), self.judge, here)
            problems += accepting.contradictions(found, lesson)
            problems += truth.problems(lesson, truths[lesson.id])
            if _has_unreached(found, lesson):
                held_back.append(lesson.id)
                continue
            for scenario in lesson.scenarios:
                changes |= accepting.changes(found, lesson, scenario)
        return Looked(found, truths, problems, changes, added, tuple(held_back))

    def accept(self, looked: Looked) -> list[Problem]:
        """Write what was found, once both sides of each change came out the same again.

        Returns:
            Scenarios that came out otherwise; nothing of their lessons is written.
        """
        problems = accepting.unstable(looked.survey, self.observer(remember=False))
        shaky = {p.lesson for p in problems}
        folders = [lesson.folder for lesson in self.lessons if lesson.id in shaky]
        wanted = {
            file: text
            for file, text in looked.changes.items()
            if not any(file.is_relative_to(folder) for folder in folders)
        }
        accepted.write(wanted)
        if looked.added:
            releases.write(self.root, looked.survey.listing)
        return problems

    def write_holds(self, looked: Looked) -> list[str]:
        """Write into the lessons in which releases their statements are true.

        Returns:
            What was changed, a line a statement.
        """
        lines = []
        for lesson in self.lessons:
            found = looked.truths[lesson.id]
            wrong = {p.statement for p in truth.problems(lesson, found)}
            holds = {name: text for name in wrong if (text := found.holds(name)) is not None}
            if holds:
                path = lesson.folder / "lesson.py"
                path.write_text(with_holds(lesson.source, holds), encoding="utf-8", newline="\n")
                lines += [f'{lesson.id} {name}: holds="{text}"' for name, text in holds.items()]
        return sorted(lines)

    def at(self, version: str) -> list[tuple[Lesson, str, Outcome]]:
        """What the lessons do on one release, with the dependencies of its day.

        Raises:
            ProblemError: there is no such release.
        """
        target = Target(self._release(version))
        places = [(x.id, s.name) for x in self.lessons for s in x.scenarios]
        outcomes = self.observer().observe({target: places})
        by_id = {lesson.id: lesson for lesson in self.lessons}
        return [(by_id[i], s, outcomes[target, (i, s)]) for i, s in places]

    def diff(self, old: str, new: str) -> list[Differing]:
        """How the lessons differ between two releases.

        Raises:
            ProblemError: there is no such release.
        """
        result = []
        for (lesson, name, before), (_, _, after) in zip(self.at(old), self.at(new), strict=True):
            if before.trace is None or after.trace is None:
                whys = [
                    f"on {version} it {outcome.in_words()}"
                    for version, outcome in ((old, before), (new, after))
                    if outcome.trace is None
                ]
                known = before.behaviour is not None and after.behaviour is not None
                result.append(Differing(lesson, name, (), "; ".join(whys), known=known))
                continue
            if before.behaviour == after.behaviour:
                result.append(Differing(lesson, name, (), "the same"))
                continue
            rows = step_diff(
                pipeline.steps_of(lesson, before.trace), before.trace,
                pipeline.steps_of(lesson, after.trace), after.trace,
            )  # fmt: skip
            result.append(Differing(lesson, name, tuple(row for row, _ in rows)))
        return result

    def newest(self) -> Newest:
        """What the newest release of the index breaks.

        Where the index is not reached, it is the newest release that the project lists.

        Raises:
            Unreachable: the index was not reached, and the project lists no release.
        """
        unasked = ""
        try:
            release = releases.newest(self.uv)
            if release is None:
                raise Unreachable("the package index has no release of FastAPI")
        except Unreachable as error:
            known = releases.read(self.root)
            if not len(known):
                raise
            release, unasked = known.releases[-1], str(error)
        found = newest.look(
            release, self.lessons, self.observer(), self.judge, pipeline.steps_of, self._tell
        )
        return replace(found, unasked=unasked)

    def refresh(self) -> tuple[Release, ...]:
        """Bring the project's list of releases up to date.

        Returns:
            What was added.

        Raises:
            Unreachable: the index was not reached.
        """
        listing, added = releases.look(self.root, self.uv, lambda w: self._tell(f"found {w}"))
        if added:
            releases.write(self.root, listing)
        return added

    def _release(self, version: str) -> Release:
        listing = releases.read(self.root)
        found = listing.find(version)
        if found is None:
            listing, _ = self.listing()
            found = listing.find(version)
        if found is None:
            ends = f"{listing.versions[0]} to {listing.versions[-1]}"
            problem = Problem(
                "lesson-invalid", releases.FILE, 0, f"there is no release {version} of FastAPI",
                f"There are {len(listing)}, from {ends}.",
            )  # fmt: skip
            raise ProblemError(problem)
        return found

    def _told(self, progress: Progress) -> None:
        text = progress.what
        if progress.total > 1:
            text += f" ({progress.done} of {progress.total}"
            text += f", about {_time(progress.left)} left)" if progress.left else ")"
        self._tell(text)


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _has_unreached(found: Survey, lesson: Lesson) -> bool:
    return any(
        outcome.kind == "unreached"
        for (_, place), outcomes in found.found.items()
        if place[0] == lesson.id
        for outcome in outcomes.values()
    )


def _chosen(found: lessons.Found, only: Sequence[str]) -> list[Lesson]:
    by_id = {lesson.id: lesson for lesson in found.lessons}
    for name in only:
        if name not in by_id:
            for problem in found.problems:
                if problem.lesson == name:
                    raise ProblemError(problem)
            message = f"there is no lesson `{name}`"
            ids = ", ".join(sorted(by_id)) or "none"
            raise ProblemError(
                Problem("lesson-invalid", "snippets", 0, message, f"Lessons are: {ids}.")
            )
    return [lesson for lesson in found.lessons if not only or lesson.id in only]
