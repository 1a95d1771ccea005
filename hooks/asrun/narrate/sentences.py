"""A step in words: what ran (verbatim), what happened and why, states before and after, notes."""

from __future__ import annotations

from collections.abc import Callable

from asrun.model import Event
from asrun.narrate import exception_sentences as exceptions
from asrun.narrate import facts
from asrun.narrate import frame_sentences as frames
from asrun.narrate import outside_sentences as outside
from asrun.narrate import passed_sentences as passed
from asrun.narrate.frame_sentences import Sentences
from asrun.narrate.prose import codes, join, say, short
from asrun.narrate.request_state import doing
from asrun.narrate.scene import At, Scene
from asrun.story import EventView, Note, Text

_TELL: dict[str, Callable[[Scene, At], Sentences]] = {
    "request": outside.request,
    "response": outside.head,
    "chunk": outside.chunk,
    "complete": outside.complete,
    "left": outside.left,
    "broken": outside.broken,
    "message": passed.message,
    "closed": passed.closed,
    "scope": outside.scope,
    "receive": outside.receive,
    "send": outside.send,
    "done": outside.done,
    "failed": outside.failed,
    "call": frames.call,
    "line": frames.statement,
    "set": frames.change,
    "yield": frames.lend,
    "wait": frames.wait,
    "resume": frames.resume,
    "throw": exceptions.throw,
    "return": frames.give_back,
    "raise": exceptions.raised,
    "catch": exceptions.caught,
    "unwind": exceptions.unwound,
    "probe": outside.probe,
    "print": outside.output,
    "log": outside.output,
    "warning": outside.output,
    "unhandled": outside.output,
}


def sentences(scene: Scene, at: At) -> Sentences:
    """What happened in a step, and why it did or what follows; the second may be empty."""
    what, why = _TELL[at.anchor.kind](scene, at)
    if scene.many and at.anchor.request is not None and at.anchor.kind != "request":
        what = join(say("Request {n}: ", n=at.anchor.request), what, by="")
    return what, why


# ------------------------------------------------------------------ what ran


def action(at: At) -> str:
    """What ran, verbatim: the statement, the message, the call with its arguments."""
    return _event_action(at.anchor, at)


def _event_action(event: Event, at: At | None = None) -> str:
    detail = event.detail
    function = event.function or ""
    text = event.text or ""
    exception = detail.get("exception", "an exception")
    match event.kind:
        case "request":
            return f"{detail.get('method', '')} {detail.get('url', '')}".strip()
        case "response":
            return f"{detail.get('status', '')}"
        case "chunk":
            return f"chunk {_body(event)}"
        case "complete":
            return f"{detail.get('status', '')} {_body(event)}".strip()
        case "left":
            return "closed by the client"
        case "broken":
            return "closed by the server"
        case "message":
            return f"message {_body(event)}".strip()
        case "closed":
            return f"closed by the {detail.get('by', 'server')} {detail.get('code', '')}".strip()
        case "scope" | "receive" | "send" | "done" | "failed":
            within = f"within {event.boundary}: " if event.boundary else ""
            return within + _asgi_action(event)
        case "call":
            inside = ", ".join(f"{n}={short(v or '', 40)}" for n, v in event.names.items())
            return f"{function}({inside})"
        case "resume":
            return f"resumed after {text}"
        case "throw":
            return f"{exception} thrown at {text}"
        case "return" if text.startswith("return"):
            return text
        case "return":
            return f"{function}() ends"
        case "unwind":
            return f"{function}() ends with {exception}"
        case "probe":
            name, of = detail.get("probe", ""), detail.get("for") or ""
            if detail.get("errors"):
                return f"{name}({of}): errors"
            return f"{name}({of})" if of else str(name)
        case "print" | "log" | "warning" | "unhandled":
            place = at.place if at is not None else event
            return place.text or event.kind
        case _:
            return text


def _asgi_action(event: Event) -> str:
    detail = event.detail
    if event.kind == "scope":
        parts = (event.asgi, detail.get("method"), detail.get("path"))
        return "scope " + " ".join(str(p) for p in parts if p)
    if event.kind == "done":
        return "app(scope) returned"
    if event.kind == "failed":
        return f"app(scope) raised {detail.get('exception', 'an exception')}"
    told = [str(detail[name]) for name in ("status", "code") if name in detail]
    return " ".join([str(event.asgi), *told, _body(event)]).strip()


def _body(event: Event) -> str:
    detail = event.detail
    body = detail.get("body") or detail.get("text") or detail.get("bytes") or ""
    # A body's line ends are part of it, and would be lost on one line of text.
    return short(body.replace("\n", "\\n"), 40) if isinstance(body, str) else ""


# ------------------------------------------------------------------ states


def states(scene: Scene, at: At) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The states that a step changed, before and after; where it changed none, what is relevant."""
    if at.changes:
        return tuple(c.before for c in at.changes), tuple(c.after for c in at.changes)
    return (_relevant(at, before=True),), (_relevant(at, before=False),)


def _relevant(at: At, *, before: bool) -> str:
    world = at.before if before else at.after
    event = at.anchor
    of = world.of(event.request)
    if event.kind == "probe":
        errors = next((e.detail["errors"] for e in at.group.events if e.detail.get("errors")), None)
        if errors is not None and not before:
            return f"{of}{errors} validation {'error' if errors == 1 else 'errors'}"
        ended = at.group.last("probe") is not event
        if event.detail.get("probe") == "dependency":
            taken = "not taken" if before else "taken"
            return (
                f"{of}value of {event.detail.get('for') or 'the dependency'} {taken} from the cache"
            )
        if event.detail.get("probe") == "serialize_response" and ended:
            return f"{of}return value {'not serialized' if before else 'serialized'}"
        if event.detail.get("probe") == "solve_dependencies" and ended:
            name = event.detail.get("for") or "the endpoint"
            return f"{of}parameters of {name} {'not read' if before else 'read'}"
        return f"{of}FastAPI {doing(world.request(event.request))}"
    if event.kind in ("print", "log", "warning", "unhandled"):
        text = str(event.detail.get("text") or event.shown.get("text") or "")
        return f"not {_said(event)}" if before else f"{_said(event)}: {short(text, 40)}"
    key = at.frame_key
    if key is not None:
        frame = world.frames.get(key)
        again = "" if before or not at.group.has("wait") else " again"
        return f"{of}{key[1]} {frame.words if frame else 'not called'}{again}"
    if event.request is None:
        return f"app {world.lifespan}"
    if event.lane == "client":
        return f"{of}{world.request(event.request).client}"
    return f"{of}{world.request(event.request).response}"


def _said(event: Event) -> str:
    return {"print": "printed", "log": "logged", "warning": "issued"}.get(event.kind, "reported")


# ------------------------------------------------------------------ notes


def notes(scene: Scene, at: At) -> tuple[Note, ...]:
    """The author's notes on lines that run in the step, then what the engine has to add."""
    own = [
        Note(say(scene.lesson.notes[line]), "author")
        for line in dict.fromkeys(
            e.line
            for e in at.group.events
            if e.kind in ("line", "call", "catch") and e.line is not None
        )
        if line in scene.lesson.notes
    ]
    return (*own, *(Note(text, "engine") for text in _engine_notes(scene, at) if text))


def _engine_notes(scene: Scene, at: At) -> list[Text]:
    event = at.anchor
    found: list[Text] = []
    if at.group.has("wait") and event.kind != "wait" and not at.group.has("resume"):
        found.append(say("Suspended at `await` meanwhile: the event loop was free."))
    if event.kind == "call" and not event.names:
        found.append(say("A new frame; it has no variables yet."))
    if event.boundary:
        return found
    if event.kind == "scope" and event.request is not None:
        about = "connection" if event.asgi == "websocket" else "request"
        found.append(say("In ASGI, one call of the app is one {about}.", about=about))
    if event.kind == "probe" and event.detail.get("phase") == "start":
        asks = scene.app.functions.get(str(event.detail.get("for") or ""))
        if asks is not None and asks.parameters:
            found.append(say("Found in its signature, line {n}.", n=asks.line))
    fresh = at.frame is not None and not at.frame.again
    if event.kind == "yield" and fresh and scene.app.at.anything_after(event.line):
        found.append(say("What stands after `yield` has not run."))
    if event.kind in ("resume", "throw") and event.lane in ("loop", "worker"):
        found.append(_same_frame(scene, at))
    if event.kind == "send" and event.asgi == "http.response.start":
        names = [f.function for f in facts.suspended(at)]
        if names:
            found.append(say("Still suspended: {names}.", names=codes(dict.fromkeys(names))))
        ended = facts.ended_generators(scene, at)
        if ended:
            found.append(ended)
        missing = facts.never_called(scene, event.request, until=event.seq)
        if missing:
            found.append(say("{f} has not been called.", f=codes([missing])))
    if event.kind == "send" and at.before.request(event.request).client == "client has left":
        found.append(say("The client has left: no one receives it."))
    if event.kind == "complete":
        found += [
            say("{o} is {s}.", o=codes([o]), s=codes([s])) for o, s in at.after.objects.items()
        ]
    if event.kind in ("done", "failed") and event.request is not None:
        found += _at_the_end(scene, at)
    return found


def _same_frame(scene: Scene, at: At) -> Text:
    frame = at.before.frames.get(at.frame_key) if at.frame_key else None
    if frame is None or frame.kind != "sleep":
        return ()
    steps = at.n - scene.number(frame.since)
    return say("The same frame, {n} later.", n=f"{steps} step{'' if steps == 1 else 's'}")


def _at_the_end(scene: Scene, at: At) -> list[Text]:
    request = at.anchor.request
    found: list[Text] = []
    missing = facts.never_called(scene, request)
    if missing:
        found.append(say("{f} was never called.", f=codes([missing])))
    generators = [f for f in at.after.frames_of(request) if f.generator]
    left = [f.function for f in generators if f.kind == "sleep"]
    if left:
        found.append(say("Left suspended: {names}.", names=codes(dict.fromkeys(left))))
    elif generators:
        found.append(say("No generator is left suspended."))
    return found


# ------------------------------------------------------------------ identity and raw events


def key_of(at: At, occurrence: int) -> str:
    """A step's identity for comparison with another run: no number of a step is in it."""
    return f"{identity(at)}|{occurrence}"


def identity(at: At) -> str:
    """What a step is, whichever time it happens: request, kind, function, statement or message."""
    event = at.anchor
    # A function is called, and ends, whether or not the statement reads as it did.
    frame = event.kind in ("call", "return", "unwind")
    what = "" if frame else event.text or event.asgi or ""
    if event.boundary:
        what = f"{what} within {event.boundary}"
    elif event.kind == "probe":
        what = f"{event.detail.get('probe')} {event.detail.get('phase')}"
    elif event.kind in ("print", "log", "warning", "unhandled"):
        what = at.place.text or ""
    return "|".join((str(event.request or "-"), event.kind, at.place.function or "", what))


def view(event: Event, lane: str) -> EventView:
    """A raw event on one line of text."""
    parts = [_event_action(event) if event.kind != "probe" else str(event.detail.get("probe"))]
    if event.kind == "probe":
        parts.append(str(event.detail.get("phase", "")))
        parts.append(str(event.detail.get("for") or ""))
    if event.function and event.kind not in ("call", "return", "unwind"):
        parts.insert(0, f"{event.function}:")
    if event.kind != "call":
        parts += [f"{n} = {v}" if v is not None else f"{n} unbound" for n, v in event.names.items()]
    parts += [f"{o} {s}" for o, s in event.states.items()]
    if "value" in event.detail:
        parts.append(f"value {event.detail['value']}")
    if event.kind == "catch" and event.shown.get("exception"):
        parts.append(f"catches {event.shown['exception']}")
    if event.kind in ("print", "log", "warning", "unhandled"):
        parts.append(str(event.detail.get("text") or event.shown.get("text") or ""))
    return EventView(event.seq, lane, event.kind, " ".join(p for p in parts if p), event.line)
