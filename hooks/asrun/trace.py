"""From raw events to a stable trace, by named normalisers.

A raw event depends on scheduling: serials of tasks and threads, how often an `await` had to wait,
which lines an interpreter reports. Each normaliser takes care of one such dependence, and
`stabilise(..., watch=...)` tells what each of them changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from asrun.model import Event, Lesson, Scenario, Trace, Versions

RawEvent = dict[str, Any]
Normaliser = Callable[[list[RawEvent]], list[RawEvent]]

_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def addresses(events: list[RawEvent]) -> list[RawEvent]:
    """Hide addresses that a text holds: `<Token at 0x7f…>`."""

    def hidden(value: Any) -> Any:
        if isinstance(value, str):
            return _ADDRESS.sub("0x…", value) if "0x" in value else value
        if isinstance(value, list):
            return [hidden(v) for v in value]
        if isinstance(value, dict):
            return {k: hidden(v) for k, v in value.items()}
        return value

    fields = ("detail", "names", "shown")
    return [e | {f: hidden(e[f]) for f in fields if e.get(f)} for e in events]


def silent_lines(events: list[RawEvent]) -> list[RawEvent]:
    """Drop lines that do nothing by themselves: `try:`, `pass`, an `except` being matched."""
    return [e for e in events if not (e["kind"] == "line" and e.get("silent"))]


def repeated_lines(events: list[RawEvent]) -> list[RawEvent]:
    """Drop a line that repeats the statement its frame is in: a statement over several lines."""
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


def silent_closes(events: list[RawEvent]) -> list[RawEvent]:
    """Drop `close` of a generator or coroutine in which no code waits for it.

    CPython 3.13 ends such a frame without running it; older ones raise GeneratorExit in it.
    """
    drop: set[int] = set()
    last: dict[int, int] = {}
    for i, event in enumerate(events):
        frame = event.get("frame")
        if frame is None:
            continue
        if event["kind"] == "unwind" and event.get("closing"):
            before = last.get(frame)
            if before is not None and events[before]["kind"] == "throw":
                drop |= {before, i}
        last[frame] = i
    return [e for i, e in enumerate(events) if i not in drop]


def outer_waits(events: list[RawEvent]) -> list[RawEvent]:
    """Keep, of a suspended call stack, the frame that waits: its callers wait with it.

    Where the wait ends by an exception, its callers are told to go on after it has passed through
    the frame: they, too, were told of no wait.
    """
    drop: set[int] = set()
    waits_with: set[Any] = set()
    previous: dict[Any, tuple[int, RawEvent]] = {}
    for i, event in enumerate(events):
        if event["lane"] not in ("loop", "worker"):
            continue
        actor = (event["lane"], event["unit"])
        before = previous.get(actor)
        frame = event.get("frame")
        if before is not None:
            j, earlier = before
            if event["kind"] == "wait" and earlier["kind"] == "wait":
                drop.add(i)
                waits_with.add(frame)
                continue  # the innermost stays the one to compare with
            if _goes_on(event) and _goes_on(earlier) and frame != earlier["frame"]:
                drop.add(j)
        if _goes_on(event) and frame in waits_with:
            waits_with.discard(frame)
            drop.add(i)
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
    if all(
        e["lane"] == "wire" and e["kind"] in ("scope", "receive", "send", "done") for e in outside
    ):
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
    """Number tasks within their request, and worker threads, in the order of being seen."""
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
    addresses,
    silent_lines,
    repeated_lines,
    silent_closes,
    outer_waits,
    waits,
    quiet_lifespan,
    frame_numbers,
    unit_numbers,
)
"""In the order in which they run."""


def _goes_on(event: RawEvent) -> bool:
    return bool(event["kind"] == "resume" and event["detail"]["after"] == "await")


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


Lanes = dict[str, tuple[Event, ...]]
"""Lane, as in `r1 loop.2`, to what happens on it."""


def lanes(told: Trace) -> Lanes:
    """A trace lane by lane: what is the same in whatever order worker threads end their work.

    Which of two threads ends first is for the operating system to say, so two recordings of
    concurrent work are compared lane by lane: each request's client, wire and tasks, and each
    function that runs in a worker thread. What falls between a wait and its end is of other lanes.
    Numbers that say only which came first (of frames of one
    function, of objects of one type, of tasks and threads) are given anew within each lane.
    """
    groups: dict[tuple[Any, ...], list[Event]] = {}
    for event in told.events:
        who = event.frame_key if event.lane == "worker" else event.unit
        groups.setdefault((event.request, event.lane, who), []).append(event)
    told_apart: dict[tuple[Any, str], list[tuple[str, tuple[Event, ...]]]] = {}
    for (request, lane, _), events in groups.items():
        alone = _renumbered(_waiting_alone(events))
        content = "\n".join(e.model_dump_json() for e in alone)
        told_apart.setdefault((request, lane), []).append((content, alone))
    result: Lanes = {}
    for (request, lane), found in told_apart.items():
        name = f"r{request} {lane}" if request is not None else lane
        for n, (_, alone) in enumerate(sorted(found, key=lambda f: f[0]), 1):
            result[f"{name}.{n}"] = alone
    return dict(sorted(result.items()))


def _waiting_alone(events: Sequence[Event]) -> list[Event]:
    """A lane without the resumes that are told only since another lane's events fell between."""
    kept: list[Event] = []
    for event in events:
        if (
            event.kind == "resume"
            and event.detail.get("after") == "await"
            and kept
            and kept[-1].kind == "wait"
            and kept[-1].frame_key == event.frame_key
        ):
            continue
        kept.append(event)
    return kept


_REFERENCE = re.compile(r"\b([A-Za-z_]\w*)#(\d+)\b")


def _renumbered(events: Sequence[Event]) -> tuple[Event, ...]:
    objects: dict[str, str] = {}
    frames: dict[tuple[str | None, int], int] = {}

    def again(match: re.Match[str]) -> str:
        if match[0] not in objects:
            same_type = sum(o.rpartition("#")[0] == match[1] for o in objects)
            objects[match[0]] = f"{match[1]}#{same_type + 1}"
        return objects[match[0]]

    def renamed(value: Any) -> Any:
        if isinstance(value, str):
            return _REFERENCE.sub(again, value) if "#" in value else value
        if isinstance(value, list):
            return [renamed(v) for v in value]
        if isinstance(value, dict):
            return {renamed(k): renamed(v) for k, v in value.items()}
        return value

    made = []
    for seq, event in enumerate(events, 1):
        frame = event.frame
        if frame is not None:
            frame = frames.setdefault(
                (event.function, frame), 1 + sum(f[0] == event.function for f in frames)
            )
        values = {name: renamed(getattr(event, name)) for name in ("detail", "names", "states")}
        made.append(
            event.model_copy(update={"seq": seq, "unit": 0, "frame": frame, "shown": {}, **values})
        )
    return tuple(made)
