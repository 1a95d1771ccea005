"""The lanes: rows over the run's steps; frames and objects in their places; the same in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from asrun.narrate.request_state import doing
from asrun.narrate.scene import CLIENT, FASTAPI, WIRE, At, Row, Scene, lane_label
from asrun.narrate.state import FrameNow
from asrun.story import FrameKind, FrameState, LaneRow, Mark, ObjectState, Variable

MarkKind = Literal["out", "in", "run", "thin", "idle", "wait", "sleep"]
_DOTS = ("out", "in")
_CALL: dict[str, FrameKind] = {
    "not called": "idle",
    "running": "run",
    "returned": "done",
    "raised": "raised",
}
_LIFESPAN: dict[str, FrameKind] = {"not started": "idle", "shut down": "done"}


def rows(scene: Scene) -> tuple[LaneRow, ...]:
    """One row for client, wire and FastAPI, and one a function, with what it does at each step."""
    return tuple(
        LaneRow(
            key=row.key,
            label=row.label,
            lane=row.lane,
            lane_label=lane_label(row.lane, _units(scene, row)),
            code=bool(row.function),
            marks=_marks([_mark(scene, row, at) for at in scene.steps]),
        )
        for row in scene.rows
    )


def label(scene: Scene, marks: tuple[LaneRow, ...]) -> str:
    """The picture in words, for those who can't see it."""
    said = [f"Lanes over {len(scene.steps)} steps."]
    for row in marks:
        by_verb: dict[str, list[str]] = {}
        for mark in row.marks:
            verb = _verb(row.key, mark.kind)
            if verb:
                one = mark.first == mark.last
                by_verb.setdefault(verb, []).append(
                    f"{mark.first}" if one else f"{mark.first} to {mark.last}"
                )
        where = f" ({row.lane_label})" if row.lane == "worker" else ""
        parts = [f"{verb} at {_steps(spans)}" for verb, spans in by_verb.items()]
        if parts:
            said.append(f"{row.label}{where}: {'; '.join(parts)}.")
    return " ".join([*said, "The execution table says the same, step by step."])


def _steps(spans: list[str]) -> str:
    word = "step" if len(spans) == 1 and " " not in spans[0] else "steps"
    listed = spans[0] if len(spans) == 1 else f"{', '.join(spans[:-1])} and {spans[-1]}"
    return f"{word} {listed}"


def _verb(key: str, kind: str) -> str:
    if key == CLIENT:
        return {"out": "sends", "in": "receives"}.get(kind, "")
    if key == WIRE:
        return {"in": "leads into the app", "out": "leads out of the app"}.get(kind, "")
    verbs = {"run": "runs", "thin": "runs", "wait": "waits", "sleep": "is suspended"}
    return verbs.get(kind, "")


def _units(scene: Scene, row: Row) -> set[int]:
    return {
        e.unit for e in scene.trace.events if e.frame_key is not None and row.holds(e.frame_key)
    }


def _marks(kinds: list[MarkKind | None]) -> tuple[Mark, ...]:
    """Neighbouring steps of one kind are one mark; a message is a mark by itself."""
    found: list[Mark] = []
    for n, kind in enumerate(kinds, 1):
        if kind is None:
            continue
        if found and found[-1].kind == kind and found[-1].last == n - 1 and kind not in _DOTS:
            found[-1] = Mark(kind, found[-1].first, n)
        else:
            found.append(Mark(kind, n, n))
    return tuple(found)


def _mark(scene: Scene, row: Row, at: At) -> MarkKind | None:
    by_key: dict[str, Callable[[At], MarkKind | None]] = {
        CLIENT: _client_mark,
        WIRE: _wire_mark,
        FASTAPI: lambda at: _fastapi_mark(scene, at),
    }
    if row.key in by_key:
        return by_key[row.key](at)
    if scene.row_key(at) == row.key:
        return "run"
    frame = scene.frame_in(row, at)
    by_kind: dict[FrameKind, MarkKind] = {"run": "run", "wait": "wait", "sleep": "sleep"}
    return by_kind.get(frame.kind) if frame else None


def _client_mark(at: At) -> MarkKind | None:
    if at.anchor.lane == "client":
        return "out" if at.anchor.kind in ("request", "left") else "in"
    waiting = any(r.waiting for r in at.after.requests.values())
    return "idle" if waiting else None


def _wire_mark(at: At) -> MarkKind | None:
    if at.anchor.lane != "wire" or at.anchor.kind in ("done", "failed") or at.anchor.boundary:
        return None
    return "out" if at.anchor.kind == "send" else "in"


def _fastapi_mark(scene: Scene, at: At) -> MarkKind | None:
    if scene.row_key(at) in (WIRE, FASTAPI):
        return "thin"
    called = any(r.app == "running" for r in at.after.requests.values())
    return "idle" if called or at.after.lifespan in ("starting", "shutting down") else None


# ------------------------------------------------------------------ frames and objects after a step


def frame_states(scene: Scene, at: At) -> tuple[FrameState, ...]:
    """All frames after a step: FastAPI first, then each function in its place."""
    return (
        _fastapi_state(scene, at),
        *(_function_state(scene, row, at) for row in scene.rows if row.function),
    )


def object_states(scene: Scene, at: At) -> tuple[ObjectState, ...]:
    """All watched objects of the run after a step; one that is still to come has no state."""
    every = scene.steps[-1].after.objects
    changed = {c.subject[1]: c.before for c in at.changes if c.subject[0] == "object"}
    found = []
    for ref in every:
        was = str(changed.get(ref, ""))
        new = was == f"no {ref}"
        found.append(
            ObjectState(
                id=ref,
                state=at.after.objects.get(ref, ""),
                was="" if new else was.removeprefix(f"{ref} "),
                new=new,
            )
        )
    return tuple(found)


def _fastapi_state(scene: Scene, at: At) -> FrameState:
    own = scene.row_key(at) in (WIRE, FASTAPI)
    request = at.anchor.request
    now = at.after.request(request)
    if request is None:
        words, kind = at.after.lifespan, _LIFESPAN.get(at.after.lifespan, "run")
    else:
        words, kind = doing(now), _CALL[now.app]
    top = [f for f in at.after.frames_of(request) if f.kind in ("run", "wait")]
    if kind == "run" and top and not own:
        words, kind = f"waiting for {top[0].function}", "wait"
    if kind == "idle":
        words = "not called yet"
    if now.app in ("returned", "raised"):
        words += f" at step {scene.number(now.since)}"
    return FrameState(
        key=FASTAPI, label="FastAPI", kind=kind, words=at.after.of(request) + words, now=own
    )


def _function_state(scene: Scene, row: Row, at: At) -> FrameState:
    frame = scene.frame_in(row, at)
    if frame is None:
        called = any(row.holds(key) for key in scene.steps[-1].after.frames)
        return FrameState(
            row.key, row.label, "idle", "not called yet" if called else "never called"
        )
    own = at.frame_key == frame.key
    variables: tuple[Variable, ...] = ()
    if frame.live:
        before = at.before.frames.get(frame.key)
        variables = tuple(_variable(name, value, before) for name, value in frame.variables.items())
    of = at.after.of(frame.request) if row.request is None else ""
    return FrameState(
        key=row.key,
        label=row.label,
        kind=frame.kind,
        words=of + _words(scene, at, frame),
        variables=variables,
        line=frame.line if frame.live else None,
        now=own,
    )


def _variable(name: str, value: str, before: FrameNow | None) -> Variable:
    if before is None or name not in before.variables:
        return Variable(name, value, "new")
    return Variable(name, value, "changed" if before.variables[name] != value else "")


def _words(scene: Scene, at: At, frame: FrameNow) -> str:
    since = scene.number(frame.since)
    if frame.kind == "run":
        goes_on = at.frame_key == frame.key and at.group.has("resume", "throw")
        return frame.words.replace("running", "running again", 1) if goes_on else frame.words
    if frame.kind == "wait" and frame.at == "call":
        return frame.words
    if frame.kind == "wait":
        return f"{frame.words}, line {frame.line}, since step {since}"
    if frame.kind == "sleep":
        return f"{frame.words}, since step {since}"
    return f"{frame.words} at step {since}"
