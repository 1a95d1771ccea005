"""How an exception moves through the functions of `app.py`: thrown in, raised, caught, let out.

An exception is known by the name of its class. Where it came from is said by the step in which a
frame ended with one of that name.
"""

from __future__ import annotations

from asrun.model import Event
from asrun.narrate import facts
from asrun.narrate.frame_sentences import Sentences
from asrun.narrate.prose import code, codes, join, say
from asrun.narrate.scene import At, Scene
from asrun.narrate.state import unit_of
from asrun.story import Text


def throw(scene: Scene, at: At) -> Sentences:
    """A frame goes on with an exception raised where it was suspended."""
    event = at.anchor
    name = event.function or ""
    exception = str(event.detail.get("exception", "an exception"))
    frame = at.before.frames.get(at.frame_key) if at.frame_key else None
    where = "await" if frame is not None and frame.at == "await" else "yield"
    ends = at.group.has("unwind")
    what = say(
        "{e} is thrown into {f} at its `{where}`{ends}.",
        e=code(exception),
        f=code(name),
        where=where,
        ends=", and ends it" if ends else "",
    )
    why = [facts.exception_source(scene, at, exception)]
    if event.request is not None:
        why.append(facts.response_so_far(scene, at))
    if ends:
        why.append(say("Nothing that stands after the `{where}` runs.", where=where))
    else:
        why.append(facts.comes_next(scene, at))
    return what, join(*why)


def raised(scene: Scene, at: At) -> Sentences:
    """An exception starts in a frame, or arrives in it."""
    event = at.anchor
    name = event.function or ""
    exception = str(event.detail.get("exception", "an exception"))
    status = event.detail.get("status")
    told = (
        say("{e} with status `{s}`", e=code(exception), s=status)
        if isinstance(status, int)
        else say("{e}", e=code(exception))
    )
    ends = at.group.has("unwind")
    origin = _arrives_from(scene, at, exception)
    if origin:
        what = say("{e} arrives in {f} from {g}", e=told, f=code(name), g=code(origin))
    else:
        what = say("{e} is raised in {f}", e=told, f=code(name))
    what = join(what, say(" and ends its frame." if ends else "."), by="")
    why: list[Text] = []
    if ends:
        why.append(say("No `except` of {f} catches it.", f=code(name)))
        why.append(facts.still_suspended(at))
    else:
        why.append(facts.comes_next(scene, at))
    return what, join(*why)


def _arrives_from(scene: Scene, at: At, exception: str) -> str:
    """The function that has just ended by the same exception in the same task or thread."""
    before = [
        e
        for e in scene.events(
            at.anchor.request, "unwind", "call", "line", "set", "return", "catch", "raise"
        )
        if e.seq < at.anchor.seq and unit_of(e) == unit_of(at.anchor)
    ]
    last = before[-1] if before else None
    if last is None or last.kind != "unwind" or last.detail.get("exception") != exception:
        return ""
    return (last.function or "") if last.frame_key != at.frame_key else ""


def caught(scene: Scene, at: At) -> Sentences:
    """A frame goes on after an exception."""
    event = at.anchor
    exception = str(event.detail.get("exception") or _last_exception(scene, at))
    names = [n for e in at.group.events for n, v in e.names.items() if v is not None]
    what = say(
        "{f} catches {e}{as_name}.",
        f=code(event.function or ""),
        e=code(exception or "the exception"),
        as_name=say(" as {names}", names=codes(names)) if names else (),
    )
    return what, say("Its frame goes on in this `except` clause.")


def _last_exception(scene: Scene, at: At) -> str:
    found = ""
    for event in scene.frame_events(at.frame_key) if at.frame_key else ():
        if event.seq < at.anchor.seq and event.kind in ("raise", "throw"):
            found = str(event.detail.get("exception", ""))
    return found


def unwound(scene: Scene, at: At) -> Sentences:
    """A frame ends by an exception."""
    event = at.anchor
    exception = str(event.detail.get("exception", "an exception"))
    what = say("{f} ends with {e}.", f=code(event.function or ""), e=code(exception))
    why: Text = ()
    arrived: Event | None = None
    caught_since: Event | None = None
    for other in scene.frame_events(at.frame_key) if at.frame_key else ():
        if other.seq >= event.seq:
            break
        if other.kind in ("throw", "raise") and other.detail.get("exception") == exception:
            arrived, caught_since = other, None
        elif other.kind == "catch":
            caught_since = other
    if caught_since is not None and event.text == "raise":
        why = say(
            "It was caught at step {step}; `raise` raises it again.",
            step=scene.event(caught_since.seq),
        )
    elif arrived is not None and caught_since is None:
        verb = "was thrown in" if arrived.kind == "throw" else "was raised"
        why = say(
            "{e} {verb} at step {step}, and no `except` of {f} has caught it.",
            e=code(exception),
            verb=verb,
            step=scene.event(arrived.seq),
            f=code(event.function or ""),
        )
    return what, join(why, facts.still_suspended(at))
