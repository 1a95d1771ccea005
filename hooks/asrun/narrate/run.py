"""Telling a run: a trace becomes steps, and what is seen of them."""

from __future__ import annotations

from collections import Counter

from asrun.model import Lesson, Trace
from asrun.narrate import lanes
from asrun.narrate.causes import causes
from asrun.narrate.flow import flow
from asrun.narrate.phases import phase_names, phases
from asrun.narrate.scene import FASTAPI, At, Scene, lane_label
from asrun.narrate.sentences import action, identity, key_of, notes, sentences, states, view
from asrun.narrate.tracker import tracker
from asrun.narrate.transcript import transcript
from asrun.recording import digest_of
from asrun.story import Origin, Run, Step


def tell_run(
    lesson: Lesson,
    trace: Trace,
    *,
    cited: frozenset[int] = frozenset(),
    origin: Origin = "this build",
    version: str = "",
) -> Run:
    """Tell one scenario's trace in steps.

    Args:
        lesson: the lesson whose `app.py` ran; its source says which function is what.
        trace: the run.
        cited: `seq` of events that proofs cite. Each event is in exactly one step in any case;
            a cited statement that would fold into another statement's step makes its own. So
            does one that a proof names as `line="…"`, cited or not.
        origin: where the trace comes from.
        version: for a run of another FastAPI version, what follows `@` in the steps' addresses.

    Returns:
        The run, ready to show.

    Raises:
        ValueError: where the trace has no events.
        SyntaxError: where the lesson's `app.py` or `lesson.py` does not parse.
    """
    scene = Scene(lesson, trace, cited, version)
    names = phase_names(scene)
    seen: Counter[str] = Counter()
    steps = []
    for at, phase in zip(scene.steps, names, strict=True):
        same = identity(at)
        seen[same] += 1
        steps.append(_step(scene, at, phase, seen[same]))
    rows = lanes.rows(scene)
    nodes, caption = flow(scene)
    parts = phases(names)
    return Run(
        scenario=trace.scenario,
        title=trace.title,
        origin=origin,
        requests=len(scene.requests),
        steps=tuple(steps),
        phases=parts,
        rows=rows,
        lanes_label=lanes.label(scene, rows),
        flow=nodes,
        caption=caption,
        causes=causes(trace, [at.group for at in scene.steps]),
        tracker=tracker(scene),
        transcript=transcript(steps, parts),
        digest=digest_of(trace),
        trace_file=f"{trace.scenario}.json",
        stage=_stage(scene),
    )


def step_of(run: Run, seq: int) -> Step:
    """The step that holds an event.

    Args:
        run: a run that was told.
        seq: the event's place in the trace.

    Raises:
        KeyError: where no step of the run holds it.
    """
    for step in run.steps:
        if any(event.seq == seq for event in step.events):
            return step
    raise KeyError(seq)


def _step(scene: Scene, at: At, phase: str, occurrence: int) -> Step:
    what, why = sentences(scene, at)
    before, after = states(scene, at)
    row = scene.row_key(at)
    # The app's call ends on the event loop; only what it sends and receives is on the wire.
    lane = "loop" if row == FASTAPI else at.place.lane
    return Step(
        n=at.n,
        address=scene.address(at.n),
        key=key_of(at, occurrence),
        lane=lane,
        lane_label=lane_label(lane, {at.place.unit}),
        row=row,
        phase=phase,
        line=at.place.line,
        action=action(at),
        what=what,
        why=why,
        before=before,
        after=after,
        notes=notes(scene, at),
        events=tuple(view(e, lane_label(e.lane, {e.unit})) for e in at.group.events),
        frames=lanes.frame_states(scene, at),
        objects=lanes.object_states(scene, at),
    )


def _stage(scene: Scene) -> int:
    """The step to stand at without a script: a request's first `yield`, else the endpoint's start."""
    for at in scene.steps:
        if at.anchor.kind == "yield" and at.anchor.request is not None:
            return at.n
    for at in scene.steps:
        if at.anchor.kind == "call" and scene.app.role(at.anchor.function) == "endpoint":
            return at.n
    return next((at.n for at in scene.steps if at.anchor.kind == "probe"), 1)
