"""Record lessons four times, and say where a scenario does not come out the same.

Twice plainly; then once with what worker threads report held back until all are done, and told in
the order in which their work was handed out; then once with the thread that was woken last going
on first. The first two have to be the same, event by event. The other two have to be the same
lane by lane: which of two threads ends first is for the operating system to say, so no one may
depend on it, and neither may a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from asrun import court, recorder
from asrun import trace as traces
from asrun.cache import Cache
from asrun.jobs import Runs
from asrun.model import Event, Lesson, Problem, Scenario, Trace, Verdict
from asrun.recording import lines_of

ATTEMPTS: tuple[dict[str, Any], ...] = ({}, {}, {"hold": "fifo"}, {"hold": "lifo"})
"""What `session.record` is given, each time."""

_ORDER = {
    "fifo": "when the reports of worker threads are held back, and told in the order of their work",
    "lifo": "when of several worker threads the one that was woken last goes on first",
}
_TODO = (
    "A recording has to come out the same each time: leave out what depends on chance, or on the "
    "machine."
)
_TODO_ORDER = (
    "Which of several threads goes first is for the operating system to say: leave out what "
    "depends on it, or make the threads wait for each other."
)

Place = tuple[str, str]
"""A lesson's id and a scenario's name."""


@dataclass(slots=True)
class Repeated:
    """What became of recording lessons several times.

    Attributes:
        stable: the first trace of each scenario that came out the same, in the lessons' order.
        problems: what is wrong with the others.
    """

    stable: list[tuple[Lesson, Scenario, Trace]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def record(lessons: Sequence[Lesson], children: Runs, progress: Callable[[str], None]) -> Repeated:
    """Record lessons as often as `ATTEMPTS` says, and compare.

    Args:
        lessons: what to record.
        children: run what has to be run.
        progress: is told, in a few words, what begins.
    """
    result = Repeated()
    rounds = []
    for n, options in enumerate(ATTEMPTS, 1):

        def tell(lesson: str, scenario: str, n: int = n) -> None:
            progress(f"recording {lesson} {scenario} ({n} of {len(ATTEMPTS)})")

        done = recorder.record(lessons, Cache(None), children, tell, options=options)
        result.problems += [p for p in done.problems if p not in result.problems]
        rounds.append(
            {
                (one.lesson.id, one.scenario.name): traces.stabilise(
                    one.lesson, one.scenario, one.events, one.versions
                )
                for one in done.done
            }
        )
    wrong = {(p.lesson, p.scenario) for p in result.problems}
    for lesson in lessons:
        for scenario in lesson.scenarios:
            place = (lesson.id, scenario.name)
            if place in wrong or not all(place in one for one in rounds):
                continue
            found = _difference(lesson, scenario, [one[place] for one in rounds])
            if found is not None:
                result.problems.append(found)
                wrong.add(place)
    for options, one in zip(ATTEMPTS[2:], rounds[2:], strict=True):
        result.problems += _judged(lessons, rounds[0], one, wrong, children, options["hold"])
    spoken_of = {(p.lesson, p.scenario) for p in result.problems}
    result.stable = [
        (lesson, scenario, rounds[0][lesson.id, scenario.name])
        for lesson in lessons
        for scenario in lesson.scenarios
        if (lesson.id, scenario.name) in rounds[0] and (lesson.id, scenario.name) not in spoken_of
    ]
    return result


def _difference(lesson: Lesson, scenario: Scenario, told: Sequence[Trace]) -> Problem | None:
    """Where the recordings of one scenario differ, as a problem."""
    first = told[0]
    for options, again in zip(ATTEMPTS[1:], told[1:], strict=True):
        hold = options.get("hold")
        pairs = _lanes(first, again) if hold else [("", first.events, again.events)]
        for lane, a, b in pairs:
            found = _first_difference(a, b)
            if found is None:
                continue
            event, name, x, y = found
            where = f", in lane {lane}, {_ORDER[hold]}" if hold else ""
            return Problem(
                "unstable",
                lesson.file("app.py" if event and event.line else "lesson.py"),
                (event.line if event else None) or scenario.line,
                f"two recordings of `{scenario.name}` differ in `{name}`{where}",
                _TODO_ORDER if hold else _TODO,
                expected=x,
                ran=y,
                lesson=lesson.id,
                scenario=scenario.name,
            )
    return None


_Lane = tuple[str, Sequence[Event], Sequence[Event]]


def _lanes(first: Trace, again: Trace) -> Iterator[_Lane]:
    """The lanes in which two recordings differ, those of one kind and function beside each other."""
    ours, theirs = traces.lanes(first), traces.lanes(again)
    if ours == theirs:
        return

    def unmatched(mine: traces.Lanes, others: traces.Lanes) -> dict[tuple[str, str], list[Any]]:
        left = list(others.values())
        groups: dict[tuple[str, str], list[Any]] = {}
        for name, events in mine.items():
            if events in left:
                left.remove(events)
                continue
            function = next((e.function for e in events if e.function), "") or ""
            groups.setdefault((name.rpartition(".")[0], function), []).append((name, events))
        return groups

    here, there = unmatched(ours, theirs), unmatched(theirs, ours)
    # What the app did comes before what others saw of it.
    nearest = ("worker", "loop", "wire", "client")
    for key in sorted({*here, *there}, key=lambda k: (nearest.index(k[0].split()[-1]), k)):
        for a, b in zip_longest(here.get(key, []), there.get(key, [])):
            yield (a or b)[0], a[1] if a else (), b[1] if b else ()


_FIELDS = tuple(
    name
    for name, info in Event.model_fields.items()
    if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("x-compared")
)


def _first_difference(
    a: Sequence[Event], b: Sequence[Event]
) -> tuple[Event | None, str, str, str] | None:
    """Where two lists of events differ first: the event, the field, and both values."""
    for x, y in zip(a, b, strict=False):
        for name in _FIELDS:
            one, other = getattr(x, name), getattr(y, name)
            if one == other:
                continue
            if isinstance(one, dict) and isinstance(other, dict):
                inner = next(k for k in [*one, *other] if one.get(k) != other.get(k))
                return x, f"{name}.{inner}", str(one.get(inner)), str(other.get(inner))
            return x, name, str(one), str(other)
    if len(a) != len(b):
        extra = max(a, b, key=len)[min(len(a), len(b))]
        return extra, "events", str(len(a)), str(len(b))
    return None


def _judged(
    lessons: Sequence[Lesson],
    plain: dict[Place, Trace],
    held: dict[Place, Trace],
    wrong: set[Place],
    children: Runs,
    hold: str,
) -> Iterator[Problem]:
    """Statements that are proved, and not where threads go in another order.

    Args:
        lessons: whose statements.
        plain: traces as they are recorded plainly.
        held: those with threads in another order.
        wrong: scenarios of which it is known already that they are not stable.
        children: run the proofs.
        hold: in which.
    """
    moved = [
        lesson
        for lesson in lessons
        if not any((lesson.id, s.name) in wrong for s in lesson.scenarios)
        and any(
            lines_of(plain[place]) != lines_of(held[place])
            for s in lesson.scenarios
            if (place := (lesson.id, s.name)) in plain and place in held
        )
    ]
    if not moved:
        return
    here = court.judge(moved, plain, Cache(None), children)
    there = court.judge(moved, held, Cache(None), children)
    for lesson in moved:
        for statement in lesson.statements:
            verdict = there[lesson.id].get(statement.name)
            if (
                _proved(here[lesson.id].get(statement.name))
                and verdict is not None
                and not _proved(verdict)
            ):
                yield Problem(
                    "unstable",
                    lesson.file("lesson.py"),
                    verdict.line or statement.line,
                    f"`{statement.name}` is proved, and does not hold {_ORDER[hold]}",
                    "It speaks of an order between threads, which is for the operating system to "
                    "say: say something else, or make the threads wait for each other.",
                    expected="it is proved whatever the order",
                    ran=verdict.message,
                    lesson=lesson.id,
                    scenario=statement.on[0],
                    statement=statement.name,
                )


def _proved(verdict: Verdict | None) -> bool:
    return verdict is not None and verdict.outcome == "proved"
