"""A run laid out in steps: what was so before and after each, and where it stands on the page.

The scene is what sentences, lanes, flow, tracker and transcript are computed from. It says
nothing itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from asrun.model import Event, Lane, Lesson, Trace
from asrun.narrate.app_map import AppMap
from asrun.narrate.prose import cite
from asrun.narrate.state import Change, FrameKey, FrameNow, World
from asrun.narrate.steps import Group, group, squeezed
from asrun.story import Piece

CLIENT, WIRE, FASTAPI = "client", "wire", "fastapi"
"""Keys of the rows that are no function's."""


@dataclass(frozen=True, slots=True)
class At:
    """One step of the scene."""

    n: int
    group: Group
    before: World
    """Everything as the step before left it."""
    after: World
    changes: tuple[Change, ...]
    """The states that the step changed, each once: as it was before, as it is after."""

    @property
    def anchor(self) -> Event:
        """The event that makes the step."""
        return self.group.anchor

    @property
    def place(self) -> Event:
        """The event that says where in `app.py` the step is; for output it is its statement."""
        if self.anchor.function is None:
            return self.group.last("line") or self.anchor
        return self.anchor

    @property
    def frame_key(self) -> FrameKey | None:
        """The frame whose code it is."""
        return self.place.frame_key

    @property
    def frame(self) -> FrameNow | None:
        """The same frame, as the step left it."""
        return self.after.frames.get(self.frame_key) if self.frame_key else None


@dataclass(frozen=True, slots=True)
class Row:
    """A place on the page for one function's frames, or for client, wire and FastAPI."""

    key: str
    label: str
    function: str = ""
    request: int | None = None
    """The one request whose frames it is for; None where it is for all."""
    lane: Lane = "loop"

    def holds(self, key: FrameKey) -> bool:
        """Whether a frame has its place here."""
        return key[1] == self.function and self.request in (None, key[0])


class Scene:
    """A run laid out in steps.

    Args:
        lesson: the lesson whose `app.py` ran.
        trace: the run.
        cited: `seq` of events that proofs cite.
        version: what follows `@` in the steps' addresses; "" for this build's run.

    Raises:
        SyntaxError: where the lesson's `app.py` or `lesson.py` does not parse.
        ValueError: where the trace has no events.
    """

    def __init__(
        self, lesson: Lesson, trace: Trace, cited: frozenset[int] = frozenset(), version: str = ""
    ) -> None:
        if not trace.events:
            raise ValueError(f"the trace of {trace.scenario} in {trace.lesson} has no events")
        self.lesson = lesson
        self.trace = trace
        self.app = AppMap(lesson.app, _endpoints(trace))
        self._suffix = f"@{version}" if version else ""
        groups = group(trace.events, cited, _named_statements(lesson.source))
        self._number = {e.seq: n for n, g in enumerate(groups, 1) for e in g.events}
        requests = {e.request for e in trace.events if e.request is not None}
        self.many = len(requests) > 1
        self.requests = tuple(sorted(requests))
        self.steps = _replay(trace, groups, self.many)
        self.rows = self._rows()
        self._shown: dict[tuple[str, int], FrameNow | None] = {}

    def number(self, seq: int) -> int:
        """The step that holds an event."""
        return self._number[seq]

    def address(self, n: int) -> str:
        """A step's address without `#`."""
        return f"{self.trace.scenario}-{n}{self._suffix}"

    def step(self, n: int) -> Piece:
        """A citation of a step."""
        return cite(n, self.address(n))

    def event(self, seq: int) -> Piece:
        """A citation of the step that holds an event."""
        return self.step(self.number(seq))

    def events(self, request: int | None, *kinds: str) -> Iterator[Event]:
        """A request's events of some kinds, in order."""
        return (e for e in self.trace.events if e.request == request and e.kind in kinds)

    def frame_events(self, key: FrameKey) -> Iterator[Event]:
        """A frame's events, in order."""
        return (e for e in self.trace.events if e.frame_key == key)

    def row_key(self, at: At) -> str:
        """The row in which a step stands."""
        kind, lane = at.anchor.kind, at.anchor.lane
        if kind == "probe" or kind in ("done", "failed") or at.anchor.boundary:
            return FASTAPI
        if lane in (CLIENT, WIRE):
            return lane
        key = at.frame_key
        return next((r.key for r in self.rows if key is not None and r.holds(key)), FASTAPI)

    def frame_in(self, row: Row, at: At) -> FrameNow | None:
        """The frame that a row shows after a step: the step's own, else the liveliest."""
        asked = row.key, at.n  # by lanes, flow and every variable of the tracker
        if asked not in self._shown:
            self._shown[asked] = self._frame_in(row, at)
        return self._shown[asked]

    def _frame_in(self, row: Row, at: At) -> FrameNow | None:
        frames = [f for f in at.after.frames.values() if row.holds(f.key)]
        if not frames:
            return None
        if at.frame_key is not None and row.holds(at.frame_key):
            return at.after.frames[at.frame_key]
        rank = {"run": 3, "wait": 2, "sleep": 1}
        same = at.anchor.request
        return max(
            frames, key=lambda f: (rank.get(f.kind, 0), f.request == same, f.since, f.started)
        )

    def _rows(self) -> tuple[Row, ...]:
        kinds = {e.lane for e in self.trace.events}
        rows = []
        if "client" in kinds:
            rows.append(Row(CLIENT, "client", lane="client"))
        if "wire" in kinds:
            rows.append(Row(WIRE, "wire", lane="wire"))
        rows.append(Row(FASTAPI, "FastAPI"))
        functions: dict[str, list[Event]] = {}
        for event in self.trace.events:
            if event.function is not None and event.frame is not None:
                functions.setdefault(event.function, []).append(event)
        for name in self._solved():
            functions.setdefault(name, [])
        for name, events in functions.items():
            requests = sorted({e.request for e in events if e.request is not None})
            apart: list[int | None] = [*requests] if _overlap(events) else [None]
            for request in apart:
                own = [e for e in events if request in (None, e.request)]
                suffix = f"-{request}" if request is not None else ""
                label = f"{name}()" + (f" of request {request}" if request is not None else "")
                lane = own[0].lane if own else "loop"
                rows.append(Row(f"fn-{name}{suffix}", label, name, request, lane))
        return tuple(rows)

    def _solved(self) -> Iterator[str]:
        """Endpoints whose parameters were looked at, called or not."""
        for event in self.trace.events:
            if event.kind == "probe" and event.detail.get("probe") == "solve_dependencies":
                name = str(event.detail.get("for") or "")
                if name in self.app.functions:
                    yield name


def lane_label(lane: Lane, units: set[int]) -> str:
    """A lane in words: `event loop`, `worker thread 1`, `worker threads 1 and 2`."""
    if lane == "worker":
        names = [str(u) for u in sorted(units)]
        if len(names) == 1:
            return f"worker thread {names[0]}"
        return f"worker threads {', '.join(names[:-1])} and {names[-1]}"
    return "event loop" if lane == "loop" else lane


def _named_statements(source: str) -> frozenset[str]:
    """The statements that the proofs of a lesson ask for, as in `trace.one(line="time.sleep(1)")`.

    Read from the source and not from verdicts: a run has to read in the same steps before it is
    judged, and where a proof fails.
    """
    return frozenset(
        squeezed(keyword.value.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "line"
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    )


def _endpoints(trace: Trace) -> frozenset[str]:
    return frozenset(
        str(e.detail["for"])
        for e in trace.events
        if e.kind == "probe"
        and e.detail.get("probe") == "run_endpoint_function"
        and e.detail.get("for")
    )


def _overlap(events: list[Event]) -> bool:
    """Whether frames of one function are live for several requests at once."""
    spans: dict[int, tuple[int, int]] = {}
    for event in events:
        if event.request is None:
            continue
        first, _ = spans.get(event.request, (event.seq, 0))
        spans[event.request] = (first, event.seq)
    ordered = sorted(spans.values())
    return any(b[0] < a[1] for a, b in pairwise(ordered))


def _replay(trace: Trace, groups: tuple[Group, ...], many: bool) -> tuple[At, ...]:
    owner = {e.seq: n for n, g in enumerate(groups) for e in g.events}
    changes: list[list[Change]] = [[] for _ in groups]
    # A step's moment is its last event before the next step's; statements that lead up to a
    # later step have then not begun.
    ends = []
    for n, held in enumerate(groups):
        limit = groups[n + 1].anchor.seq if n + 1 < len(groups) else trace.events[-1].seq + 1
        ends.append(max(e.seq for e in held.events if e.seq < limit))
    ends[-1] = trace.events[-1].seq
    world = World(many)
    worlds = [world.copy()]
    for event in trace.events:
        changes[owner[event.seq]] += world.apply(event)
        while len(worlds) <= len(groups) and event.seq == ends[len(worlds) - 1]:
            worlds.append(world.copy())
    return tuple(
        At(n, held, worlds[n - 1], worlds[n], _composed(held, changes[n - 1]))
        for n, held in enumerate(groups, 1)
    )


def _composed(held: Group, changes: list[Change]) -> tuple[Change, ...]:
    """One change a subject; what FastAPI is doing is told only where that is the step."""
    first: dict[tuple[str, object], Change] = {}
    for change in changes:
        if change.implied or (change.subject[0] == "fastapi" and held.anchor.kind != "probe"):
            continue
        before = first[change.subject].before if change.subject in first else change.before
        first[change.subject] = Change(change.subject, before, change.after)
    return tuple(c for c in first.values() if c.before != c.after)
