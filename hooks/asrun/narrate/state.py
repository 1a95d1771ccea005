"""Replaying a trace: what is so after each event, and what an event changed.

A `World` holds the frames with their variables, the watched objects, and for each request the
response, the client, the app's call and what FastAPI is doing. `apply` advances it by one event
and returns the changes, in words; `copy` keeps it as it is at a step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from asrun.model import Event
from asrun.narrate.prose import short
from asrun.narrate.request_state import RequestNow, doing, seen_by_client, seen_on_wire
from asrun.story import FrameKind

FrameKey = tuple[int | None, str, int]
Unit = tuple[str, int, int | None]
"""A task or worker thread: lane, number, request. Tasks are numbered within their request."""


@dataclass(frozen=True, slots=True)
class Change:
    """A state that an event changed."""

    subject: tuple[str, object]
    """What it is the state of: ("frame", key), ("name", (key, name)), ("object", id), …"""
    before: str
    after: str
    implied: bool = False
    """A consequence for another frame (a caller waits for what it called), not the step's own."""


@dataclass(frozen=True, slots=True)
class FrameNow:
    """A frame at one moment."""

    key: FrameKey
    kind: FrameKind
    since: int
    """The event since which it is so."""
    unit: Unit
    line: int | None
    variables: dict[str, str]
    at: Literal["", "yield", "await", "call"] = ""
    """What it waits or is suspended at."""
    waits_for: str = ""
    """The function it has called, where it waits for that."""
    exception: str = ""
    """The exception that ended it, or that is raised in it and not caught so far."""
    generator: bool = False
    """Whether it has been suspended at a `yield`."""
    started: int = 0
    """The event of its call."""
    again: bool = False
    """Whether it has gone on after a `yield`."""

    @property
    def function(self) -> str:
        """Name of its function."""
        return self.key[1]

    @property
    def request(self) -> int | None:
        """Number of the request it runs for."""
        return self.key[0]

    @property
    def live(self) -> bool:
        """Whether it has started and not ended."""
        return self.kind in ("run", "wait", "sleep")

    @property
    def words(self) -> str:
        """The state in words, as in `get_db suspended at yield, line 13`."""
        if self.kind == "sleep":
            return f"suspended at yield, line {self.line}" if self.line else "suspended at yield"
        if self.kind == "wait":
            return f"waiting for {self.waits_for}" if self.at == "call" else "waiting at await"
        if self.kind == "run":
            return f"running, {self.exception} raised" if self.exception else "running"
        if self.kind == "raised":
            return f"ended by {self.exception or 'an exception'}"
        return "ended" if self.generator else "returned"


@dataclass(slots=True)
class World:
    """Everything that is so at one moment of a run.

    Args:
        many: whether the run has several requests, so that words have to say which one is meant.
    """

    many: bool = False
    frames: dict[FrameKey, FrameNow] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    requests: dict[int, RequestNow] = field(default_factory=dict)
    lifespan: str = "not started"
    stacks: dict[Unit, tuple[FrameKey, ...]] = field(default_factory=dict)
    """Frames that run in a task or thread, the innermost last."""

    def copy(self) -> World:
        """The same moment, unaffected by what comes after."""
        return World(
            self.many,
            dict(self.frames),
            dict(self.objects),
            dict(self.requests),
            self.lifespan,
            dict(self.stacks),
        )

    def request(self, number: int | None) -> RequestNow:
        """A request by its number; one that is not known has not been sent."""
        return self.requests.get(number or 0, RequestNow(number or 0))

    def frames_of(self, request: int | None) -> Iterator[FrameNow]:
        """The frames of one request, in the order of their calls."""
        return (f for f in self.frames.values() if f.request == request)

    def suspended(self, request: int | None) -> tuple[FrameNow, ...]:
        """The frames of a request that are suspended at a `yield`."""
        return tuple(f for f in self.frames_of(request) if f.kind == "sleep")

    def of(self, request: int | None) -> str:
        """What has to stand before the words for a request's state: "" or `request 2: `."""
        return f"request {request}: " if self.many and request is not None else ""

    def apply(self, event: Event) -> list[Change]:
        """Advance by one event.

        Returns:
            What it changed, first what it is about.
        """
        changes: list[Change] = []
        if event.lane in ("client", "wire"):
            changes += self._outside(event)
        elif event.kind == "probe":
            changes += self._probe(event)
        elif event.frame_key is not None:
            changes += self._frame(event, event.frame_key)
        for ref, state in event.states.items():
            was = self.objects.get(ref)
            self.objects[ref] = state
            if was != state:
                before = f"{ref} {was}" if was is not None else f"no {ref}"
                changes.append(Change(("object", ref), before, f"{ref} {state}"))
        return changes

    # ------------------------------------------------------------ frames

    def _frame(self, event: Event, key: FrameKey) -> list[Change]:
        unit = unit_of(event)
        old = self.frames.get(key)
        frame = old or FrameNow(key, "idle", event.seq, unit, event.line, {}, started=event.seq)
        kind, at = self._next_kind(event, frame)
        was = frame.words if old else ("not called" if key[2] == 1 else "not running")
        variables = dict(frame.variables)
        for name, value in event.names.items():
            if value is None:
                variables.pop(name, None)
            else:
                variables[name] = value
        now = replace(
            frame,
            kind=kind,
            at=at,
            waits_for="",
            unit=unit,
            line=event.line or frame.line,
            variables=variables,
            since=event.seq if (kind, at) != (frame.kind, frame.at) else frame.since,
            exception=_exception(event, frame),
            generator=frame.generator or event.kind == "yield",
            again=frame.again or (frame.generator and event.kind in ("resume", "throw")),
        )
        self.frames[key] = now
        changes = self._named(event, key, frame.variables, old is None)
        words = now.words
        if old is None and variables:
            inside = ", ".join(f"{n} = {short(v, 40)}" for n, v in variables.items())
            words = f"{words}, {inside}"
        if was != words:
            prefix = f"{self.of(key[0])}{key[1]} "
            changes.insert(0, Change(("frame", key), prefix + was, prefix + words))
        return changes + self._stacked(key, unit, kind, at)

    @staticmethod
    def _next_kind(
        event: Event, frame: FrameNow
    ) -> tuple[FrameKind, Literal["", "yield", "await", "call"]]:
        if event.kind == "yield":
            return "sleep", "yield"
        if event.kind == "wait":
            return "wait", "await"
        if event.kind == "return":
            return "done", ""
        if event.kind == "unwind":
            return "raised", ""
        if event.kind in ("print", "log", "warning", "unhandled") and frame.kind != "idle":
            return frame.kind, frame.at
        return "run", ""

    def _named(self, event: Event, key: FrameKey, old: dict[str, str], fresh: bool) -> list[Change]:
        """Changes of variables; a new frame's arguments are told with its start."""
        if fresh:
            return []
        prefix = self.of(key[0])
        changes = []
        for name, value in event.names.items():
            was = old.get(name)
            before = f"{name} = {short(was, 60)}" if was is not None else f"{name} unbound"
            after = f"{name} = {short(value, 60)}" if value is not None else f"{name} unbound"
            changes.append(Change(("name", (key, name)), prefix + before, prefix + after))
        return changes

    def _stacked(self, key: FrameKey, unit: Unit, kind: FrameKind, at: str) -> list[Change]:
        """Keep the unit's stack: who called whom, and so who waits for whom."""
        stack = self.stacks.get(unit, ())
        if kind == "run":
            # What stood above it has ended, or was suspended, without telling.
            below = stack[: stack.index(key)] if key in stack else stack
            self.stacks[unit] = (*below, key)
            return self._caller(below[-1], waits_for=key[1]) if below else []
        if at == "await":
            # The callers of a frame that waits go on waiting for it.
            return []
        below = tuple(k for k in stack if k != key)
        self.stacks[unit] = below
        return self._caller(below[-1], waits_for="") if below else []

    def _caller(self, key: FrameKey, *, waits_for: str) -> list[Change]:
        frame = self.frames[key]
        kind: FrameKind = "wait" if waits_for else "run"
        if frame.kind not in ("run", "wait") or frame.at in ("yield", "await"):
            return []
        if frame.kind == kind and frame.waits_for == waits_for:
            return []
        self.frames[key] = replace(
            frame, kind=kind, at="call" if waits_for else "", waits_for=waits_for
        )
        return [
            Change(
                ("frame", key),
                f"{key[1]} {frame.words}",
                f"{key[1]} {self.frames[key].words}",
                implied=True,
            )
        ]

    # ------------------------------------------------------------ client, wire, probes

    def _outside(self, event: Event) -> list[Change]:
        if (
            event.request is None
            or event.asgi == "lifespan"
            or (event.asgi or "").startswith("lifespan.")
        ):
            return self._lifespan(event)
        old = self.request(event.request)
        now = seen_by_client(old, event) if event.lane == "client" else seen_on_wire(old, event)
        self.requests[event.request] = now
        prefix = self.of(event.request)
        before, after = old.words, now.words
        if prefix:
            before = tuple(w.removeprefix("request ") for w in before)
            after = tuple(w.removeprefix("request ") for w in after)
        what = ("client", "app", "body", "response")
        return [
            Change((about, event.request), prefix + b, prefix + a)
            for about, b, a in zip(what, before, after, strict=True)
            if b != a
        ]

    def _lifespan(self, event: Event) -> list[Change]:
        words = {
            ("scope", "lifespan"): "starting",
            ("receive", "lifespan.startup"): "starting",
            ("send", "lifespan.startup.complete"): "started",
            ("send", "lifespan.startup.failed"): "failed to start",
            ("receive", "lifespan.shutdown"): "shutting down",
            ("send", "lifespan.shutdown.complete"): "shut down",
            ("send", "lifespan.shutdown.failed"): "failed to shut down",
        }
        now = words.get((event.kind, event.asgi or ""), self.lifespan)
        was, self.lifespan = self.lifespan, now
        return [Change(("app", None), f"app {was}", f"app {now}")] if was != now else []

    def _probe(self, event: Event) -> list[Change]:
        if event.request is None:
            return []
        old = self.request(event.request)
        name, of = str(event.detail.get("probe", "")), str(event.detail.get("for", "") or "")
        probes = old.probes
        if event.detail.get("phase") == "start":
            probes = (*probes, (name, of))
        elif event.detail.get("phase") == "end":
            last = max((i for i, p in enumerate(probes) if p[0] == name), default=None)
            probes = probes if last is None else probes[:last]
        now = replace(old, probes=probes)
        self.requests[event.request] = now
        prefix = self.of(event.request)
        before, after = f"{prefix}FastAPI {doing(old)}", f"{prefix}FastAPI {doing(now)}"
        return [Change(("fastapi", event.request), before, after)] if before != after else []


def unit_of(event: Event) -> Unit:
    """The task or worker thread in which an event's code runs."""
    return (event.lane, event.unit, event.request)


def _exception(event: Event, frame: FrameNow) -> str:
    """The exception that is under way in a frame after an event."""
    if event.kind in ("raise", "throw", "unwind"):
        return str(event.detail.get("exception") or frame.exception or "an exception")
    # Until it is caught it stays under way, through every statement of a `finally`.
    return "" if event.kind in ("catch", "return", "call") else frame.exception
