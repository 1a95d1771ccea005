"""Other runs that could have been: one recorded run with events moved, left out or repeated.

What ASGI and Python guarantee is kept: an event takes along what cannot be without it, or cannot
come after it. Where that leaves nothing to alter, there is no such run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asrun.judge.guarantees import ENDS, Order
from asrun.judge.replay import Event, FrameKey, body_follows, frame_key

Events = list[Event]

_ENDS_FLOW = ("return", "raise", "break", "continue")
_ONCE = {"http.response.start", "websocket.accept"}
"""Messages without which none of those that follow can be sent."""
_ARRIVES = {"websocket.send": "message", "websocket.close": "closed"}
"""What the client has of a message."""
_ARRIVES_BY = {
    "response": "http.response.start",
    "chunk": "http.response.body",
    "complete": "http.response.body",
    "message": "websocket.send",
    "closed": "websocket.close",
}
_REPEATABLE = {"http.request", "http.disconnect", "websocket.receive", "websocket.send"}


def possible(order: Order, events: Events | None) -> list[Events]:
    """The run by itself if it could be, else nothing."""
    return [events] if events is not None and order.allows(events) else []


# ------------------------------------------------------------------ moved


def reversed_pair(order: Order, first: int, second: int) -> list[Events]:
    """The runs in which `second` comes before `first`, with as little else moved as can be.

    Either `second` is moved up with all that must precede it, or `first` is moved down with all
    that must follow it. None where the order of the two is guaranteed.
    """
    if first == second or order.must_precede(first, second):
        return []
    between = range(first, second + 1)
    up = {*order.preceding(second, between), second}
    down = {first, *order.following(first, between)}
    orders = [
        [*sorted(up), *(p for p in between if p not in up)],
        [*(p for p in between if p not in down), *sorted(down)],
    ]
    if orders[0] == orders[1]:
        orders.pop()
    made = []
    for middle in orders:
        places = [*range(first), *middle, *range(second + 1, len(order.events))]
        made.extend(possible(order, [order.events[p] for p in places]))
    return made


# ------------------------------------------------------------------ left out


def without(order: Order, place: int) -> list[Events]:
    """The runs without one event, and without what can't be without it.

    Where a watched object changes in what is left out, there are two: it does not change, or it
    changes all the same, by something else.
    """
    gone = _goes_with(order, place)
    if not gone:
        return []
    changed = _changed_all_the_same(order, place, gone)
    made = [_kept(order, gone), *([] if changed is None else [changed])]
    return [events for one in made for events in possible(order, one)]


def without_all(order: Order, places: Iterable[int]) -> list[Events]:
    """The run without all of some events, and without what can't be without them."""
    each = [_goes_with(order, place) for place in places]
    return possible(order, _kept(order, set().union(*each))) if all(each) else []


def _kept(order: Order, gone: set[int]) -> Events:
    kept = [e for at, e in enumerate(order.events) if at not in gone]
    bodies = (order.events[p] for p in gone if order.events[p].get("asgi") == "http.response.body")
    for request in {body.get("request") for body in bodies}:
        kept = settled(kept, request, order.events)
    return kept


def _changed_all_the_same(order: Order, place: int, gone: set[int]) -> Events | None:
    """The run without some events, in which the states they brought come with the next ones."""
    made: Events = []
    carried: dict[str, str] = {}
    known: set[str] = set()
    moved = False
    for at, event in enumerate(order.events):
        states = event.get("states", {})
        if at in gone:
            if at != place:
                carried |= {thing: s for thing, s in states.items() if thing in known}
            continue
        new = event
        if carried:
            new, moved = {**event, "states": {**carried, **states}}, True
            carried = {}
        known.update(new.get("states", {}))
        made.append(new)
    return made if moved else None


def _goes_with(order: Order, place: int) -> set[int]:
    event = order.events[place]
    kind, key = event["kind"], frame_key(event)
    if key is not None:
        return _goes_with_in_frame(order, place, key)
    request = event.get("request")
    rest = [p for p in range(place, len(order.events)) if order.events[p].get("request") == request]
    match kind:
        case "send" if event.get("asgi") in _ONCE:
            return {
                p for p in rest if order.events[p]["kind"] == "send" or _of_server(order.events[p])
            }
        case "send" if event.get("asgi") == "http.response.body":
            chunk = _first(order, rest, "chunk")
            upto = _first(order, rest, "send", "http.response.body", beyond=place)
            gone = {place} | ({chunk} if chunk and (upto is None or chunk < upto) else set())
            if not body_follows(event):
                gone |= {p for p in rest if order.events[p]["kind"] == "complete"}
            return gone
        case "send" if event.get("asgi") in _ARRIVES:
            got = _first(order, rest, _ARRIVES[event["asgi"]], beyond=place)
            upto = _first(order, rest, "send", event["asgi"], beyond=place)
            return {place} | ({got} if got and (upto is None or got < upto) else set())
        case "message" | "closed" if event["detail"].get("by") == "client":
            return set()  # the scenario's own doing
        case "response" | "chunk" | "complete" | "message" | "closed":
            asgi = _ARRIVES_BY[kind]
            cause = next(
                (
                    p
                    for p in range(place, -1, -1)
                    if order.events[p].get("request") == request
                    and order.events[p].get("asgi") == asgi
                ),
                None,
            )
            return set() if cause is None else _goes_with(order, cause) | {place}
        case "receive":
            return {place} if event.get("asgi") in _REPEATABLE else set()
        case "probe":
            return {place, *_probe_pair(order, place)}
        case "scope" | "request" | "left" | "broken":
            return set()  # the scenario's own doing, and the server's
        case "print" if place in order.printed:
            return set(order.statement(order.printed[place]))
    return {place}


def _of_server(event: Event) -> bool:
    """Whether the client has this from the server."""
    by = event.get("detail", {}).get("by", "server")
    return event["kind"] in _ARRIVES_BY and by == "server"


def _goes_with_in_frame(order: Order, place: int, key: FrameKey) -> set[int]:
    own = order.frames[key]
    at = own.index(place)
    after = order.events[place].get("detail", {}).get("after")
    match order.events[place]["kind"]:
        case "call" if key in order.parents:
            caller = [p for p in order.frames[order.parents[key]] if p < place]
            return set(order.statement(caller[-1]))
        case "call":
            return set(order.places(order.family(key)))
        case "line" | "yield":
            return set(order.statement(place))
        case "throw":
            return _tail(order, key, place)
        case "resume" if after == "yield":
            return _tail(order, key, place)
        case "wait" | "resume":
            step = 1 if order.events[place]["kind"] == "wait" else -1
            other = own[at + step] if 0 <= at + step < len(own) else place
            kinds = {order.events[place]["kind"], order.events[other]["kind"]}
            return {place, other} if kinds == {"wait", "resume"} else {place}
        case "raise":
            end = own[at + 1] if at + 1 < len(own) else place
            return {place, end} if order.events[end]["kind"] in {"catch", "unwind"} else {place}
    return {place}


def _tail(order: Order, key: FrameKey, place: int) -> set[int]:
    """What a frame does from an event on, as if it had never been resumed."""
    return {p for p in order.places(order.family(key)) if p >= place}


def _first(
    order: Order, places: Iterable[int], kind: str, asgi: str | None = None, beyond: int = -1
) -> int | None:
    for place in places:
        event = order.events[place]
        if place > beyond and event["kind"] == kind and asgi in {None, event.get("asgi")}:
            return place
    return None


def _probe_pair(order: Order, place: int) -> list[int]:
    """The other end of a probe."""
    event = order.events[place]
    phase = event.get("detail", {}).get("phase")
    if phase not in {"start", "end"}:
        return []
    step = 1 if phase == "start" else -1
    depth = 0
    stop = len(order.events) if step == 1 else -1
    for at in range(place, stop, step):
        other = order.events[at]
        if (
            other["kind"] == "probe"
            and other.get("request") == event.get("request")
            and other["detail"].get("probe") == event["detail"].get("probe")
        ):
            depth += 1 if other["detail"].get("phase") == phase else -1
            if depth == 0:
                return [at]
    return []


# ------------------------------------------------------------------ repeated


def repeated(order: Order, place: int) -> list[Events]:
    """The runs in which an event happens once more.

    A message or a probe is repeated by itself. What a frame does can happen again in the same
    frame, with the statement that it belongs to, or in a second frame of the function.
    """
    event = order.events[place]
    key = frame_key(event)
    if key is not None:
        made = possible(order, _second_frame(order, order.root(key)))
        block = _block(order, place, key)
        if block:
            keep = frame_key(order.events[block[0]])
            made += possible(
                order, _with_copies(order, [block], _new_frames(order, block, keep=keep))
            )
        return made
    return possible(order, _repeated_alone(order, place))


def _repeated_alone(order: Order, place: int) -> Events | None:
    event = order.events[place]
    match event["kind"]:
        case "send" if event.get("asgi") == "http.response.body":
            return _body_in_two(order, place)
        case "send" | "receive" if event.get("asgi") in _REPEATABLE:
            return _with_copies(order, [sorted(_goes_with(order, place))], {})
        case "chunk" | "complete":
            bodies = [
                p
                for p in range(place)
                if order.events[p].get("asgi") == "http.response.body"
                and order.events[p].get("request") == event.get("request")
            ]
            return _body_in_two(order, bodies[-1]) if bodies and event["kind"] == "chunk" else None
        case "probe":
            pair = sorted({place, *_probe_pair(order, place)})
            return _with_copies(order, [pair], {})
        case "print" if place in order.printed:
            key = frame_key(order.events[order.printed[place]])
            return None if key is None else _second_frame(order, order.root(key))
        case "print" | "log" | "warning" | "unhandled":
            return _with_copies(order, [[place]], {})
    return None


def _block(order: Order, place: int, key: FrameKey) -> list[int]:
    """The statement to which an event belongs, where it can be run again in its frame."""
    kind = order.events[place]["kind"]
    if kind == "call" and key in order.parents:
        caller = [p for p in order.frames[order.parents[key]] if p < place]
        return order.statement(caller[-1])
    if kind in {"call", *ENDS}:
        return []
    block = order.statement(place)
    text = order.events[block[0]].get("text") or ""
    kinds = {order.events[p]["kind"] for p in block if frame_key(order.events[p]) == key}
    return [] if text.startswith(_ENDS_FLOW) or kinds & {"raise", "throw"} else block


def _second_frame(order: Order, key: FrameKey) -> Events:
    """One more activation of a function; up to a yield it runs right after the first one."""
    family = order.family(key)
    blocks: list[list[int]] = [[]]
    for place in order.places(family):
        blocks[-1].append(place)
        event = order.events[place]
        if frame_key(event) == key and event["kind"] == "yield":
            blocks.append([])
    block = [b for b in blocks if b]
    return _with_copies(order, block, _new_frames(order, [p for b in block for p in b]))


def _new_frames(
    order: Order, places: Sequence[int], keep: FrameKey | None = None
) -> dict[FrameKey, int]:
    """Numbers of activation for the copies of frames."""
    numbers: dict[FrameKey, int] = {}
    for place in places:
        key = frame_key(order.events[place])
        if key is None or key == keep or key in numbers:
            continue
        taken = [k[2] for k in order.frames if k[:2] == key[:2]]
        numbers[key] = max(taken) + 1 + sum(k[:2] == key[:2] for k in numbers)
    return numbers


def _with_copies(
    order: Order, blocks: Sequence[Sequence[int]], numbers: dict[FrameKey, int]
) -> Events:
    """The run with a copy of each block of events right after its last one."""
    ends = {block[-1]: block for block in blocks}
    made: Events = []
    for place, event in enumerate(order.events):
        made.append(event)
        for copied in ends.get(place, ()):
            copy = dict(order.events[copied])
            key = frame_key(copy)
            if key in numbers:
                copy["frame"] = numbers[key]
            made.append(copy)
    return made


def _body_in_two(order: Order, place: int) -> Events:
    """The run in which a message of the body is sent in two: an empty one first."""
    event = order.events[place]
    piece = {**event, "detail": {**event.get("detail", {}), "body": "", "more_body": True}}
    return [*order.events[:place], piece, *order.events[place:]]


# ------------------------------------------------------------------ settled


def settled(events: Events, request: int | None, recorded: Sequence[Event]) -> Events:
    """The run with what the client has brought into line with what was sent.

    Args:
        events: the altered run.
        request: whose messages were altered.
        recorded: the run as it was; where the client had something else than what was sent (a
            HEAD request, a body too long to keep), nothing is brought into line.
    """
    whole = [e for e in recorded if e["kind"] == "complete" and e.get("request") == request]
    if any(e["detail"].get("body") != "".join(_bodies(recorded, request)) for e in whole):
        return events
    sent: list[str] = []
    made: Events = []
    for event in events:
        new = event
        if event.get("request") == request:
            if event["kind"] == "send" and event.get("asgi") == "http.response.body":
                sent.append(str(event["detail"].get("body", "")))
            elif event["kind"] == "chunk" and sent:
                new = with_body(event, sent[-1])
            elif event["kind"] == "complete" and sent:
                new = with_body(event, "".join(sent))
        made.append(new)
    return made


def with_body(event: Event, body: str) -> Event:
    """The event with another body; the very same event where that is its body already."""
    if event["detail"].get("body", "") == body:
        return event
    return {**event, "detail": {**event["detail"], "body": body}}


def _bodies(events: Sequence[Event], request: int | None) -> list[str]:
    return [
        str(e["detail"].get("body", ""))
        for e in events
        if e["kind"] == "send"
        and e.get("asgi") == "http.response.body"
        and e.get("request") == request
    ]
