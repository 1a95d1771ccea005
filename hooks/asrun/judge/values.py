"""Other runs that could have been: one recorded run with a value, a place or a state replaced.

A replaced value is replaced wherever it has to be the same: a status for the client, too; an
exception in all of its frame; a place for all that runs until the frame is suspended. What the
scenario itself put in, and what a statement spells out, is never replaced.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from asrun.judge.guarantees import Order
from asrun.judge.log import Read, Replayed
from asrun.judge.messages import (
    other_body,
    other_header,
    other_pieces,
    same_message,
    same_response,
    with_key,
)
from asrun.judge.replay import Event, frame_key, replay
from asrun.judge.worlds import Events

STATUSES = (200, 404, 500)
OTHER = "something else"


def other_values(old: Any, known: Iterable[Any]) -> list[Any]:
    """Values that could stand where `old` stands: those known of the same type, and unknown ones.

    Args:
        old: the value that was read.
        known: values that the proof names or reads elsewhere.
    """
    values: list[Any] = [v for v in known if type(v) is type(old)]
    if isinstance(old, bool):
        values.append(not old)
    elif isinstance(old, int):
        values += [old + 1, old - 1, 0]
    elif isinstance(old, str):
        values += [OTHER, ""]
    elif old is not None:
        return [OTHER]
    else:
        values += [v for v in known if isinstance(v, str)] + [OTHER]
    return [v for v in dict.fromkeys(values) if v != old]


# ------------------------------------------------------------------ what was read from a moment


def replaced(order: Order, read: Read, known: Sequence[Any]) -> Iterator[tuple[Any, Events]]:
    """Each value that could have been read instead, with the run in which it would be.

    Args:
        order: the recorded run.
        read: what was read, where.
        known: values that the proof names or reads elsewhere.
    """
    event = order.events[read.place]
    kind, _, name = read.field.partition(":")
    if event["kind"] in {"request", "scope", "left"} or _by_client(event):
        return  # what the scenario put in
    match kind:
        case "lane" | "unit" | "thread":
            yield from _elsewhere(order, read, known)
        case "function" if frame_key(event) is not None:
            for value in other_values(event["function"], known):
                yield value, _renamed(order, read.place, value or OTHER)
        case "request" if frame_key(event) is not None:
            yield from _of_another_request(order, read.place)
        case "header" | "headers":
            yield from _headers(order, read, name, known)
        case "shown":
            for value in other_values(read.value, known):
                yield value, with_key(order, {read.place}, "shown", name, value)
        case "detail":
            yield from _detail(order, read, name, known)


def _by_client(event: Event) -> bool:
    """Whether it is a message of the client, sent or received."""
    return event.get("detail", {}).get("by") == "client" or event.get("asgi") == "websocket.receive"


def _detail(
    order: Order, read: Read, name: str, known: Sequence[Any]
) -> Iterator[tuple[Any, Events]]:
    event = order.events[read.place]
    values = other_values(read.value, known)
    match name:
        case "status" if event["lane"] in {"client", "wire"}:
            same = same_response(order, read.place)
            for value in dict.fromkeys([*(s for s in STATUSES if s != read.value), *values]):
                yield value, with_key(order, same, "detail", name, value)
        case "body" if event["lane"] in {"client", "wire"}:
            for value in values:
                yield value, other_body(order, read.place, value)
        case "more_body":
            yield not read.value, other_pieces(order, read.place)
        case "exception" if frame_key(event) is not None:
            if not _spelt(order, read.place, str(read.value)):
                for value in values:
                    yield (
                        value,
                        with_key(order, _same_exception(order, read.place), "detail", name, value),
                    )
        case "value" if frame_key(event) is not None:
            if not _literal_after(event.get("text"), ("return", "yield")):
                for value in values:
                    yield value, _other_value(order, read.place, value)
        case "text" if _prints_that(order, read.place, str(read.value)):
            return
        case "text" | "bytes" | "code" if event["lane"] in {"client", "wire"}:
            for value in values:
                yield value, with_key(order, same_message(order, read.place), "detail", name, value)
        case "after" | "probe" | "phase" | "by":
            return
        case _:
            for value in values:
                yield value, with_key(order, {read.place}, "detail", name, value)


def _headers(
    order: Order, read: Read, name: str, known: Sequence[Any]
) -> Iterator[tuple[Any, Events]]:
    """Runs in which a header is not there, or is another."""
    if not name:
        yield "none", other_header(order, read.place, "", None)
        return
    for value in other_values(read.value, known):
        yield value, other_header(order, read.place, name, value)
    if read.value is not None:
        yield "nothing", other_header(order, read.place, name, None)


# ------------------------------------------------------------------ frames and where they run


def _segment(order: Order, place: int) -> list[int]:
    """What a frame, with those it calls by name, does from one yield to the next."""
    key = frame_key(order.events[place])
    if key is None:
        return [place]
    root = order.root(key)
    segment: list[int] = []
    for at in order.places(order.family(root)):
        segment.append(at)
        if order.events[at]["kind"] == "yield" and frame_key(order.events[at]) == root:
            if at >= place:
                break
            segment = []
    return segment


def _elsewhere(order: Order, read: Read, known: Sequence[Any]) -> Iterator[tuple[Any, Events]]:
    """Runs in which that part of the frame runs in another lane, task or thread."""
    event = order.events[read.place]
    if event["lane"] not in {"loop", "worker"}:
        return
    segment = set(_segment(order, read.place))
    lane, unit = event["lane"], event.get("unit", 0)
    other = "worker" if lane == "loop" else "loop"
    units = sorted({e.get("unit", 0) for e in order.events if e["lane"] == lane})
    fresh = max(units, default=0) + 1
    places = [(lane, u) for u in [*units, fresh] if u != unit]
    there = sorted({e.get("unit", 0) for e in order.events if e["lane"] == other}) or [1]
    places += [(other, u) for u in there]
    if read.field == "lane":
        places = [(other, there[0])]
    for new_lane, new_unit in places:
        told = (
            f"worker thread {new_unit}"
            if new_lane == "worker"
            else f"task {new_unit} of the event loop"
        )
        yield (
            told,
            [
                {**e, "lane": new_lane, "unit": new_unit} if at in segment else e
                for at, e in enumerate(order.events)
            ],
        )


def _renamed(order: Order, place: int, function: str) -> Events:
    """The run in which the frame is another function's, unless a statement calls it by name."""
    key = frame_key(order.events[place])
    if key is None or key in order.parents:
        return []
    return [
        {**e, "function": function, "frame": 99} if frame_key(e) == key else e for e in order.events
    ]


def _of_another_request(order: Order, place: int) -> Iterator[tuple[Any, Events]]:
    """Runs in which the frame, with those it calls by name, works for another request."""
    key = frame_key(order.events[place])
    if key is None:
        return
    family = set(order.family(order.root(key)))
    for request in sorted({e.get("request") for e in order.events} - {key[0]}, key=str):
        yield (
            f"request {request}",
            [
                {**e, "request": request, "frame": 90 + e["frame"]} if frame_key(e) in family else e
                for e in order.events
            ],
        )


def _same_exception(order: Order, place: int) -> set[int]:
    """The events of the frame, and of those in its family, that tell of the same exception."""
    event = order.events[place]
    key = frame_key(event)
    name = event["detail"]["exception"]
    family = set(order.family(order.root(key))) if key else set()
    return {
        at
        for at, e in enumerate(order.events)
        if frame_key(e) in family and e.get("detail", {}).get("exception") == name
    } | {place}


def _spelt(order: Order, place: int, exception: str) -> bool:
    """Whether the frame has a statement that raises this exception by name."""
    key = frame_key(order.events[place])
    return key is not None and any(
        re.match(rf"raise\s+(\w+\.)*{re.escape(exception)}\b", order.events[p].get("text") or "")
        for k in order.family(order.root(key))
        for p in order.frames[k]
    )


# ------------------------------------------------------------------ values and states


def _literal_after(statement: str | None, keywords: Sequence[str]) -> bool:
    """Whether a statement is one of the keywords and a literal: `return 5`, `yield "a"`."""
    for keyword in keywords:
        if statement and re.match(rf"{keyword}\b", statement):
            return _is_literal(statement[len(keyword) :].strip() or "None")
    return False


def _is_literal(source: str) -> bool:
    try:
        ast.literal_eval(source)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True


def _assigns_literal(statement: str | None, name: str) -> bool:
    found = re.match(rf"{re.escape(name)}\s*(?::[^=]+)?=(?!=)(.*)", statement or "")
    return found is not None and _is_literal(found.group(1).strip())


def _prints_that(order: Order, place: int, text: str) -> bool:
    """Whether what was printed is spelt out by the statement that printed it."""
    statement = order.printed.get(place)
    return statement is not None and text in (order.events[statement].get("text") or "")


def _other_value(order: Order, place: int, value: str) -> Events:
    """The run in which a function yields or returns another value, as do the names that hold it."""
    old = order.events[place]["detail"]["value"]
    made = with_key(order, {place}, "detail", "value", value)
    named = _named(order.events[place])
    key = frame_key(order.events[place])
    held = replay(order.events, place).variables.get(key, {}).get(named) if key and named else None
    if held is not None:
        made = _put(made, held.setter, "names", named, value)
    got = _got_by_caller(order, place)
    if got is not None:
        for name, current in order.events[got]["names"].items():
            if current == old:
                made = _put(made, got, "names", name, value)
    return made


def _named(event: Event) -> str:
    """The name that a statement yields or returns: `yield db`; "" where it is something else."""
    found = re.fullmatch(r"(?:return|yield)\s+([A-Za-z_]\w*)", event.get("text") or "")
    return found.group(1) if found else ""


def _got_by_caller(order: Order, place: int) -> int | None:
    """Where the caller sets a name to what a function that it called by name returned."""
    key = frame_key(order.events[place])
    if key not in order.parents or order.events[place]["kind"] != "return":
        return None
    after = (p for p in order.frames[order.parents[key]] if p > place)
    following = next(after, None)
    return following if following and order.events[following]["kind"] == "set" else None


def _passed_by_caller(order: Order, place: int, value: str) -> bool:
    """Whether an argument is a name of the caller, which calls this function by name with it."""
    key = frame_key(order.events[place])
    if key not in order.parents or order.events[place]["kind"] != "call":
        return False
    parent = order.parents[key]
    statement = max(p for p in order.frames[parent] if p < place)
    text = order.events[statement].get("text") or ""
    names = replay(order.events, place).variables.get(parent, {})
    return any(h.value == value and re.search(rf"\b{n}\b", text) for n, h in names.items())


def replayed(
    order: Order, asked: Replayed, known: Sequence[str]
) -> Iterator[tuple[str, set[int], Events]]:
    """Each state or value that could have been so after a moment.

    Gives the value, the places of the events that differ, and the run.

    Args:
        order: the recorded run.
        asked: what was asked, after which moment.
        known: states or values that the proof names or reads elsewhere, and the lesson's states.
    """
    if asked.what == "state":
        for state in other_values(asked.value, known):
            yield (
                state,
                {asked.place},
                _put(order.events, asked.place, "states", asked.subject, state),
            )
            if asked.setter is not None and asked.setter != asked.place:
                places = {asked.place, asked.setter}
                yield (
                    state,
                    places,
                    _put(order.events, asked.setter, "states", asked.subject, state),
                )
    elif asked.what == "value" and asked.setter is not None:
        setter = order.events[asked.setter]
        if _assigns_literal(setter.get("text"), asked.subject):
            return
        if _passed_by_caller(order, asked.setter, asked.value):
            return
        for value in other_values(asked.value, known):
            made = _put(order.events, asked.setter, "names", asked.subject, value)
            yield value, {asked.place, asked.setter}, _lent(made, order, asked, value)


def _put(events: Sequence[Event], place: int, field: str, name: str, value: str) -> Events:
    return [
        {**e, field: {**e.get(field, {}), name: value}} if at == place else e
        for at, e in enumerate(events)
    ]


def _lent(made: Events, order: Order, asked: Replayed, value: str) -> Events:
    """The run in which what gives the name its value, or is given by it, is that value, too."""
    for at, event in enumerate(order.events):
        if (
            event["kind"] not in {"yield", "return"}
            or event.get("detail", {}).get("value") != asked.value
        ):
            continue
        given = frame_key(event) == asked.frame and _named(event) == asked.subject
        if given or _got_by_caller(order, at) == asked.setter:
            made[at] = {**event, "detail": {**event["detail"], "value": value}}
    for child, parent in order.parents.items():
        call = order.frames[child][0]
        if parent == asked.frame and _passed_by_caller(order, call, asked.value):
            for name, current in order.events[call].get("names", {}).items():
                if current == asked.value:
                    made = _put(made, call, "names", name, value)
    return made
