"""Other runs that could have been: one recorded run with an event put in.

Made for queries that matched nothing: a proof says that something is not there. What is put in
comes with what it can't be without: a call before a return, a yield before a resume, a response's
start before its body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from asrun.judge.filters import SHORTHANDS, find, matches
from asrun.judge.guarantees import ENDS, SUSPENDS, Order
from asrun.judge.replay import Event, FrameKey, frame_key
from asrun.judge.words import Words, squeeze
from asrun.judge.worlds import Events

MAX_PLACES = 40
"""Places that are tried for one event, nearest to the bounds first."""

_LIVES = {
    "call": ("call", "return"),
    "line": ("call", "line", "return"),
    "set": ("call", "line", "set", "return"),
    "yield": ("call", "yield"),
    "wait": ("call", "wait", "return"),
    "resume": ("call", "yield", "resume", "return"),
    "throw": ("call", "yield", "throw", "unwind"),
    "return": ("call", "return"),
    "raise": ("call", "raise", "unwind"),
    "catch": ("call", "raise", "catch", "return"),
    "unwind": ("call", "raise", "unwind"),
}
"""The shortest life of a frame that has an event of that kind."""

_IN_PASSING = {
    "line": ("line",),
    "set": ("line", "set"),
    "wait": ("wait",),
    "yield": ("yield", "resume"),
    "resume": ("yield", "resume"),
    "throw": ("yield", "throw", "catch"),
    "raise": ("raise", "catch"),
    "catch": ("raise", "catch"),
}
"""What a frame that runs can do, and go on."""


def put_in(
    order: Order, filters: Mapping[str, Any], bounds: Mapping[str, int], words: Words
) -> Iterator[Events]:
    """The runs in which something fits a query that nothing fits.

    Args:
        order: the recorded run.
        filters: the query's filters, less its bounds.
        bounds: `before` and `after`: places of the moments that bound it.
        words: the lesson's words, to find the function of a statement.
    """
    marks = {name: order.events[place] for name, place in bounds.items()}
    for made in _tries(order, filters, bounds, words):
        if not order.allows(made):
            continue
        moved = {name: _where(made, mark) for name, mark in marks.items()}
        if all(p >= 0 for p in moved.values()) and find(made, filters, moved):
            yield made


def _where(events: Events, mark: Event) -> int:
    return next((at for at, event in enumerate(events) if event is mark), -1)


def _tries(
    order: Order, filters: Mapping[str, Any], bounds: Mapping[str, int], words: Words
) -> Iterator[Events]:
    kind = _kind(filters)
    if "state" in filters:
        yield from _with_state(order, filters, bounds)
    elif "name" in filters and kind != "call":
        yield from _in_frames(order, "set", filters, bounds, words)
    elif kind in _LIVES:
        yield from _in_frames(order, kind, filters, bounds, words)
    elif kind in {"done", "failed"}:
        yield from _other_end(order, kind, filters)
    elif kind == "message":
        yield from _arrivals(order, filters, bounds)
    elif kind in {"send", "receive"} or ("asgi" in filters and kind is None):
        yield from _messages(order, kind, filters, bounds)
    elif kind in {"probe", "print", "log", "warning", "unhandled"}:
        yield from _loose(order, kind, filters, bounds)
    elif kind is None and filters.keys() & {"exception", "function", "lane", "request"}:
        for guess in ("raise", "line"):
            yield from _in_frames(order, guess, filters, bounds, words)


def _kind(filters: Mapping[str, Any]) -> str | None:
    if "kind" in filters:
        return str(filters["kind"])
    for name, kind in SHORTHANDS.items():
        if name in filters:
            return kind
    if "line" in filters:
        return "line"
    return "probe" if "probe" in filters else "print" if "text" in filters else None


def _window(order: Order, bounds: Mapping[str, int]) -> list[int]:
    """Places after which an event can be put, so that it is within the bounds."""
    first = bounds.get("after", 0)
    last = bounds.get("before", len(order.events))
    window = list(range(first, last))
    if len(window) > MAX_PLACES:
        half = MAX_PLACES // 2
        window = window[:half] + window[-half:]
    # Next to the bound that is the claim: `before=sent` is about what is right before it.
    return window[::-1] if "before" in bounds else window


def _at(order: Order, place: int, events: Events) -> Events:
    return [*order.events[: place + 1], *events, *order.events[place + 1 :]]


# ------------------------------------------------------------------ in frames


def _in_frames(
    order: Order, kind: str, filters: Mapping[str, Any], bounds: Mapping[str, int], words: Words
) -> Iterator[Events]:
    """The event in a frame of the run that could have had it, else in a frame of its own."""
    named = next((filters[n] for n in ("function", *SHORTHANDS) if n in filters), None)
    functions = [named] if named else _functions_of(filters.get("line"), words)
    window = _window(order, bounds)
    for place in window:
        running = _running(order, place)
        if running is None or kind not in _IN_PASSING or named not in {None, running[1]}:
            continue
        if "line" not in filters or running[1] in functions:
            yield _at(order, place, _fill(order, running, _IN_PASSING[kind], kind, filters))
    yield from _other_frame_end(order, kind, named, filters)
    for place in window:
        request = filters.get("request", order.events[place].get("request"))
        for function in functions:
            key = (request, function, 1 + sum(k[:2] == (request, function) for k in order.frames))
            yield _at(order, place, _fill(order, key, _LIVES[kind], kind, filters))


def _functions_of(line: str | None, words: Words) -> list[str]:
    found = [
        function
        for function, lines in words.functions.items()
        if line is None or any(squeeze(text) == squeeze(line) for text in lines)
    ]
    return found or ["another_function"]


def _running(order: Order, place: int) -> FrameKey | None:
    """The frame that runs right after an event, where that event is one of its own."""
    event = order.events[place]
    return None if event["kind"] in SUSPENDS | ENDS else frame_key(event)


def _fill(
    order: Order, key: FrameKey, kinds: tuple[str, ...], wanted: str, filters: Mapping[str, Any]
) -> Events:
    """Events of a frame, of which the one of the wanted kind fits the filters."""
    own = [order.events[p] for p in order.frames.get(key, ())]
    like = own[0] if own else next((e for e in order.events if e.get("function") == key[1]), None)
    like = like or {"lane": "loop", "unit": 1}
    exception = filters.get("exception", "RuntimeError")
    made: Events = []
    for kind in kinds:
        event: Event = {
            "seq": 0,
            "kind": kind,
            "lane": filters.get("lane", like["lane"]),
            "unit": like.get("unit", 1),
            "request": key[0],
            "function": key[1],
            "frame": key[2],
            "text": filters.get("line", "..."),
            "detail": {},
        }
        if kind == "resume":
            event["detail"] = {"after": filters.get("at", "yield")}
        elif kind in {"yield", "return"}:
            event["detail"] = {"value": "None"}
        elif kind in {"raise", "throw", "catch", "unwind"}:
            event["detail"] = {"exception": exception}
        if kind == wanted and "name" in filters:
            event["names"] = {filters["name"]: "0"}
        made.append(event)
    if filters.get("at") == "await":
        for event in made:
            if event["kind"] == "yield":
                event["kind"] = "wait"
    return made


def _other_frame_end(
    order: Order, kind: str, named: str | None, filters: Mapping[str, Any]
) -> Iterator[Events]:
    """The runs in which a frame that returned raises, or the other way round."""
    swap = {"unwind": "return", "raise": "return", "return": "unwind", "throw": "resume"}
    old = swap.get(kind)
    for at, event in enumerate(order.events):
        if event["kind"] != old or (named is not None and event.get("function") != named):
            continue
        if old == "resume" and event["detail"].get("after") != "yield":
            continue
        detail: dict[str, Any] = {"exception": filters.get("exception", "RuntimeError")}
        if kind == "return":
            detail = {"value": "None"}
        new = {**event, "seq": 0, "kind": "unwind" if kind == "raise" else kind, "detail": detail}
        before = [{**new, "kind": "raise"}] if kind in {"raise", "unwind"} else []
        yield [*order.events[:at], *before, new, *order.events[at + 1 :]]


# ------------------------------------------------------------------ states, messages, the rest


def _with_state(
    order: Order, filters: Mapping[str, Any], bounds: Mapping[str, int]
) -> Iterator[Events]:
    """The runs in which a watched object is seen in that state at an event within the bounds."""
    state, of = filters["state"], filters.get("of")
    things = {thing for e in order.events for thing in e.get("states", {})}
    mine = sorted(t for t in things if of is None or t == of or t.partition("#")[0] == of)
    thing = mine[0] if mine else of if of and "#" in of else f"{of or 'Object'}#1"
    rest = {n: v for n, v in filters.items() if n not in {"state", "of"}}
    first, last = bounds.get("after", -1) + 1, bounds.get("before", len(order.events))
    for place in range(last - 1, first - 1, -1):
        event = order.events[place]
        if matches(event, rest):
            seen = {**event, "states": {**event.get("states", {}), thing: state}}
            yield [*order.events[:place], seen, *order.events[place + 1 :]]
    for place in _window(order, bounds):
        seen = {"seq": 0, "kind": "set", "lane": "loop", "unit": 1, "states": {thing: state}}
        seen |= {"detail": {}, "names": {}}
        seen["request"] = order.events[place].get("request")
        yield _at(order, place, [seen])


def _other_end(order: Order, kind: str, filters: Mapping[str, Any]) -> Iterator[Events]:
    """The runs in which the app's call raises instead of returning, or the other way round."""
    for at, event in enumerate(order.events):
        if event["kind"] in {"done", "failed"} - {kind}:
            detail = {"exception": filters.get("exception", "RuntimeError")}
            new = {**event, "kind": kind, "detail": detail if kind == "failed" else {}}
            yield [*order.events[:at], new, *order.events[at + 1 :]]


def _messages(
    order: Order, kind: str | None, filters: Mapping[str, Any], bounds: Mapping[str, int]
) -> Iterator[Events]:
    """The runs in which a message is sent or received."""
    asgi = filters.get("asgi", "http.response.body")
    received = kind == "receive" or (
        kind is None
        and asgi in {"http.request", "http.disconnect", "websocket.receive", "websocket.disconnect"}
    )
    detail: dict[str, Any] = {}
    if asgi == "http.response.start":
        detail = {"status": 200, "headers": []}
    elif asgi == "http.response.body":
        detail = {"body": "", "more_body": True}
    for place in _window(order, bounds):
        event = {
            "seq": 0,
            "kind": "receive" if received else "send",
            "lane": "wire",
            "request": filters.get("request", order.events[place].get("request")),
            "asgi": asgi,
            "detail": detail,
        }
        yield _at(order, place, [event])
        if asgi == "http.response.body":  # the whole response could have been sent, too
            start = {
                **event,
                "asgi": "http.response.start",
                "detail": {"status": 200, "headers": []},
            }
            yield _at(order, place, [start, {**event, "detail": {"body": "", "more_body": False}}])


def _arrivals(
    order: Order, filters: Mapping[str, Any], bounds: Mapping[str, int]
) -> Iterator[Events]:
    """The runs in which the client has a message of the app over a WebSocket."""
    text = filters.get("text", "something else")
    for place in _window(order, bounds):
        request = filters.get("request", order.events[place].get("request"))
        both: Event = {"seq": 0, "request": request}
        sent = both | {"kind": "send", "lane": "wire", "asgi": "websocket.send"}
        got = both | {"kind": "message", "lane": "client"}
        yield _at(
            order,
            place,
            [sent | {"detail": {"text": text}}, got | {"detail": {"by": "server", "text": text}}],
        )


def _loose(
    order: Order, kind: str, filters: Mapping[str, Any], bounds: Mapping[str, int]
) -> Iterator[Events]:
    """The runs with an event that belongs to no frame."""
    detail = {n: filters[n] for n in ("probe", "phase", "text", "exception") if n in filters}
    if kind == "probe":
        about = {"for": filters["about"]} if "about" in filters else {}
        detail = {"probe": "another_probe", "phase": "point", **about, **detail}
    elif kind in {"print", "log", "warning"}:
        detail = {"text": "", **detail}
    elif kind == "unhandled":
        detail = {"exception": "RuntimeError", **detail}
    for place in _window(order, bounds):
        yield _at(
            order,
            place,
            [
                {
                    "seq": 0,
                    "kind": kind,
                    "lane": filters.get("lane", "loop"),
                    "unit": 1,
                    "request": filters.get("request", order.events[place].get("request")),
                    "detail": detail,
                }
            ],
        )
