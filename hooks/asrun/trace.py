"""From raw events to a stable trace, by named normalisers.

A raw event depends on scheduling: serials of tasks and threads, how often an `await` had to wait,
which lines an interpreter reports. Each normaliser takes care of one such dependence, and
`stabilise(..., watch=...)` tells what each of them changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from asrun.model import Event, Lesson, Scenario, Trace, Versions

RawEvent = dict[str, Any]
Normaliser = Callable[[list[RawEvent]], list[RawEvent]]


def silent_lines(events: list[RawEvent]) -> list[RawEvent]:
    """Drop lines that do nothing by themselves (`try:`, `pass`, an `except` that is being matched)."""
    return [e for e in events if not (e["kind"] == "line" and e.get("silent"))]


def repeated_lines(events: list[RawEvent]) -> list[RawEvent]:
    """Drop a line event that repeats the statement its frame is in: a statement over several lines."""
    kept: list[RawEvent] = []
    last: dict[int, Any] = {}
    for event in events:
        frame = event.get("frame")
        if event["kind"] == "line" and frame is not None:
            if last.get(frame) == event["line"]:
                continue
            last[frame] = event["line"]
        kept.append(event)
    return kept


def outer_waits(events: list[RawEvent]) -> list[RawEvent]:
    """Keep, of a suspended call stack, the frame that waits: its callers wait with it."""
    drop: set[int] = set()
    previous: dict[Any, tuple[int, RawEvent]] = {}
    for i, event in enumerate(events):
        if event["lane"] not in ("loop", "worker"):
            continue
        actor = (event["lane"], event["unit"])
        before = previous.get(actor)
        if before is not None:
            j, earlier = before
            if event["kind"] == "wait" and earlier["kind"] == "wait":
                drop.add(i)
                continue  # the innermost stays the one to compare with
            if _goes_on(event) and _goes_on(earlier) and event["frame"] != earlier["frame"]:
                drop.add(j)
        previous[actor] = (i, event)
    return [e for i, e in enumerate(events) if i not in drop]


def waits(events: list[RawEvent]) -> list[RawEvent]:
    """Make the waits and resumes of one statement one waiting.

    How often a statement waits depends on scheduling. Where something else of the request
    happens meanwhile, the first wait and the last resume stay, around it; else the wait alone.
    """
    drop: set[int] = set()
    frames: dict[int, list[int]] = {}
    for i, event in enumerate(events):
        if event.get("frame") is not None:
            frames.setdefault(event["frame"], []).append(i)
    for indices in frames.values():
        start = 0
        while start < len(indices):
            if events[indices[start]]["kind"] != "wait":
                start += 1
                continue
            end = start
            while end + 1 < len(indices) and (
                events[indices[end + 1]]["kind"] == "wait" or _goes_on(events[indices[end + 1]])
            ):
                end += 1
            run = indices[start : end + 1]
            first, last = run[0], run[-1]
            request = events[first]["request"]
            foreign = any(
                i not in run and events[i]["request"] == request for i in range(first + 1, last)
            )
            drop.update(run[1:-1])
            if not foreign and last != first and _goes_on(events[last]):
                drop.add(last)
            start = end + 1
    return [e for i, e in enumerate(events) if i not in drop]


def quiet_lifespan(events: list[RawEvent]) -> list[RawEvent]:
    """Drop startup and shutdown where nothing of the app's own happens in them."""
    outside = [e for e in events if e["request"] is None]
    if all(e["lane"] == "wire" and e["kind"] in ("scope", "receive", "send", "done") for e in outside):
        return [e for e in events if e["request"] is not None]
    return events


def frame_numbers(events: list[RawEvent]) -> list[RawEvent]:
    """Number a frame by its function and request: its first activation, its second."""
    numbers: dict[int, int] = {}
    counts: dict[tuple[Any, str], int] = {}
    result = []
    for event in events:
        serial = event.get("frame")
        if serial is None:
            result.append(event)
            continue
        if serial not in numbers:
            key = (event["request"], event["function"])
            numbers[serial] = counts[key] = counts.get(key, 0) + 1
        result.append({**event, "frame": numbers[serial]})
    return result


def unit_numbers(events: list[RawEvent]) -> list[RawEvent]:
    """Number tasks within their request, and worker threads, in the order in which they are seen."""
    numbers: dict[Any, int] = {}
    counts: dict[Any, int] = {}
    result = []
    for event in events:
        if event["lane"] not in ("loop", "worker") or not event["unit"]:
            result.append(event)
            continue
        group = (event["lane"], event["request"] if event["lane"] == "loop" else None)
        key = (*group, event["unit"])
        if key not in numbers:
            numbers[key] = counts[group] = counts.get(group, 0) + 1
        result.append({**event, "unit": numbers[key]})
    return result


NORMALISERS: tuple[Normaliser, ...] = (
    silent_lines,
    repeated_lines,
    outer_waits,
    waits,
    quiet_lifespan,
    frame_numbers,
    unit_numbers,
)
"""In the order in which they run."""


def _goes_on(event: RawEvent) -> bool:
    return event["kind"] == "resume" and event["detail"]["after"] == "await"


def stabilise(
    lesson: Lesson,
    scenario: Scenario,
    raw: Sequence[RawEvent],
    versions: dict[str, str],
    watch: Callable[[str, list[RawEvent], list[RawEvent]], None] | None = None,
) -> Trace:
    """Make the trace of one scenario.

    Args:
        lesson: the lesson.
        scenario: one of its scenarios.
        raw: the recorder's events, in order.
        versions: what they were recorded on.
        watch: is told each normaliser's name, and the events before and after it.
    """
    events = list(raw)
    for normalise in NORMALISERS:
        after = normalise(events)
        if watch is not None:
            watch(normalise.__name__.replace("_", "-"), events, after)
        events = after
    fields = Event.model_fields
    made = []
    for seq, event in enumerate(events, 1):
        known = {k: v for k, v in event.items() if k in fields and v not in (None, {})}
        if "line" in known:
            known["file"] = "app.py"
        made.append(Event(seq=seq, **known))
    return Trace(
        lesson=lesson.id,
        scenario=scenario.name,
        title=scenario.title,
        versions=Versions(**versions),
        events=tuple(made),
    )
