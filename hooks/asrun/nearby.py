"""Where in the runs a failed assertion was: the steps that it was about, and those beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from asrun import accepted
from asrun.model import Cite, Event, Lesson, Near, NearStep, Trace
from asrun.recording import FORMATS, Recording, event_line
from asrun.story import Step


class StepsOf(Protocol):
    """How a trace reads in steps; injected, since telling is another stage's business."""

    def __call__(
        self, lesson: Lesson, told: Trace, cited: frozenset[int] = frozenset(), /
    ) -> Sequence[Step]:
        """Tell a trace of a lesson, of which the page cites some events."""


MOST = 6
"""Steps that are shown with their neighbours, of one run."""


def places(
    lesson: Lesson,
    touched: Sequence[Cite],
    traces: Mapping[str, Trace],
    cited: Mapping[str, frozenset[int]],
    steps_of: StepsOf,
) -> tuple[Near, ...]:
    """Show where the runs are that an assertion was about.

    Args:
        lesson: the lesson.
        touched: the events that the assertion was about.
        traces: the runs as they are now, by scenario.
        cited: by scenario the events that make steps of their own, since the page cites them.
        steps_of: how a trace reads in steps.

    Returns:
        For each run its part as it is now; then as it was accepted, where that differs.
    """
    found: list[Near] = []
    for name in dict.fromkeys(cite.scenario for cite in touched):
        trace = traces.get(name)
        seqs = {cite.seq for cite in touched if cite.scenario == name and cite.seq}
        if trace is None or not seqs:
            continue
        own = cited.get(name, frozenset())
        steps = steps_of(lesson, trace, own)
        now = list(_around(steps, seqs))
        recording = _accepted(lesson, name, trace.versions.fastapi)
        if recording is None:
            found.append(_near(trace, now, seqs))
            continue
        old = recording.trace
        twins = _twins(trace.events, old.events)
        old_seqs = {twins[seq] for seq in seqs if seq in twins}
        told = steps_of(lesson, old, frozenset(twins[seq] for seq in own if seq in twins))
        then = list(_around(told, old_seqs))
        same = _compared(now, trace) == _compared(then, old)
        found.append(_near(trace, now, seqs, same=same))
        if not same:
            found.append(_near(old, then, old_seqs, on=recording.versions.fastapi))
    return tuple(found)


def _accepted(lesson: Lesson, scenario: str, version: str) -> Recording | None:
    """What was accepted for a release, where it can be read as a run."""
    kept, _ = accepted.read(accepted.folder(lesson, scenario))
    mine = accepted.for_version(kept, version)
    if mine is None or mine.recording.format not in FORMATS or not mine.recording.lines:
        return None
    return mine.recording


def _around(steps: Sequence[Step], seqs: set[int]) -> Iterator[Step]:
    """The steps that hold events, with their neighbours; a gap of one step is no gap."""
    held = [i for i, step in enumerate(steps) if any(e.seq in seqs for e in step.events)][:MOST]
    beside = 2 if len(held) == 1 else 1
    wanted = {i for at in held for i in range(at - beside, at + beside + 1)}
    wanted |= {i for i in range(len(steps)) if {i - 1, i + 1} <= wanted}
    return (step for i, step in enumerate(steps) if i in wanted)


def _twins(new: Sequence[Event], old: Sequence[Event]) -> dict[int, int]:
    """For events of one run those of another that are the same moment.

    It is the same by what happens, and which time; else by what state it brings about.
    """

    def by_place(event: Event) -> object:
        return event.request, event.frame_key, event.kind, event.text, event.asgi

    def by_state(event: Event) -> object:
        return event.request, tuple(event.states.items()) or event.seq

    found: dict[int, int] = {}
    for named in (by_state, by_place):
        there = dict(_numbered(old, named))
        found |= {seq: there[what] for what, seq in _numbered(new, named) if what in there}
    return found


def _numbered(
    events: Sequence[Event], named: Callable[[Event], object]
) -> Iterator[tuple[tuple[object, int], int]]:
    """Each event's name with how often it has been there, and its number."""
    seen: Counter[object] = Counter()
    for event in events:
        seen[named(event)] += 1
        yield (named(event), seen[named(event)]), event.seq


def _compared(steps: Sequence[Step], trace: Trace) -> list[tuple[str, list[str]]]:
    return [(s.key, [event_line(trace.events[e.seq - 1]) for e in s.events]) for s in steps]


def _near(
    trace: Trace, steps: Sequence[Step], seqs: set[int], *, on: str = "", same: bool | None = None
) -> Near:
    told = (
        NearStep(
            n=step.n,
            lane=step.lane_label,
            text=step.action,
            line=step.line,
            events=tuple(e.seq for e in step.events if e.seq in seqs),
        )
        for step in steps
    )
    return Near(trace.scenario, trace.title, tuple(told), on, same)
