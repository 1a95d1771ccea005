"""Phases: runs of steps with one purpose."""

from __future__ import annotations

from asrun.narrate.scene import At, Scene
from asrun.story import Phase

_OUTSIDE = {
    "request": "request",
    "scope": "request",
    "receive": "request",
    "response": "response",
    "chunk": "response",
    "complete": "response",
    "left": "response",
    "broken": "response",
    "message": "messages",
    "closed": "end",
    "send": "response",
    "done": "end",
    "failed": "end",
}


def phase_names(scene: Scene) -> list[str]:
    """The phase of each step, in order.

    A function of `app.py` stands in the phase of what it is to FastAPI, or of the function that
    called it; one of which neither is known goes on with the phase before it.
    """
    return [name for name, _ in phase_reasons(scene)]


def phase_reasons(scene: Scene) -> list[tuple[str, str]]:
    """The phase of each step, in order, and what decided it."""
    found: list[tuple[str, str]] = []
    for at in scene.steps:
        name, why = _phase(scene, at)
        if not name:
            name = found[-1][0] if found else "request"
            why = "nothing says otherwise: it goes on with the phase before it"
        found.append((name, why))
    return found


def phases(names: list[str]) -> tuple[Phase, ...]:
    """Steps that follow each other in one phase, as one."""
    found: list[Phase] = []
    for n, name in enumerate(names, 1):
        if found and found[-1].name == name:
            found[-1] = Phase(name, found[-1].first, n)
        else:
            found.append(Phase(name, n, n))
    return tuple(found)


_GOES_ON = ("", "")


def _phase(scene: Scene, at: At) -> tuple[str, str]:
    event = at.anchor
    if event.request is None:
        over = at.after.lifespan in ("shutting down", "shut down")
        return "shutdown" if over else "startup", "it belongs to no request"
    if event.asgi == "http.disconnect":
        return _GOES_ON
    if event.boundary and event.kind in ("done", "failed"):
        return _GOES_ON
    if event.kind in _OUTSIDE:
        return _OUTSIDE[event.kind], f"it is a `{event.kind}`"
    if event.kind == "probe":
        if event.detail.get("phase") == "end":
            return _GOES_ON
        serializes = event.detail.get("probe") == "serialize_response"
        return "response" if serializes else "request", f"FastAPI is at {event.detail.get('probe')}"
    key = at.frame_key
    if key is None:
        return _GOES_ON
    frame = at.after.frames[key]
    stack = at.after.stacks.get(frame.unit, ()) or at.before.stacks.get(frame.unit, ())
    for caller in (key, *reversed(stack)):
        role = scene.app.role(caller[1])
        name = _of_role(scene, at, role, again=at.after.frames[caller].again)
        if name:
            via = "" if caller == key else f", on behalf of which {key[1]} runs"
            again = ", resumed after its yield" if name == "cleanup" else ""
            return name, f"{caller[1]} is the {role}{again}{via}"
    return _GOES_ON


def _of_role(scene: Scene, at: At, role: str, *, again: bool) -> str:
    if role == "dependency":
        return "cleanup" if again else "dependencies"
    if role in ("middleware", "exception handler"):
        answered = any(
            e.seq < at.anchor.seq
            for e in scene.events(at.anchor.request, "return", "unwind", "raise")
            if scene.app.role(e.function) == "endpoint"
        )
        return "response" if answered or role == "exception handler" else "request"
    named = {"background task": "background", "stream": "response", "endpoint": "endpoint"}
    return named.get(role, "")
