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
    "send": "response",
    "done": "end",
    "failed": "end",
}


def phase_names(scene: Scene) -> list[str]:
    """The phase of each step, in order.

    A function of `app.py` stands in the phase of what it is to FastAPI, or of the function that
    called it; one of which neither is known goes on with the phase before it.
    """
    names: list[str] = []
    for at in scene.steps:
        names.append(_phase(scene, at) or (names[-1] if names else "request"))
    return names


def phases(names: list[str]) -> tuple[Phase, ...]:
    """Steps that follow each other in one phase, as one."""
    found: list[Phase] = []
    for n, name in enumerate(names, 1):
        if found and found[-1].name == name:
            found[-1] = Phase(name, found[-1].first, n)
        else:
            found.append(Phase(name, n, n))
    return tuple(found)


def _phase(scene: Scene, at: At) -> str:
    event = at.anchor
    if event.request is None:
        return "shutdown" if at.after.lifespan in ("shutting down", "shut down") else "startup"
    if event.asgi == "http.disconnect":
        return ""
    if event.kind in _OUTSIDE:
        return _OUTSIDE[event.kind]
    if event.kind == "probe":
        if event.detail.get("phase") == "end":
            return ""
        return "response" if event.detail.get("probe") == "serialize_response" else "request"
    key = at.frame_key
    if key is None:
        return ""
    frame = at.after.frames[key]
    stack = at.after.stacks.get(frame.unit, ()) or at.before.stacks.get(frame.unit, ())
    for caller in (key, *reversed(stack)):
        role = scene.app.role(caller[1])
        if role == "dependency":
            return "cleanup" if at.after.frames[caller].again else "dependencies"
        if role in ("middleware", "exception handler"):
            answered = any(
                e.seq < event.seq
                for e in scene.events(event.request, "return", "unwind", "raise")
                if scene.app.role(e.function) == "endpoint"
            )
            return "response" if answered or role == "exception handler" else "request"
        if role == "background task":
            return "background"
        if role == "stream":
            return "response"
        if role == "endpoint":
            return "endpoint"
    return ""
