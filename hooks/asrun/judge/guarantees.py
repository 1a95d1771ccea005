"""What ASGI and Python guarantee of any run, so that no counterfactual is a run that can't be.

`Order` is the order of a recorded run's events that could not be otherwise. `impossible` looks at
a run by itself, however it was made, and says what about it can't be.

Guaranteed is:

- inside a frame, and between a frame and those that its statements call by name, the order in
  which Python runs them; after a `yield` comes the resume, after the end comes nothing;
- a request is sent before its scope, and that precedes all that the app does for it;
- `http.response.start` precedes the body, sends keep their order, so do receives, nothing is
  sent after the app's call has ended;
- what the client has, it has after it was sent; its next request follows the response to the
  one before, where it waited for it;
- requests are served after `lifespan.startup.complete` and before `lifespan.shutdown`.

In which order FastAPI calls functions, resumes them and sends is its own behaviour, and is never
taken as guaranteed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from asrun.judge.replay import Event, FrameKey, body_follows, frame_key

SUSPENDS = {"yield", "wait"}
ENDS = {"return", "unwind"}
_CLIENT_ENDS = {"complete", "left", "broken", "closed"}
_BY_FRAME_OR_LANE = {"print", "log", "warning"}

Where = tuple[str, int, int | None]
"""A task on the event loop (numbered within its request), or a worker thread."""


def where_of(event: Event) -> Where:
    """The task or thread in which an event happened."""
    request = event.get("request") if event["lane"] == "loop" else None
    return (event["lane"], event.get("unit", 0), request)


class Order:
    """The guaranteed order of one recorded run.

    Args:
        events: the run's events, in their order.
    """

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        self.frames: dict[FrameKey, list[int]] = {}
        """Places of each frame's events."""
        self.parents: dict[FrameKey, FrameKey] = {}
        """Frame to the frame whose statement calls it by name."""
        self._read_frames()
        self.printed: dict[int, int] = {}
        """Place of what a statement of the app printed, to the place of the statement."""
        for place, event in enumerate(events):
            statement = self._printing(place) if event["kind"] == "print" else None
            if statement is not None:
                self.printed[place] = statement
        self._sound = impossible(events) is None

    def allows(self, events: Sequence[Event]) -> bool:
        """Whether a run that was made of this one could be."""
        # A recording that breaks a rule itself, as an app may, says that it does not hold here.
        return not self._sound or impossible(events) is None

    # ------------------------------------------------------------------ frames

    def _read_frames(self) -> None:
        running: dict[Where, list[FrameKey]] = {}
        statement: dict[FrameKey, str] = {}
        for place, event in enumerate(self.events):
            key = frame_key(event)
            if key is None:
                continue
            where = where_of(event)
            stack = running.setdefault(where, [])
            if key not in self.frames:
                self.frames[key] = []
                if stack and calls_by_name(statement.get(stack[-1], ""), key[1]):
                    self.parents[key] = stack[-1]
            self.frames[key].append(place)
            if event["kind"] in {"line", "call"}:
                statement[key] = event.get("text") or ""
            if key in stack:
                del stack[stack.index(key) :]
            if event["kind"] not in SUSPENDS | ENDS:
                stack.append(key)

    def root(self, key: FrameKey) -> FrameKey:
        """The outermost frame of those that call each other by name down to this one."""
        while key in self.parents:
            key = self.parents[key]
        return key

    def family(self, key: FrameKey) -> list[FrameKey]:
        """A frame and all that its statements call by name, directly or not."""
        found = [key]
        for child, parent in self.parents.items():  # parents come first: insertion order is time
            if parent in found:
                found.append(child)
        return found

    def statement(self, place: int) -> list[int]:
        """Places of one execution of a statement, with all that it calls by name."""
        key = frame_key(self.events[place])
        if key is None:
            return [place]
        own = self.frames[key]
        at = own.index(place)
        first = next((i for i in range(at, -1, -1) if self._kind(own[i]) == "line"), at)
        last = next(
            (i for i in range(max(at, first + 1), len(own)) if i > first and self._starts(own[i])),
            len(own),
        )
        places = set(own[first:last])
        begin = own[first]
        end = own[last] if last < len(own) else len(self.events)
        for child in self.family(key)[1:]:
            if begin < self.frames[child][0] < end:
                places.update(self.frames[child])
        return sorted(places | {p for p, at in self.printed.items() if at in places})

    def places(self, frames: Iterable[FrameKey]) -> list[int]:
        """Places of all that some frames do, with what they print."""
        own = {place for key in frames for place in self.frames[key]}
        return sorted(own | {p for p, statement in self.printed.items() if statement in own})

    def _printing(self, place: int) -> int | None:
        where = where_of(self.events[place])
        for at in range(place - 1, -1, -1):
            event = self.events[at]
            if frame_key(event) is not None and where_of(event) == where:
                prints = event["kind"] == "line" and "print(" in (event.get("text") or "")
                return at if prints else None
        return None

    def _kind(self, place: int) -> str:
        return str(self.events[place]["kind"])

    def _starts(self, place: int) -> bool:
        return self._kind(place) in {"line", "return", "unwind"}

    # ------------------------------------------------------------------ order

    def must_precede(self, first: int, second: int) -> bool:
        """Whether the event at `first` comes before that at `second` in any run."""
        return bool(self._before[second] >> first & 1)

    def preceding(self, place: int, among: Iterable[int]) -> list[int]:
        """Those of `among` that have to come before `place`."""
        return [p for p in among if self.must_precede(p, place)]

    def following(self, place: int, among: Iterable[int]) -> list[int]:
        """Those of `among` that have to come after `place`."""
        return [p for p in among if self.must_precede(place, p)]

    @cached_property
    def _before(self) -> list[int]:
        """For each place, the set of places that must precede it, as bits."""
        before: list[int] = []
        for place, causes in enumerate(_causes(self)):
            bits = 0
            for cause in causes:
                if cause < place:
                    bits |= before[cause] | 1 << cause
            before.append(bits)
        return before


def calls_by_name(statement: str, function: str) -> bool:
    """Whether a statement's source calls a function by its name."""
    *owners, name = function.split(".")
    if name == "__init__" and owners:
        name = owners[-1]
    return re.search(rf"(?<!def )\b{re.escape(name)}\s*\(", statement) is not None


def _causes(order: Order) -> list[set[int]]:
    """For each place, places that must precede it; the rest follows by transitivity."""
    causes: list[set[int]] = [set() for _ in order.events]
    last: dict[Any, int] = {}

    def chain(place: int, key: Any) -> None:
        if key in last:
            causes[place].add(last[key])
        last[key] = place

    def after(place: int, key: Any) -> None:
        if key in last:
            causes[place].add(last[key])

    open_by_lane: dict[Where, FrameKey] = {}
    mine: dict[Any, list[int]] = {}
    finished: list[int] = []
    sent_by_client: dict[Any, list[int]] = {}
    for place, event in enumerate(order.events):
        kind, lane, request = event["kind"], event["lane"], event.get("request")
        where = where_of(event)
        mine.setdefault(request, []).append(place)
        key = frame_key(event)
        if key is not None:
            chain(place, ("frame", key))
            chain(place, ("family", order.root(key), where))
            if kind not in SUSPENDS | ENDS:
                open_by_lane[where] = key
            elif open_by_lane.get(where) == key:
                del open_by_lane[where]
                if kind in ENDS and key in order.parents:
                    open_by_lane[where] = order.parents[key]
        elif kind in _BY_FRAME_OR_LANE and where in open_by_lane:
            chain(place, ("family", order.root(open_by_lane[where]), where))
        if kind == "probe":
            name = (request, where, event.get("detail", {}).get("probe"))
            if event.get("detail", {}).get("phase") == "start":
                last["probe", name] = place
            elif event.get("detail", {}).get("phase") == "end":
                after(place, ("probe", name))
        if request is None:
            _lifespan_causes(place, event, chain, after, causes, finished)
            continue
        if lane == "client":
            chain(place, ("client", request))
            if kind == "request":
                after(place, "startup")
                causes[place].update(finished)
            elif kind == "response":
                after(place, ("http.response.start", request))
                after(place, ("websocket.accept", request))
            elif kind in {"chunk", "complete"}:
                after(place, ("http.response.body", request))
            elif kind == "message":
                by_client = event["detail"].get("by") == "client"
                if by_client:
                    sent_by_client.setdefault(request, []).append(place)
                else:
                    after(place, ("websocket.send", request))
            if kind in {"response", "complete", "closed"}:
                for asgi in ("websocket.close", "websocket.http.response.start"):
                    after(place, (asgi, request))
            if kind in {"response", "complete", "closed", "broken"}:
                after(place, ("end", request))  # a server ends what the app did not
            if kind in _CLIENT_ENDS:
                finished.append(place)
                last["gone", request] = place
            continue
        after(place, ("scope", request))
        if kind == "scope":
            after(place, ("client", request))
            last["scope", request] = place
        elif kind == "send":
            chain(place, ("sends", request))
            after(place, ("websocket.connect", request))
            last[event.get("asgi"), request] = place
        elif kind == "receive":
            chain(place, ("receives", request))
            last[event.get("asgi"), request] = place
            if event.get("asgi") in {"http.disconnect", "websocket.disconnect"}:
                after(place, ("gone", request))
            elif event.get("asgi") == "websocket.receive" and sent_by_client.get(request):
                causes[place].add(sent_by_client[request].pop(0))
        elif kind in {"done", "failed"}:
            after(place, ("sends", request))
            after(place, ("receives", request))
            last["end", request] = place
            # A scenario's client, slower than any app, sends its next request after this one's end.
            finished.extend(mine[request])
    return causes


def _lifespan_causes(
    place: int, event: Event, chain: Any, after: Any, causes: list[set[int]], finished: list[int]
) -> None:
    """The order of what belongs to no request: the lifespan's messages around all requests."""
    asgi = event.get("asgi")
    if event["lane"] != "wire":
        if event["lane"] != "client":
            after(place, "lifespan scope")
        return
    chain(place, "lifespan")
    if event["kind"] == "scope":
        chain(place, "lifespan scope")
    elif asgi == "lifespan.startup.complete":
        chain(place, "startup")
    elif asgi == "lifespan.shutdown":
        causes[place].update(finished)


def impossible(events: Sequence[Event]) -> str | None:
    """What of a run can't be, by the rules of ASGI and Python; None where it could be.

    Args:
        events: the run's events, in their order.
    """
    return _impossible_frame(events) or _impossible_message(events)


def _impossible_frame(events: Sequence[Event]) -> str | None:
    before: dict[FrameKey, str] = {}
    asleep: set[FrameKey] = set()
    for event in events:
        key, kind = frame_key(event), event["kind"]
        if key is None:
            continue
        if (kind == "call") != (key not in before):
            return f"{key[1]} has a {kind} after {before.get(key, 'nothing')}"
        if before.get(key) in ENDS:
            return f"{key[1]} has a {kind} after its end"
        resumed = kind == "throw" or (
            kind == "resume" and event.get("detail", {}).get("after") == "yield"
        )
        if key in asleep and not resumed:
            return f"{key[1]} has a {kind} while it is suspended"
        if key not in asleep and kind == "resume" and resumed:
            return f"{key[1]} is resumed without having yielded"
        asleep.discard(key)
        if kind == "yield":
            asleep.add(key)
        before[key] = kind
    return None


_ANSWERS = {
    "start",
    "websocket.accept",
    "websocket.close",
    "websocket.http.response.start",
    "end",
}
_WHOLE_ANSWERS = {"whole", "websocket.close", "websocket.http.response.body", "end"}


def _impossible_message(events: Sequence[Event]) -> str | None:
    opened: dict[Any, set[str]] = {}
    requests = {e.get("request") for e in events if e["kind"] == "request"}
    for event in events:
        request, kind, asgi = event.get("request"), event["kind"], event.get("asgi")
        seen = opened.setdefault(request, set())
        if request is None:
            continue
        if requests and request not in requests:
            return f"request {request} was never sent"
        if kind == "request" and seen:
            return f"request {request} is sent after something was done for it"
        if request in requests and kind != "request" and "request" not in seen:
            return f"a {kind} of request {request} comes before it is sent"
        if kind == "scope" and seen & {"scope", "app"}:
            return f"request {request} has a second scope, or one after the app has run"
        if event["lane"] != "client" and kind != "scope":
            seen.add("app")
        if kind == "send":
            if "end" in seen:
                return f"{asgi} is sent after the app's call has ended"
            if asgi == "http.response.start" and "start" in seen:
                return "http.response.start is sent twice"
            if asgi == "http.response.body":
                if "start" not in seen:
                    return "http.response.body is sent before http.response.start"
                if "whole" in seen:
                    return "http.response.body is sent after the last one"
                if not body_follows(event):
                    seen.add("whole")
            seen.add("start" if asgi == "http.response.start" else str(asgi))
        elif kind == "response" and not seen & _ANSWERS:
            return f"the client has a response to request {request} before it was sent"
        elif kind == "complete" and not seen & _WHOLE_ANSWERS:
            return f"the client has the whole response to request {request} before it was sent"
        elif kind in {"done", "failed"}:
            if "end" in seen:
                return f"the app's call for request {request} ends twice"
            seen.add("end")
        seen.add(kind)
    return None
