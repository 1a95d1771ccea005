"""The causal order of a run's steps: what had to come first, and what merely did.

Of two steps one is a cause of the other where no timing of the same program could have turned them
around: what one task or one call in a worker thread does, in its order; a call before what it calls,
and that before the caller goes on; a message before it is received. The rest could have come in
another order, and an exercise that asks for the order must take any of them.

An order is only claimed where the trace shows a reason for it. Which task began another, and whether
it waits for it, is read from the author's statements and from FastAPI's probes; where neither tells,
no order is claimed, so that an order that could have been is never called impossible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from asrun.model import Event, Trace
from asrun.narrate.steps import Group

_SUSPENDED = ("yield", "wait")
_ENDED = ("return", "unwind")
_GONE = ("complete", "left", "broken", "closed")
_APART = re.compile(
    r"create_task|ensure_future|start_soon|\.start\(|submit|run_in_executor|to_thread|Thread|Timer"
    r"|call_soon|call_later|run_coroutine_threadsafe|gather|TaskGroup|add_done_callback"
)
_GROUP = re.compile(r"async with .*(TaskGroup|create_task_group)")


@dataclass(eq=False, slots=True)
class _Strand:
    """What runs one thing after the other: a task, or one call in a worker thread."""

    request: int | None
    loop: bool
    begins: int
    """Place of its first event."""
    parent: _Strand | None = None
    mention: int | None = None
    """The author's event that began it, where FastAPI did not."""
    boundary: str = ""
    """The middleware whose `call_next` it runs for; "" for what the server called."""
    places: list[int] = field(default_factory=list)
    children: list[_Strand] = field(default_factory=list)

    def at(self, place: int) -> int | None:
        """Its last event before a place."""
        return next((p for p in reversed(self.places) if p < place), None)


def causes(trace: Trace, groups: Sequence[Group]) -> tuple[tuple[int, ...], ...]:
    """For each step the steps that had to come directly before it.

    Args:
        trace: the run.
        groups: its steps, as `steps.group` made them.

    Returns:
        For each step, in order, the numbers of its direct causes: what those need, too, is left out.
    """
    edges = _Reader(trace.events).edges()
    number = {held.anchor.seq: n for n, held in enumerate(groups, 1)}
    before: list[int] = []  # for each event the steps that precede it, as bits, itself included
    direct: list[tuple[int, ...]] = []
    steps: dict[int, int] = {}
    for place, event in enumerate(trace.events):
        bits = 0
        for cause in edges[place]:
            bits |= before[cause]
        n = number.get(event.seq)
        if n is not None:
            direct.append(_reduced(bits, steps))
            steps[n] = bits
            bits |= 1 << n
        before.append(bits)
    return tuple(direct)


def _reduced(bits: int, steps: dict[int, int]) -> tuple[int, ...]:
    """Of the steps that precede, those that precede no other of them."""
    found = []
    while bits:
        n = bits.bit_length() - 1
        found.append(n)
        bits &= ~(steps[n] | 1 << n)
    return tuple(reversed(found))


class _Reader:
    """Reads from a trace which event could not have come before which other."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._edges: list[set[int]] = [set() for _ in events]
        self._strand: list[_Strand | None] = [None] * len(events)
        self._strands: dict[int | None, list[_Strand]] = {}

    def edges(self) -> list[set[int]]:
        """For each event places of others that had to come before it."""
        self._read_strands()
        self._read_chains()
        self._read_messages()
        return self._edges

    def _after(self, place: int, causes: Iterable[int | None]) -> None:
        self._edges[place].update(c for c in causes if c is not None and c < place)

    # ------------------------------------------------------------ tasks and calls in threads

    def _read_strands(self) -> None:
        """Which task, or call in a worker thread, each event is of."""
        tasks: dict[Any, _Strand] = {}
        calls: dict[int, tuple[_Strand, list[Any]]] = {}
        for place, event in enumerate(self._events):
            if event.lane == "worker":
                strand = self._call(place, event, calls)
            elif event.lane == "loop" and (event.unit or event.function):
                # A callback is in no task, and is a strand by itself.
                key = (event.request, event.unit or event.frame_key)
                strand = tasks.get(key) or self._begin(place, event, loop=True)
                tasks[key] = strand
            elif event.lane != "client":
                strand = self._sender(place, event)
            else:
                continue
            strand.places.append(place)
            self._strand[place] = strand

    def _call(
        self, place: int, event: Event, calls: dict[int, tuple[_Strand, list[Any]]]
    ) -> _Strand:
        """The call that a worker thread is busy with: from its first event to where it is left."""
        strand, frames = calls.get(event.unit) or (None, [])
        if strand is None or (not frames and event.frame_key is not None):
            strand, frames = self._begin(place, event, loop=False), []
            calls[event.unit] = (strand, frames)
        key = event.frame_key
        if key is not None and key not in frames:
            frames.append(key)
        if key is not None and event.kind in (*_ENDED, "yield"):
            del frames[frames.index(key) :]
        return strand

    def _sender(self, place: int, event: Event) -> _Strand:
        """The task in which a message passes, or what has no task of its own happens."""
        known = self._strands.get(event.request, [])
        boundary = str(event.detail.get("boundary", ""))
        fits = [s for s in known if s.loop and s.places]
        if event.lane == "wire" and event.kind != "scope":
            fits = [s for s in fits if s.mention is None and s.boundary == boundary] or fits[:1]
        if not fits:
            return self._begin(place, event, loop=True)
        return max(fits, key=lambda s: s.places[-1])

    def _begin(self, place: int, event: Event, *, loop: bool) -> _Strand:
        known = self._strands.setdefault(event.request, [])
        first = known[0] if known else None
        if loop and len(known) == 1 and first and self._only_scope(first):
            return first  # the server called the app in it: it shows itself with its first code
        strand = _Strand(event.request, loop, place)
        if known:
            strand.mention = self._mention(place, event)
            strand.parent = self._parent(place, event, strand)
            strand.parent.children.append(strand)
            strand.boundary = strand.parent.boundary
            opened = self._latest(place, event.request)
            if opened is not None and self._events[opened].kind == "scope" and not strand.mention:
                strand.boundary = str(self._events[opened].detail.get("boundary", ""))
        known.append(strand)
        return strand

    def _only_scope(self, strand: _Strand) -> bool:
        return all(self._events[p].lane == "wire" for p in strand.places)

    def _latest(self, place: int, request: int | None) -> int | None:
        """The last event of a request, its client's apart, before a place."""
        return next(
            (
                p
                for p in range(place - 1, -1, -1)
                if self._events[p].request == request and self._events[p].lane != "client"
            ),
            None,
        )

    def _mention(self, place: int, event: Event) -> int | None:
        """The author's statement that began what runs here; None where FastAPI did."""
        name = (event.function or "").rpartition(".")[2]
        if not name:
            return None
        word = re.compile(rf"(?<!def )\b{re.escape(name)}\b")
        ended: set[Any] = set()
        for p in range(place - 1, -1, -1):
            earlier = self._events[p]
            if earlier.request != event.request:
                continue
            by_fastapi = earlier.kind == "probe" and earlier.detail.get("phase") == "start"
            if by_fastapi and earlier.detail.get("for") == event.function:
                return None
            if earlier.kind in _ENDED:
                ended.add(earlier.frame_key)
            if earlier.kind == "line" and earlier.text and word.search(earlier.text):
                apart = _APART.search(earlier.text)
                return p if apart or earlier.frame_key not in ended else None
        return None

    def _parent(self, place: int, event: Event, strand: _Strand) -> _Strand:
        known = [s for s in self._strands[event.request] if s is not strand]
        if strand.mention is not None:
            return self._strand[strand.mention] or known[0]
        if strand.loop:
            return max((s for s in known if s.loop), key=lambda s: s.places[-1], default=known[0])
        # FastAPI runs it: from the task in which it last said what it does.
        for p in range(place - 1, -1, -1):
            found = self._strand[p]
            if self._events[p].kind == "probe" and found in known and found is not None:
                return found
        return known[0]

    # ------------------------------------------------------------ what one thing after the other does

    def _read_chains(self) -> None:
        frames: dict[Any, int] = {}
        waits: dict[Any, int] = {}
        for place, event in enumerate(self._events):
            strand = self._strand[place]
            if strand is not None:
                own = strand.at(place)
                self._after(place, [own])
                if place == strand.begins and strand.parent is not None:
                    self._after(place, self._beginning(strand))
                self._after(place, self._joined(strand, own, place))
            key = event.frame_key
            if key is not None and event.lane != "client":
                self._after(place, [frames.get(key)])
                if key in waits:
                    self._after(place, [self._woken(waits.pop(key), place, event)])
                frames[key] = place
                if event.kind == "wait":
                    waits[key] = place

    def _beginning(self, strand: _Strand) -> list[int | None]:
        """What precedes the beginning of a strand: the statement that began it, or FastAPI's last."""
        parent, place = strand.parent, strand.begins
        if parent is None:
            return []
        if strand.mention is None:
            return [parent.at(place)]
        if not (strand.loop and parent.loop):
            return [strand.mention]
        # A task that was made begins once the one that made it is suspended, or has left the author's code.
        key = self._events[strand.mention].frame_key
        left = (
            p
            for p in parent.places
            if p > strand.mention
            and self._events[p].frame_key == key
            and self._events[p].kind in (*_SUSPENDED, *_ENDED)
        )
        return [next(left, strand.mention)]

    def _joined(self, strand: _Strand, own: int | None, place: int) -> list[int]:
        """The ends of those that a strand has waited for, since its event before."""
        if own is None:
            return []
        return [
            child.places[-1]
            for child in strand.children
            if own < child.places[-1] < place and self._waits_for(strand, child, own)
        ]

    def _waits_for(self, strand: _Strand, child: _Strand, own: int) -> bool:
        if child.mention is None:
            return child.begins > own
        began = self._events[child.mention].text or ""
        now = self._events[own].text or ""
        if now == began or _GROUP.search(now):
            return True
        made = re.match(r"(?:self\.)?(\w+)\b[^=]*= ", began)
        return bool(
            made
            and re.search(rf"\b{made[1]}\b", now)
            and re.search(r"\bawait\b|\.join\(|\.result\(", now)
        )

    def _woken(self, wait: int, place: int, event: Event) -> int | None:
        """What a middleware waited for at `call_next`: the first that came through, or the end."""
        for p in range(wait + 1, place):
            found = self._events[p]
            if (
                found.request == event.request
                and found.kind in ("send", "done", "failed")
                and found.detail.get("boundary") == event.function
            ):
                return p
        return None

    # ------------------------------------------------------------ messages

    def _read_messages(self) -> None:
        last: dict[Any, int] = {}
        queued: dict[Any, list[int]] = {}
        finished: list[int] = []
        boundaries: dict[int | None, list[str]] = {}
        for place, event in enumerate(self._events):
            request, kind, asgi = event.request, event.kind, event.asgi or ""
            if event.lane == "client":
                self._after(place, [last.get(("client", request))])
                last["client", request] = place
                self._client(place, event, last, queued, finished)
                if kind in _GONE:
                    finished.append(place)
                    last["gone", request] = place
            elif event.lane == "wire":
                boundary = str(event.detail.get("boundary", ""))
                opened = boundaries.setdefault(request, [])
                if boundary not in opened:
                    opened.append(boundary)
                inner = opened[opened.index(boundary) + 1 :][:1]
                if kind == "scope" and not boundary:
                    self._after(place, [last.get(("client", request))])
                elif kind == "send":
                    self._after(place, [last.get((asgi, request, b)) for b in inner])
                    last[asgi, request, boundary] = place
                    if not boundary:
                        last[asgi, request] = place
                        queued.setdefault((asgi, request), []).append(place)
                elif kind == "receive" and asgi.endswith(".disconnect"):
                    self._received(place, [last.get(("gone", request))])
                elif kind == "receive" and asgi == "websocket.receive":
                    self._received(place, _first(queued, ("sent", request)))
                elif asgi == "lifespan.shutdown":
                    # A server shuts down once the clients have gone and the calls have ended.
                    ended = [p for (what, *_), p in last.items() if what == "end"]
                    self._after(place, [*finished, *ended])
                elif kind in ("done", "failed") and not boundary:
                    last["end", request] = place

    def _received(self, place: int, causes: Sequence[int | None]) -> None:
        """A message that is received has also woken what waited for it."""
        self._after(place, causes)
        strand = self._strand[place]
        own = strand.at(place) if strand is not None else None
        if own is not None and self._events[own].kind == "resume":
            self._after(own, causes)

    def _client(
        self, place: int, event: Event, last: dict[Any, int], queued: Any, finished: list[int]
    ) -> None:
        request, kind = event.request, event.kind
        if kind == "request":
            self._after(place, [last.get(("lifespan.startup.complete", None)), *finished])
        elif kind == "message":
            if event.detail.get("by") == "client":
                queued.setdefault(("sent", request), []).append(place)
            else:
                self._after(place, _first(queued, ("websocket.send", request)))
        elif kind in ("response", "chunk", "complete", "broken", "closed"):
            types = {
                "response": ("http.response.start", "websocket.accept"),
                "chunk": ("http.response.body",),
                "complete": ("http.response.body",),
            }.get(kind, ())
            ends = ("websocket.close", "websocket.http.response.start") if kind != "chunk" else ()
            self._after(place, [last.get((asgi, request)) for asgi in (*types, *ends)])
            if kind != "chunk":
                self._after(
                    place, [last.get(("end", request))]
                )  # the server ends what the app did not


def _first(queued: dict[Any, list[int]], key: Any) -> list[int]:
    waiting = queued.get(key)
    return [waiting.pop(0)] if waiting else []
