"""Folding events into steps: the trace is what is checked, steps are what is read.

Each event either makes a step, or belongs to the step that it leads up to, or to the one that it
completes. No event is lost, and none is in two steps. Whatever makes a step does so by its kind
and its neighbours, never by a lesson's names.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from asrun.model import Event
from asrun.narrate.state import FrameKey, unit_of

Same = Literal["frame", "unit", "client", "wire", "request"]
"""What an event has to share with the step that it folds into."""

_CODE = ("loop", "worker")
_ENDS = ("return", "yield", "raise", "unwind", "set", "throw", "catch")
_OUTPUT = ("print", "log", "warning", "unhandled")
_SAME_WAIT = "its caller waits with it: one suspension of one call stack"
_QUIET_WAIT = "nothing else happens while it waits"


@dataclass(frozen=True, slots=True)
class Group:
    """The events of one step.

    Attributes:
        anchor: the event that makes the step: its statement or message names it.
        events: all its events, in the order of the trace.
        rules: for each of them, by `seq`, the rule by which it belongs here.
    """

    anchor: Event
    events: tuple[Event, ...]
    rules: dict[int, str] = field(default_factory=dict, compare=False)

    def has(self, *kinds: str) -> bool:
        """Whether one of its events is of one of these kinds."""
        return any(e.kind in kinds for e in self.events)

    def first(self, kind: str) -> Event | None:
        """Its first event of a kind."""
        return next((e for e in self.events if e.kind == kind), None)

    def last(self, kind: str) -> Event | None:
        """Its last event of a kind."""
        return next((e for e in reversed(self.events) if e.kind == kind), None)


@dataclass(frozen=True, slots=True)
class _Fold:
    """An event that makes no step: where it belongs, and by which rule."""

    ahead: bool
    same: Same
    rule: str


def group(
    events: Sequence[Event],
    cited: frozenset[int] = frozenset(),
    named: frozenset[str] = frozenset(),
) -> tuple[Group, ...]:
    """Fold a trace's events into steps.

    Args:
        events: the trace's events in their order.
        cited: `seq` of events that proofs cite. A cited statement that would fold into the
            step of another statement makes a step of its own, so that its citation leads to it.
        named: statements that proofs ask for; they count as cited wherever they run.

    Returns:
        The steps in the order of what makes them; each event is in exactly one.
    """
    if not events:
        return ()
    folds = _Folder(events).folds()
    owner = _owners(events, folds)
    alone: dict[int, str] = {}
    for i, event in enumerate(events):
        held_by = events[owner[i]]
        if (
            event.kind == "line"
            and (event.seq in cited or squeezed(event.text or "") in named)
            and (held_by.line, held_by.text, held_by.frame_key)
            != (event.line, event.text, event.frame_key)
        ):
            folds[i] = None
            alone[event.seq] = (
                "a proof cites it, so it makes a step of its own"
                if event.seq in cited
                else "a proof asks for this statement, so it makes a step of its own"
            )
    owner = _owners(events, folds)
    members: dict[int, list[Event]] = {}
    rules: dict[int, dict[int, str]] = {}
    for i, (event, fold) in enumerate(zip(events, folds, strict=True)):
        members.setdefault(owner[i], []).append(event)
        rule = alone.get(event.seq, "it makes the step") if fold is None else fold.rule
        if fold is not None and fold.ahead and owner[i] < i:
            rule += "; none comes after it, so to the one before it"
        rules.setdefault(owner[i], {})[event.seq] = rule
    return tuple(Group(events[i], tuple(members[i]), rules[i]) for i in sorted(members))


def squeezed(text: str) -> str:
    """A statement with its white space as single blanks, as proofs compare it."""
    return " ".join(text.split())


def _owners(events: Sequence[Event], folds: Sequence[_Fold | None]) -> list[int]:
    """For each event the place of the event that makes its step."""
    makers = [i for i, fold in enumerate(folds) if fold is None]
    if not makers:
        return [0] * len(events)
    shares: dict[Same, Callable[[Event, Event], bool]] = {
        "frame": lambda a, b: a.frame_key == b.frame_key,
        "unit": lambda a, b: unit_of(a) == unit_of(b),
        "client": lambda a, b: b.lane == "client" and a.request == b.request,
        "wire": lambda a, b: b.lane == "wire" and a.request == b.request,
        "request": lambda a, b: a.request == b.request,
    }
    owners = list(range(len(events)))
    for i, fold in enumerate(folds):
        if fold is None:
            continue
        at = bisect_left(makers, i)
        later, earlier = makers[at:], makers[:at][::-1]
        order = (later, earlier) if fold.ahead else (earlier, later)
        near = (shares[fold.same], shares["request"], _anything)
        owners[i] = next(
            m for same in near for places in order for m in places if same(events[i], events[m])
        )
    return owners


def _anything(a: Event, b: Event) -> bool:
    return True


class _Folder:
    """Decides, event by event, what makes a step."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._in_frame: dict[FrameKey, list[int]] = {}
        self._yields: dict[FrameKey, int] = {}
        self._chunks: dict[int | None, int] = {}
        for i, event in enumerate(events):
            key = event.frame_key
            if key is not None and event.lane in _CODE and event.kind not in _OUTPUT:
                self._in_frame.setdefault(key, []).append(i)
                self._yields[key] = self._yields.get(key, 0) + (event.kind == "yield")
            if event.kind == "chunk":
                self._chunks[event.request] = self._chunks.get(event.request, 0) + 1

    def folds(self) -> list[_Fold | None]:
        """For each event None where it makes a step, else where it belongs."""
        decide: dict[str, Callable[[int, Event], _Fold | None]] = {
            "response": self._response,
            "chunk": self._chunk,
            "receive": self._receive,
            "send": self._lifespan,
            "done": self._lifespan,
            "line": self._line,
            "set": self._set,
            "wait": self._wait,
            "resume": self._resume,
            "raise": self._raise,
            "unwind": self._unwind,
            "probe": self._probe,
        }
        return [
            decide[e.kind](i, e) if e.kind in decide else None for i, e in enumerate(self._events)
        ]

    # ------------------------------------------------------------ client and wire

    def _response(self, i: int, event: Event) -> _Fold | None:
        """The head that the client has is the head that was just sent."""
        for earlier in reversed(self._events[:i]):
            if earlier.request == event.request and earlier.lane == "wire":
                if earlier.kind == "send":
                    return _Fold(False, "wire", "the head that the client has is the one just sent")
                break
        # The app let an exception out before it sent anything: the server made this response.
        return _Fold(True, "client", "the server made this response: it is told when it is whole")

    def _chunk(self, i: int, event: Event) -> _Fold | None:
        following = self._events[i + 1] if i + 1 < len(self._events) else None
        alone = self._chunks[event.request] == 1
        completes = (
            following is not None
            and following.kind == "complete"
            and following.request == event.request
        )
        if alone or completes:
            return _Fold(True, "client", "the last or only piece is told with the whole response")
        return None

    def _receive(self, i: int, event: Event) -> _Fold | None:
        if event.request is None:
            return self._lifespan(i, event)
        if event.asgi == "http.request" and not event.detail.get("body"):
            return _Fold(False, "request", "a request without a body: reading it is no step")
        return None

    def _lifespan(self, i: int, event: Event) -> _Fold | None:
        """Startup and shutdown are one step each, unless the app's own code runs in them."""
        if event.request is not None or i == 0:
            return None
        before = self._events[i - 1]
        if before.request is None and before.lane == "wire" and event.asgi != "lifespan.shutdown":
            return _Fold(False, "wire", "none of the app's own code runs between these messages")
        return None

    # ------------------------------------------------------------ frames

    def _line(self, i: int, event: Event) -> _Fold | None:
        """A statement belongs to what it does: a change, an end, or else what it prints or logs."""
        following = self._events[i + 1] if i + 1 < len(self._events) else None
        leads = "a statement belongs to the next step of its frame: what it does, or leads up to"
        if following is None or following.kind not in _OUTPUT:
            return _Fold(True, "frame", leads)
        if unit_of(following) == unit_of(event):
            return _Fold(True, "unit", "a statement belongs to what it prints or logs")
        return _Fold(True, "frame", leads)

    def _next_in_frame(self, i: int) -> int | None:
        places = self._in_frame.get(self._events[i].frame_key or (None, "", 0), [])
        at = bisect_left(places, i + 1)
        return places[at] if at < len(places) else None

    def _previous_in_frame(self, i: int) -> int | None:
        places = self._in_frame.get(self._events[i].frame_key or (None, "", 0), [])
        at = bisect_left(places, i) - 1
        return places[at] if at >= 0 else None

    def _quiet(self, first: int, last: int) -> bool:
        """Whether nothing but waiting lies between two events, whoever's it is."""
        return all(
            e.kind == "wait" or (e.kind == "resume" and e.detail.get("after") == "await")
            for e in self._events[first + 1 : last]
        )

    def _same_statement(self, i: int, j: int) -> bool:
        a, b = self._events[i], self._events[j]
        return (a.line, a.text) == (b.line, b.text)

    def _set(self, i: int, event: Event) -> _Fold | None:
        """`except … as e` binds `e` before its clause starts; a name that goes is no step."""
        following = self._next_in_frame(i)
        if following is None:
            return None
        kind = self._events[following].kind
        only_gone = not event.states and all(v is None for v in event.names.values())
        if kind == "catch":
            return _Fold(True, "frame", "`except … as` binds the name before its clause starts")
        if only_gone and kind in ("raise", "unwind", "return"):
            return _Fold(True, "frame", "a name that goes as the frame ends is no step")
        return None

    def _wait(self, i: int, event: Event) -> _Fold | None:
        before = self._events[i - 1] if i else None
        if before is not None and before.kind == "wait" and _other_frame(before, event):
            # The same suspension, seen from the frame that awaits the one that waits.
            return _Fold(False, "unit", _SAME_WAIT)
        following = self._next_in_frame(i)
        if following is not None and self._events[following].kind == "resume":
            if not self._quiet(i, following):
                return None
            following = self._next_in_frame(following)
        if following is None or not self._quiet(i, following):
            return None
        ends_here = self._events[following].kind in _ENDS and self._same_statement(i, following)
        return _Fold(True, "frame", _QUIET_WAIT) if ends_here else None

    def _resume(self, i: int, event: Event) -> _Fold | None:
        following = self._next_in_frame(i)
        if event.detail.get("after") == "yield":
            # A generator that yields again and again is told by what it does, not by its waking.
            again = self._yields.get(event.frame_key or (None, "", 0), 0) > 1
            if again and following is not None and self._only_lines(i, following):
                rule = "a generator that yields again and again is told by what it does next"
                return _Fold(True, "frame", rule)
            return None
        after = self._events[i + 1] if i + 1 < len(self._events) else None
        if after is not None and after.kind == "resume" and _other_frame(after, event):
            return _Fold(True, "unit", "its caller goes on with it: one waking of one call stack")
        if following is not None and self._quiet(i, following):
            follower = self._events[following]
            if follower.kind in _ENDS and self._same_statement(i, following):
                return _Fold(True, "frame", "it goes on and does this in one statement")
        waited = self._previous_in_frame(i)
        if waited is not None and self._events[waited].kind == "wait" and self._quiet(waited, i):
            return _Fold(False, "frame", _QUIET_WAIT)
        return None

    def _only_lines(self, i: int, following: int) -> bool:
        """Whether the frame goes straight on from a resumption to its next change, yield or end."""
        last: int | None = following
        while last is not None and self._events[last].kind == "line":
            last = self._next_in_frame(last)
        if last is None or self._events[last].kind not in ("set", "yield", "return"):
            return False
        key = self._events[i].frame_key
        return all(e.frame_key == key for e in self._events[i + 1 : last])

    def _raise(self, i: int, event: Event) -> _Fold | None:
        before = self._previous_in_frame(i)
        if (
            before is not None
            and self._events[before].kind == "throw"
            and self._same_statement(before, i)
        ):
            return _Fold(False, "frame", "it is the exception that was just thrown in")
        return None

    def _unwind(self, i: int, event: Event) -> _Fold | None:
        before = self._previous_in_frame(i)
        if before is not None and self._events[before].kind in ("raise", "throw"):
            same = self._events[before].detail.get("exception") == event.detail.get("exception")
            return _Fold(False, "frame", "no `except` of the frame catches it") if same else None
        return None

    # ------------------------------------------------------------ probes

    def _probe(self, i: int, event: Event) -> _Fold | None:
        name, phase = event.detail.get("probe"), event.detail.get("phase")
        if phase == "end":
            told = event.detail.get("errors") or event.detail.get("exception")
            before = self._events[i - 1] if i else None
            starts_it = (
                before is not None
                and before.kind == "probe"
                and before.detail.get("probe") == name
                and before.detail.get("phase") == "start"
            )
            # An exception has its own events where it arose; errors of validation have none.
            if told and not starts_it and event.detail.get("errors"):
                return None
            return _Fold(False, "request", "what FastAPI began here is over")
        if name in ("solve_dependencies", "serialize_response") or event.detail.get("cached"):
            return None
        return _Fold(True, "request", "it leads up to the next step of the request")


def _other_frame(a: Event, b: Event) -> bool:
    return unit_of(a) == unit_of(b) and a.frame_key != b.frame_key
