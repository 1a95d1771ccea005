"""How a scenario that could not be recorded is told to its author: a problem with file and line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asrun.endings import Place
from asrun.jobs import Ended
from asrun.model import Lesson, Problem, ProblemKind, Scenario
from asrun.received import Wrong

_MEND = "Mend the line, or catch the exception where the lesson expects it."
_NO_WAIT = "Nothing may wait for what never comes. Sleeping is no trouble: the clock is virtual."
_ENDS = (
    "A scenario ends where its function ends: look for what ends the process, or crashes in C code."
)
_OURS = (
    "This is an error of asrun, not of the lesson. "
    "Run `asrun doctor`, then report it with the lesson."
)
_MOST = 5
"""Problems of one scenario that are told: later ones mostly follow from the first."""
_DEEP = 12


def of_ending(lesson: Lesson, scenario: Scenario, ended: Ended) -> list[Problem]:
    """What is wrong where the child told so itself, or gave no result."""
    name = f"`{scenario.name}`"
    if ended.said:
        found = []
        for said in ended.said:
            if said.kind == "hung":
                problem = _hung(lesson, scenario, ended, said.stack)
            else:
                message = f"{name} {said.message}"
                problem = _problem(lesson, scenario, said.kind, message, said.todo, said.stack)
            if problem not in found:
                found.append(problem)
        return found[:_MOST]
    if ended.lost:
        message = f"{name} brought the recorder down: {ended.how}"
        return [_problem(lesson, scenario, "crashed", message, _ENDS, ())]
    if ended.hung:
        return [_hung(lesson, scenario, ended, ended.stack)]
    if ended.failed:
        last = ended.output.strip().splitlines()
        message = f"the recorder failed with {name}: {last[-1]}"
        return [_problem(lesson, scenario, "recorder-failed", message, _OURS, ended.stack)]
    where = f" in `{ended.stack[-1][2]}`" if ended.stack else ""
    message = f"the process of {name} {ended.how}{where} before the scenario was over"
    return [_problem(lesson, scenario, "crashed", message, _ENDS, ended.stack)]


def of_lesson(lesson: Lesson, scenario: Scenario, wrong: Wrong) -> Problem:
    """What the recording child says is wrong."""
    todo = wrong.todo or _MEND
    return _problem(lesson, scenario, wrong.kind, wrong.message, todo, wrong.stack)


def forged(lesson: Lesson, scenario: Scenario, why: str) -> Problem:
    """A result that the recorder can't have written."""
    message = f"`{scenario.name}` left a recording that the recorder can't have made: {why}"
    todo = "Look for what reaches into asrun, or writes to file descriptors that it did not open."
    return _problem(lesson, scenario, "crashed", message, todo, ())


def no_request(lesson: Lesson, scenario: Scenario) -> Problem:
    """A scenario in which nothing happened."""
    message = f"the scenario `{scenario.name}` made no request"
    todo = "Await a request of the client that it is given."
    return _problem(lesson, scenario, "lesson-invalid", message, todo, ())


def no_zygote(error: Exception) -> Problem:
    """Nothing can be recorded at all."""
    message = f"no lesson can be recorded: {error}"
    return Problem(
        "recorder-failed", "snippets", 0, message, "Run `asrun doctor`: it says what is missing."
    )


def _hung(lesson: Lesson, scenario: Scenario, ended: Ended, stack: Sequence[Place]) -> Problem:
    where = f": it hangs in `{stack[-1][2]}`" if stack else ", and did not say where it hangs"
    message = f"`{scenario.name}` did not end within {ended.job.deadline:g} seconds{where}"
    return _problem(lesson, scenario, "hung", message, _NO_WAIT, stack)


def _problem(
    lesson: Lesson, scenario: Scenario, kind: str, message: str, todo: str, stack: Sequence[Place]
) -> Problem:
    """A problem at the innermost of the author's frames; without one, at the scenario."""
    at = stack[-1] if stack else ("lesson.py", scenario.line, scenario.name)
    known: Any = kind
    checked: ProblemKind = known
    return Problem(
        checked, lesson.file(at[0]), at[1], message, todo,
        lesson=lesson.id, scenario=scenario.name,
        stack=_told(stack),
    )  # fmt: skip


def _told(stack: Sequence[Place]) -> tuple[str, ...]:
    """A stack in words; of a deep one the two ends."""
    told = [f"{file}:{line} in {function}" for file, line, function in stack]
    if len(told) > _DEEP:
        told[3:-5] = [f"… {len(told) - 8} more"]
    return tuple(told)
