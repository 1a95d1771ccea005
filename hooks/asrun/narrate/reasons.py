"""Why a step is where it is: what decided its lane, its row, its phase, and what it is made of."""

from __future__ import annotations

from asrun.model import Event, Lesson, Trace
from asrun.narrate.phases import phase_reasons
from asrun.narrate.run import tell_run
from asrun.narrate.scene import CLIENT, FASTAPI, WIRE, At, Scene
from asrun.story import Reasons


def reasons(
    lesson: Lesson, trace: Trace, cited: frozenset[int] = frozenset()
) -> tuple[Reasons, ...]:
    """Tell for each step of a run why it is where it is.

    Args:
        lesson: the lesson whose `app.py` ran.
        trace: the run.
        cited: `seq` of events that proofs cite, as for `tell_run`.

    Raises:
        ValueError: where the trace has no events.
        SyntaxError: where the lesson's `app.py` or `lesson.py` does not parse.
    """
    scene = Scene(lesson, trace, cited)
    steps = tell_run(lesson, trace, cited=cited).steps
    return tuple(
        Reasons(step, lane_reason(at.place), _row(scene, at), why, at.group.rules)
        for step, at, (_, why) in zip(steps, scene.steps, phase_reasons(scene), strict=True)
    )


def lane_reason(event: Event) -> str:
    """What decided the lane of an event, in a sentence."""
    if event.lane == "client":
        return "The client does it, or sees it: no code of the app is meant."
    if event.kind in ("done", "failed") and not event.boundary:
        return (
            "The app's call ends on the event loop; only what it receives and sends is on the wire."
        )
    if event.boundary:
        return (
            f"It passes between the middleware `{event.boundary}` and the app within it, on the "
            "event loop; only what passes the app's own boundary is on the wire."
        )
    if event.lane == "wire":
        return (
            "It passes the app's boundary: told in the moment in which the server calls the app, "
            "or the app calls `receive` or `send`."
        )
    what = f"`{event.function}`" if event.function else "The code"
    if event.lane == "worker":
        return (
            f"{what} ran on another thread than the event loop's: number {event.unit} in the "
            "order in which this run saw them."
        )
    if not event.unit:
        return f"{what} ran on the event loop's thread, in no task: the loop itself called it."
    whose = "the request's" if event.request is not None else "the"
    return (
        f"{what} ran on the event loop's thread, in {whose} task {event.unit} in the order in "
        "which this run saw them."
    )


def _row(scene: Scene, at: At) -> str:
    key = scene.row_key(at)
    if key in (CLIENT, WIRE):
        return f"Everything of the {key} is in one row."
    if key == FASTAPI:
        if at.anchor.kind in ("probe", "done", "failed") or at.anchor.boundary:
            return "What FastAPI does around the functions of `app.py` is in its row."
        return "No function of `app.py` is known to do it, so it is in FastAPI's row."
    row = next(row for row in scene.rows if row.key == key)
    if row.request is None:
        return f"A function has one row for all its frames: {row.label}."
    return f"Frames of `{row.function}` for several requests overlap: each request has its row."
