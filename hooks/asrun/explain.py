"""Why a line of `app.py` has the steps that it has, or none; and why a step is as it is.

Nothing is recorded for this that a page does not have: the trace, what the normalisers did on the
way to it, and the rules by which events fold into steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from asrun import app_lines, court, inspect, lessons, pipeline
from asrun.app_lines import Place
from asrun.cache import Cache
from asrun.children import Children
from asrun.model import Event, Lesson, Problem
from asrun.normalised import Change, Normalised, raw_line
from asrun.problems import ProblemError
from asrun.story import Reasons


@dataclass(frozen=True, slots=True)
class EventSaid:
    """An event, and the step that it belongs to.

    Attributes:
        event: its number in the trace.
        kind, lane: as in the trace.
        what: the event on one line of text.
        line: the line of `app.py`, or None.
        step: the step's address.
        rule: why it belongs to that step.
    """

    event: int
    kind: str
    lane: str
    what: str
    line: int | None
    step: str
    rule: str


@dataclass(frozen=True, slots=True)
class RawSaid:
    """What a normaliser did to a raw event.

    Attributes:
        normaliser: its name.
        raw: the raw event's number.
        what: what was done.
    """

    normaliser: str
    raw: int
    what: str


@dataclass(frozen=True, slots=True)
class LineRun:
    """A line of `app.py` in one scenario.

    Attributes:
        scenario, title: which.
        reason: why it has no event, in a word or two; "" where it has.
        why: the same in a sentence.
        events: those that it made.
        normalised: raw events of the line that a normaliser took away.
    """

    scenario: str
    title: str
    reason: str
    why: str
    events: tuple[EventSaid, ...]
    normalised: tuple[RawSaid, ...]


@dataclass(frozen=True, slots=True)
class LineExplained:
    """A line of `app.py` in all scenarios.

    Attributes:
        lesson, line, text: which.
        function: the function that it is in, or "".
        about: what holds for the line in every run.
        runs: a scenario each.
    """

    lesson: str
    line: int
    text: str
    function: str
    about: str
    runs: tuple[LineRun, ...]


@dataclass(frozen=True, slots=True)
class StepExplained:
    """A step of a run.

    Attributes:
        lesson, address, action, what, line: which.
        lane, row, phase: where it stands.
        lane_why, row_why, phase_why: what decided it.
        events: what it is made of.
        normalised: what the normalisers did to its raw events, and those beside them that they took.
    """

    lesson: str
    address: str
    action: str
    what: str
    line: int | None
    lane: str
    lane_why: str
    row: str
    row_why: str
    phase: str
    phase_why: str
    events: tuple[EventSaid, ...]
    normalised: tuple[RawSaid, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario, with its steps as the page has them."""

    recorded: Normalised
    reasons: Sequence[Reasons]


Explained = LineExplained | StepExplained


def explain(
    root: Path,
    lesson_id: str,
    where: str | None,
    scenario: str | None,
    progress: Callable[[str], None],
) -> list[Explained]:
    """Explain a line, a step, or every line that has code.

    Args:
        root: the project's root.
        lesson_id: the lesson.
        where: `12` or `app.py:12` is a line, `answers-7` a step; `7` is a step where a scenario is
            named. None: every line that has code.
        scenario: one scenario only.
        progress: is told, in a few words, what begins.

    Raises:
        ProblemError: there is no such lesson, scenario, line or step, or it can't be recorded.
    """
    lesson = inspect.one(lessons.find(root), lesson_id)
    names = [s.name for s in lesson.scenarios]
    if scenario is not None and scenario not in names:
        raise _wrong(
            lesson, f"`{lesson.id}` has no scenario `{scenario}`", f"It has: {', '.join(names)}."
        )
    line, step = _target(lesson, where, scenario)
    runs = _runs(lesson, progress)
    if step is not None:
        return [_step(lesson, runs, *step)]
    chosen = [run for run in runs if scenario in (None, run.recorded.scenario.name)]
    lines = [line] if line is not None else app_lines.with_code(lesson.app)
    return [_line(lesson, chosen, number) for number in lines]


def _target(
    lesson: Lesson, where: str | None, scenario: str | None
) -> tuple[int | None, tuple[str, int] | None]:
    """The line, or the step as its scenario and number, that is asked for."""
    if where is None:
        return None, None
    told = where.removeprefix("#")
    if told.isdecimal() and scenario is not None:
        return None, (scenario, int(told))
    number = told.removeprefix("app.py:")
    last = len(lesson.app.splitlines())
    if number.isdecimal():
        if not 1 <= int(number) <= last:
            raise _wrong(
                lesson,
                f"app.py has no line {number}",
                f"It has lines 1 to {last}. With --scenario a number is a step.",
            )
        return int(number), None
    name, _, n = told.rpartition("-")
    if n.isdecimal() and name in {s.name for s in lesson.scenarios}:
        if scenario not in (None, name):
            raise _wrong(
                lesson, f"`{where}` is no step of `{scenario}`", "Leave out one of the two."
            )
        return None, (name, int(n))
    example = lesson.scenarios[0].name
    names = ", ".join(s.name for s in lesson.scenarios)
    raise _wrong(
        lesson,
        f"`{where}` is neither a line of app.py nor a step",
        f"A line is a number; a step is its address, as in `{example}-7`. Scenarios are: {names}.",
    )


def _runs(lesson: Lesson, progress: Callable[[str], None]) -> list[Run]:
    """Record and judge a lesson: which events proofs cite decides how statements fold."""
    with Children(lesson.imports) as children:
        recorded = inspect.recorded_now(lesson, None, children, progress)
        traces = {(lesson.id, one.scenario.name): one.trace for one in recorded}
        progress(f"judging {lesson.id}")
        verdicts = court.judge([lesson], traces, Cache(None), children)[lesson.id].values()
    return [Run(one, pipeline.reasons_of(lesson, one.trace, verdicts)) for one in recorded]


# ------------------------------------------------------------------ a line


def _line(lesson: Lesson, runs: Sequence[Run], number: int) -> LineExplained:
    place = app_lines.place(lesson.app, number)
    return LineExplained(
        lesson=lesson.id,
        line=number,
        text=lesson.app.splitlines()[number - 1].strip(),
        function=place.function,
        about=place.about,
        runs=tuple(_line_run(run, place) for run in runs) if place.statement else (),
    )


def _line_run(run: Run, place: Place) -> LineRun:
    recorded = run.recorded
    mine = [e.seq for e in recorded.trace.events if e.line == place.statement]
    events = tuple(said for one in run.reasons for said in _events(one) if said.event in mine)
    taken = tuple(
        _taken(recorded, change)
        for change in recorded.changes
        if not change.field and recorded.raw[change.raw - 1].get("line") == place.statement
    )
    reason, why = ("", "") if events else _why_none(recorded.trace.events, place, taken)
    return LineRun(
        scenario=recorded.scenario.name,
        title=recorded.scenario.title,
        reason=reason,
        why=why,
        events=events,
        normalised=taken,
    )


def _why_none(events: Sequence[Event], place: Place, taken: Sequence[RawSaid]) -> tuple[str, str]:
    """Why a line has no event, in a word or two and in a sentence."""
    if not place.function:
        return "at import", "It ran when app.py was imported; a recording begins after that."
    name = f"`{place.function}`"
    calls = [
        e
        for e in events
        if e.kind == "call" and e.line == place.function_line and e.function == place.function
    ]
    if not calls:
        return "not called", f"{name} was not called in this scenario."
    if place.catches:
        return "caught nothing", f"{name} ran; an `except` is told where it catches: it did not."
    if place.silent and taken:
        return (
            "does nothing",
            "It ran, and does nothing by itself: what follows says what it led to.",
        )
    if taken:
        names = ", ".join(dict.fromkeys(one.normaliser for one in taken))
        return "taken away", f"It ran, and what was told of it was taken away by {names}."
    if place.silent:
        return "does nothing", f"{name} ran; Python does not tell of a line that does nothing."
    ends = "; ".join(dict.fromkeys(_end(events, call) for call in calls))
    return "not reached", f"{name} ran and never came to this line: {ends}."


def _end(events: Sequence[Event], call: Event) -> str:
    """How a frame ended, or what became of it."""
    last = [e for e in events if e.frame_key == call.frame_key and e.line is not None][-1]
    exception = last.detail.get("exception", "an exception")
    how = {
        "return": "it returned at line {n}",
        "unwind": "it ended with {e} at line {n}",
        "yield": "it is still suspended at its yield in line {n}",
        "wait": "it still waits in line {n}",
    }
    return how.get(last.kind, "the last that is told of it is line {n}").format(
        n=last.line, e=exception
    )


# ------------------------------------------------------------------ a step


def _step(lesson: Lesson, runs: Sequence[Run], name: str, number: int) -> StepExplained:
    run = next(run for run in runs if run.recorded.scenario.name == name)
    if not 1 <= number <= len(run.reasons):
        raise _wrong(
            lesson,
            f"`{name}` has no step {number}",
            f"It has steps 1 to {len(run.reasons)}: `asrun show {lesson.id}` lists them.",
        )
    reasons = run.reasons[number - 1]
    step = reasons.step
    row = "FastAPI" if step.row == "fastapi" else step.row.removeprefix("fn-")
    return StepExplained(
        lesson=lesson.id,
        address=step.address,
        action=step.action,
        what=inspect.plain(step.what),
        line=step.line,
        lane=step.lane_label,
        lane_why=reasons.lane,
        row=row,
        row_why=reasons.row,
        phase=step.phase,
        phase_why=reasons.phase,
        events=_events(reasons),
        normalised=tuple(_of_step(run.recorded, {e.seq for e in step.events})),
    )


def _events(reasons: Reasons) -> tuple[EventSaid, ...]:
    return tuple(
        EventSaid(e.seq, e.kind, e.lane, e.what, e.line, reasons.step.address, reasons.rules[e.seq])
        for e in reasons.step.events
    )


def _of_step(recorded: Normalised, seqs: set[int]) -> list[RawSaid]:
    """What was done to the raw events of a step, and to those that were taken away beside them."""
    own = {recorded.numbers[seq - 1] for seq in seqs}
    owners = _kept_beside(recorded)
    found = []
    for change in recorded.changes:
        if change.field and change.raw in own:
            seq = recorded.numbers.index(change.raw) + 1
            what = f"event {seq}: {change.field} {change.was} -> {change.now}"
            found.append(RawSaid(change.normaliser, change.raw, what))
        elif not change.field and owners.get(change.raw) in own:
            found.append(_taken(recorded, change))
    return found


def _kept_beside(recorded: Normalised) -> dict[int, int]:
    """For each raw event that was taken away the one that stayed: of its frame, before or after."""
    kept = set(recorded.numbers)
    found: dict[int, int] = {}
    latest: dict[object, int] = {}
    waiting: dict[object, list[int]] = {}
    for number, event in enumerate(recorded.raw, 1):
        who = event.get("frame") or (event["lane"], event["unit"], event["request"])
        if number in kept:
            latest[who] = number
            found.update(dict.fromkeys(waiting.pop(who, ()), number))
        elif who in latest:
            found[number] = latest[who]
        else:
            waiting.setdefault(who, []).append(number)
    return found


def _taken(recorded: Normalised, change: Change) -> RawSaid:
    what = f"taken away: {raw_line(recorded.raw[change.raw - 1])}"
    return RawSaid(change.normaliser, change.raw, what)


def _wrong(lesson: Lesson, message: str, todo: str) -> ProblemError:
    return ProblemError(
        Problem("lesson-invalid", lesson.file("lesson.py"), 1, message, todo, lesson=lesson.id)
    )
