"""What a new release breaks: the lessons on it, against what was accepted and what is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from asrun import check
from asrun.model import Lesson, Problem, Trace, Versions
from asrun.nearby import StepsOf
from asrun.versions import truth
from asrun.versions.observing import Observer, Target
from asrun.versions.releases import Release
from asrun.versions.truth import Judge

_NOTHING_TO_COMPARE = {"not-accepted", "stale-recording", "format-changed"}


@dataclass(frozen=True, slots=True)
class Newest:
    """What was found.

    Attributes:
        release: the newest release.
        pinned: the release that the project is built with.
        versions: what the lessons ran on; None where none could be recorded.
        checked: lessons that were recorded.
        problems: what behaves otherwise than accepted, and what became false.
        gaps: what could not be done, in sentences.
        unasked: why nobody knows whether there is a newer release; "" where the index was asked.
    """

    release: Release
    pinned: str
    versions: Versions | None
    checked: int
    problems: tuple[Problem, ...]
    gaps: tuple[str, ...]
    unasked: str = ""

    @property
    def changed(self) -> tuple[str, ...]:
        """Lessons that behave otherwise, by id."""
        return tuple(dict.fromkeys(p.lesson for p in self.problems if not p.statement))

    @property
    def complete(self) -> bool:
        """Whether all could be looked at."""
        return not self.gaps and not self.unasked

    @property
    def false(self) -> tuple[Problem, ...]:
        """Statements that are false there."""
        return tuple(p for p in self.problems if p.statement)


def look(
    release: Release,
    lessons: Sequence[Lesson],
    observer: Observer,
    judge: Judge,
    steps_of: StepsOf,
    tell: Callable[[str], None] = lambda what: None,
) -> Newest:
    """Record all lessons on a release, with the newest dependencies, and check all that is said.

    Args:
        release: the release.
        lessons: what to look at.
        observer: records.
        judge: judges a lesson's statements.
        steps_of: how a trace reads in steps.
        tell: is told, in a few words, what begins.
    """
    pinned = observer.environments.here().release
    target = Target(release, "newest")
    places = [(lesson.id, s.name) for lesson in lessons for s in lesson.scenarios]
    outcomes = observer.observe({target: places})
    problems: list[Problem] = []
    gaps: set[str] = set()
    versions: Versions | None = None
    checked = 0
    for lesson in lessons:
        tell(f"judging {lesson.id}")
        runs: dict[str, Trace] = {}
        for scenario in lesson.scenarios:
            outcome = outcomes[target, (lesson.id, scenario.name)]
            versions = versions or outcome.versions
            if outcome.trace is not None:
                runs[scenario.name] = outcome.trace
                found = check.against_accepted(lesson, scenario, outcome.trace, steps_of)
                problems += [_of(p, release) for p in found if p.kind == "behaviour-changed"]
                if any(p.kind in _NOTHING_TO_COMPARE for p in found):
                    gaps.add(f"{lesson.id} has no accepted recording that it could be held against")
            elif outcome.behaviour is None:
                gaps.add(outcome.why)
            else:
                problems.append(_does_not_run(lesson, scenario.name, scenario.line, outcome.why))
        checked += bool(runs)
        verdicts = judge(lesson, runs) if runs else {}
        answers = truth.answers(lesson, pinned, judge)
        verdicts = {n: truth.answered(v, answers.get(n)) for n, v in verdicts.items()}
        problems += check.statements(lesson, verdicts, runs, steps_of)
    return Newest(release, pinned, versions, checked, tuple(problems), tuple(sorted(gaps)))


def _of(problem: Problem, release: Release) -> Problem:
    todo = f"If it is meant to be so, pin fastapi=={release.version} and accept it."
    return replace(problem, todo=todo)


def _does_not_run(lesson: Lesson, scenario: str, line: int, why: str) -> Problem:
    return Problem(
        "crashed",
        lesson.file("lesson.py"),
        line,
        f"`{scenario}` can no longer be recorded: {why}",
        "Mend the lesson, so that it runs on both releases.",
        lesson=lesson.id,
        scenario=scenario,
    )
