"""The variable tracker: variables, frames, watched objects and responses, over the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from asrun.narrate.scene import At, Row, Scene
from asrun.narrate.state import World
from asrun.story import Cell, Tracker, TrackerRow

_FRAME_WORDS = {"run": "running", "sleep": "suspended"}


@dataclass(frozen=True, slots=True)
class _Track:
    """A row before its cells are made: what it says of a step."""

    label: str
    of: str
    value: Callable[[At | None], tuple[str, bool]]
    """The value and whether its frame sleeps; None asks for the start."""


def tracker(scene: Scene) -> Tracker:
    """Rows over Start, each step that changed one of them, and the last step."""
    tracks = [
        *(t for row in scene.rows if row.function for t in _function_tracks(scene, row)),
        *(_object_track(ref) for ref in scene.steps[-1].after.objects),
        *(_response_track(scene, number) for number in scene.requests),
    ]
    values = [[t.value(None), *(t.value(at) for at in scene.steps)] for t in tracks]
    told = [any(value for value, _ in of_steps) for of_steps in values]
    tracks = [t for t, keep in zip(tracks, told, strict=True) if keep]
    values = [v for v, keep in zip(values, told, strict=True) if keep]
    last = len(scene.steps)
    columns = [n for n in range(1, last) if any(v[n] != v[n - 1] for v in values)] + [last]
    return Tracker(
        columns=tuple(columns),
        rows=tuple(
            TrackerRow(track.label, track.of, _cells([of_steps[n] for n in (0, *columns)]))
            for track, of_steps in zip(tracks, values, strict=True)
        ),
    )


def _cells(values: list[tuple[str, bool]]) -> tuple[Cell, ...]:
    cells = [Cell(values[0][0], asleep=values[0][1])]
    for (was, _), (now, asleep) in pairwise(values):
        if was == now:
            cells.append(Cell(now, "", asleep))
        elif not was:
            cells.append(Cell(now, "new", asleep))
        else:
            cells.append(Cell(now, "changed" if now else "gone", asleep))
    return tuple(cells)


def _function_tracks(scene: Scene, row: Row) -> list[_Track]:
    def frame_value(at: At | None) -> tuple[str, bool]:
        frame = scene.frame_in(row, at) if at is not None else None
        if frame is None:
            return "", False
        waits = "waiting" if frame.kind == "wait" and frame.at == "await" else ""
        # Waiting for what it called is running, as seen from outside.
        words = waits or (
            "running" if frame.kind == "wait" else _FRAME_WORDS.get(frame.kind, frame.words)
        )
        return words, frame.kind == "sleep"

    def name_value(name: str) -> Callable[[At | None], tuple[str, bool]]:
        def value(at: At | None) -> tuple[str, bool]:
            frame = scene.frame_in(row, at) if at is not None else None
            if frame is None or not frame.live:
                return "", False
            return frame.variables.get(name, ""), frame.kind == "sleep"

        return value

    names = dict.fromkeys(
        n
        for at in scene.steps
        for key, frame in at.after.frames.items()
        if row.holds(key)
        for n in frame.variables
    )
    return [
        _Track(row.label, "frame", frame_value),
        *(_Track(n, f"in {row.label}", name_value(n)) for n in names),
    ]


def _object_track(ref: str) -> _Track:
    return _Track(ref, "object", lambda at: (at.after.objects.get(ref, "") if at else "", False))


def _response_track(scene: Scene, number: int) -> _Track:
    def value(at: At | None) -> tuple[str, bool]:
        now = (at.after if at else World()).request(number)
        if not now.head:
            return "nothing sent", False
        return f"{now.head} {'complete' if now.complete else 'sent'}", False

    return _Track("response", f"to request {number}" if scene.many else "of the app", value)
