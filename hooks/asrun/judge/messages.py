"""Other messages: one recorded run with a status, a header or a body replaced.

What a message says is replaced for the client, too: it has what was sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from asrun.judge.guarantees import Order
from asrun.judge.replay import body_follows
from asrun.judge.worlds import Events, settled, with_body


def with_key(order: Order, places: Iterable[int], field: str, name: str, value: Any) -> Events:
    """The run with one key of a field set in the events that have it."""
    chosen = set(places)
    return [
        {**e, field: {**e.get(field, {}), name: value}}
        if at in chosen and name in e.get(field, {})
        else e
        for at, e in enumerate(order.events)
    ]


def same_response(order: Order, place: int) -> set[int]:
    """A response's start, and what the client has of it."""
    request = order.events[place].get("request")
    return {
        at
        for at, e in enumerate(order.events)
        if e.get("request") == request
        and (e["kind"] in {"response", "complete"} or e.get("asgi") == "http.response.start")
    } | {place}


def same_message(order: Order, place: int) -> set[int]:
    """A message of a WebSocket, and what the client has of it."""
    event = order.events[place]
    like = {"websocket.send": "message", "websocket.close": "closed"}
    asgi = event.get("asgi") or next((a for a, kind in like.items() if kind == event["kind"]), "")
    sent, got = (
        [
            at
            for at, e in enumerate(order.events)
            if e.get("request") == event.get("request")
            and (e.get("asgi") == asgi or (e["kind"] == like.get(asgi) and e["lane"] == "client"))
            and (e["lane"] == lane and e["detail"].get("by") != "client")
        ]
        for lane in ("wire", "client")
    )
    pairs = zip(sent, got, strict=False)
    return next(({one, other} for one, other in pairs if place in {one, other}), {place})


def other_body(order: Order, place: int, value: str) -> Events:
    """The run in which a message has another body; for a whole body, its first message."""
    event = order.events[place]
    request = event.get("request")
    if event["kind"] == "receive" or event.get("asgi", "").startswith("websocket"):
        return with_key(order, {place}, "detail", "body", value)
    sends = [
        at
        for at, e in enumerate(order.events)
        if e["kind"] == "send"
        and e.get("asgi") == "http.response.body"
        and e.get("request") == request
    ]
    if event["kind"] == "complete":
        bodies = {at: value if i == 0 else "" for i, at in enumerate(sends)}
    else:
        bodies = {max((at for at in sends if at <= place), default=place): value}
    if not sends:
        return with_key(order, {place}, "detail", "body", value)
    made = [with_body(e, bodies[at]) if at in bodies else e for at, e in enumerate(order.events)]
    return settled(made, request, order.events)


def other_pieces(order: Order, place: int) -> Events:
    """The run in which more of a body follows, or no more of it does."""
    event = order.events[place]
    request = event.get("request")
    flipped = {**event, "detail": {**event["detail"], "more_body": not body_follows(event)}}
    if not body_follows(event):
        rest = {**event, "detail": {**event["detail"], "body": "", "more_body": False}}
        return [*order.events[:place], flipped, rest, *order.events[place + 1 :]]
    later = [
        e
        for e in order.events[place + 1 :]
        if not (
            e.get("request") == request
            and (
                e["kind"] == "chunk" or (e["kind"] == "send" and e.get("asgi") == event.get("asgi"))
            )
        )
    ]
    return settled([*order.events[:place], flipped, *later], request, order.events)


def other_header(order: Order, place: int, name: str, value: str | None) -> Events:
    """The run in which a message has another value of a header; none of it for None.

    Args:
        order: the recorded run.
        place: where the message is.
        name: the header's name; "" for all of them.
        value: its other value.
    """
    same = same_response(order, place)
    made: Events = []
    for at, event in enumerate(order.events):
        pairs = event.get("detail", {}).get("headers")
        if at in same and pairs is not None:
            kept = [pair for pair in pairs if pair[0].lower() != name] if name else []
            new = [] if value is None else [[name, value]]
            made.append({**event, "detail": {**event["detail"], "headers": [*kept, *new]}})
        else:
            made.append(event)
    return made
