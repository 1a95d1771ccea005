"""What each normaliser did on the way from a scenario's raw events to its trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from asrun import trace as traces
from asrun.model import Lesson, Scenario, Trace
from asrun.trace import RawEvent

_OWN = "raw"
"""The key under which a raw event carries its number through the normalisers."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one normaliser did to one raw event.

    Attributes:
        normaliser: its name, with hyphens.
        raw: the event's number among the raw events, from 1.
        field: which field it changed; "" where it took the event away.
        was, now: the field's values.
    """

    normaliser: str
    raw: int
    field: str = ""
    was: str = ""
    now: str = ""


@dataclass(frozen=True, slots=True)
class Normalised:
    """A scenario's trace, and how it came about.

    Attributes:
        lesson, scenario: what was recorded.
        raw: the recorder's events, in order.
        trace: what became of them.
        changes: what each normaliser did, in the order in which they run.
        numbers: for each event of the trace, in order, its number among the raw events.
    """

    lesson: Lesson
    scenario: Scenario
    raw: Sequence[RawEvent]
    trace: Trace
    changes: list[Change] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)


def normalise(
    lesson: Lesson, scenario: Scenario, raw: Sequence[RawEvent], versions: dict[str, str]
) -> Normalised:
    """Make the trace of one scenario, and note what each normaliser did.

    Args:
        lesson: the lesson.
        scenario: one of its scenarios.
        raw: the recorder's events, in order.
        versions: what they were recorded on.
    """
    changes: list[Change] = []
    numbers = list(range(1, len(raw) + 1))

    def watch(name: str, before: list[RawEvent], after: list[RawEvent]) -> None:
        changes.extend(_changes(name, before, after))
        numbers[:] = [e[_OWN] for e in after]

    numbered = [{**event, _OWN: n} for n, event in enumerate(raw, 1)]
    trace = traces.stabilise(lesson, scenario, numbered, versions, watch)
    return Normalised(lesson, scenario, raw, trace, changes, numbers)


def normalisers() -> tuple[str, ...]:
    """Their names, in the order in which they run."""
    return tuple(_name(normaliser) for normaliser in traces.NORMALISERS)


def raw_line(event: RawEvent) -> str:
    """A raw event on one line of text."""
    request = f"r{event['request']}" if event["request"] is not None else "-"
    who = f"{event['function']}#{event['frame']}" if event.get("function") else "-"
    parts = [f"{event['lane']}.{event['unit']}", request, who, event["kind"]]
    shown = ("line", "text", "asgi", "detail", "names", "states")
    parts += [f"{k}={event[k]!r}" for k in shown if event.get(k)]
    return " ".join(parts)


def _name(normaliser: Callable[..., Any]) -> str:
    return normaliser.__name__.replace("_", "-")


def _changes(name: str, before: list[RawEvent], after: list[RawEvent]) -> list[Change]:
    kept = {event[_OWN]: event for event in after}
    found = []
    for event in before:
        number = event[_OWN]
        if number not in kept:
            found.append(Change(name, number))
            continue
        now = kept[number]
        found += [
            Change(name, number, k, str(event.get(k)), str(now.get(k)))
            for k in now
            if now[k] is not event.get(k) and now[k] != event.get(k)
        ]
    return found
