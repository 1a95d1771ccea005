"""What happened outside the functions of `app.py`, and why: client, wire, FastAPI, program.

What is said follows from the ASGI specification (one `http.response.start`, `more_body`), from
what a probe reports, or is read from the trace with the step it was read at.
"""

from __future__ import annotations

from itertools import pairwise

from asrun.narrate import facts
from asrun.narrate import passed_sentences as passed
from asrun.narrate.frame_sentences import Sentences, clause
from asrun.narrate.prose import code, codes, join, plural, say, short
from asrun.narrate.request_state import body_size
from asrun.narrate.scene import At, Scene
from asrun.story import Text

# ------------------------------------------------------------------ the client


def request(scene: Scene, at: At) -> Sentences:
    """The client sends a request."""
    number = at.anchor.request
    which = f"request {number}" if scene.many else "its request"
    size = body_size(at.anchor)
    if size:
        which += f", with a body of {plural(size, 'byte')}"
    under_way = [n for n in scene.requests if n != number and at.before.request(n).app == "running"]
    if under_way:
        names = " and ".join(f"request {n}" for n in under_way)
        verb = "is" if len(under_way) == 1 else "are"
        return (
            say("The client sends {which}.", which=which),
            say(
                "The app has not finished with {names}, which {verb} still under way.",
                names=names,
                verb=verb,
            ),
        )
    return say("The client sends {which}.", which=which), say(
        "Nothing of the app has run for it yet."
    )


def chunk(scene: Scene, at: At) -> Sentences:
    """The client has a piece of the body."""
    response = at.after.request(at.anchor.request)
    why = () if response.complete else say("The response is not complete: the app is still at it.")
    return say("The client has a piece of the body."), join(why, facts.still_suspended(at))


def head(scene: Scene, at: At) -> Sentences:
    """The client has status and headers that the app did not send."""
    return (
        say(
            "The client gets the status `{s}` from the server.",
            s=str(at.anchor.detail.get("status", "")),
        ),
        say("The app has sent no response of its own."),
    )


def complete(scene: Scene, at: At) -> Sentences:
    """The client has the whole response."""
    now = at.after.request(at.anchor.request)
    status = at.anchor.detail.get("status", now.head)
    what = say("The client has the whole response, with the status `{s}`.", s=str(status))
    if not now.head:
        return what, say("The server made it: the app has sent no response of its own.")
    still = facts.still_suspended(at)
    if still:
        fresh = not any(f.again for f in facts.suspended(at))
        return what, join(still, say("Nothing that stands after it has run.") if fresh else ())
    frames = tuple(at.after.frames_of(at.anchor.request))
    if frames and not any(f.live for f in frames):
        return what, say("Every function of `app.py` that ran for it so far has ended.")
    return what, ()


def left(scene: Scene, at: At) -> Sentences:
    """The client closes early."""
    return (
        say("The client closes the connection before the response is complete."),
        facts.still_suspended(at),
    )


def broken(scene: Scene, at: At) -> Sentences:
    """The server closes early."""
    return (
        say("The server closes the connection: the client never has the whole response."),
        facts.still_suspended(at),
    )


# ------------------------------------------------------------------ the wire


def scope(scene: Scene, at: At) -> Sentences:
    """The server calls the app, or a middleware the app within it."""
    if at.anchor.boundary:
        return passed.within(scene, at)
    if at.anchor.request is None:
        return lifespan(scene, at)
    about = "connection" if at.anchor.asgi == "websocket" else "request"
    what = say("The server calls the app with the scope of the {about}.", about=about)
    return what, facts.where_it_runs(scene, at.anchor.request)


def lifespan(scene: Scene, at: At) -> Sentences:
    """Startup or shutdown, as far as it is one step."""
    types = {e.asgi for e in at.group.events if e.asgi}
    if "lifespan.startup.complete" in types:
        what = say("The app has started." if len(types) == 1 else "The server starts the app.")
        return what, say("`lifespan.startup.complete` is sent: requests may come.")
    if "lifespan.shutdown.complete" in types:
        what = say(
            "The app has shut down." if len(types) == 1 else "The server shuts the app down."
        )
        return what, say("`lifespan.shutdown.complete` is sent.")
    if "lifespan.shutdown" in types:
        return say("The server tells the app to shut down."), say(
            "It receives `lifespan.shutdown`."
        )
    if {"lifespan", "lifespan.startup"} & types:
        return say("The server starts the app."), say(
            "The app is called with the scope `lifespan`, once."
        )
    return say("The app’s startup or shutdown fails."), ()


def receive(scene: Scene, at: At) -> Sentences:
    """The app is given a message."""
    event = at.anchor
    if event.boundary:
        return passed.within(scene, at)
    if event.request is None:
        return lifespan(scene, at)
    if (event.asgi or "").startswith("websocket."):
        return passed.received(at)
    if event.asgi == "http.disconnect":
        now = at.before.request(event.request)
        what = say("The app receives `http.disconnect`.")
        if now.complete:
            return what, say("The response is complete, so there is nothing more to receive.")
        return what, say("The client is gone; the response is not complete.")
    if event.asgi == "http.request":
        size = body_size(event)
        piece = plural(size, "byte") if size is not None else "a part"
        more = event.detail.get("more_body")
        return (
            say("The app receives the body of the request: {piece}.", piece=piece),
            say(
                "`more_body` is true: there is more to come."
                if more
                else "`more_body` is false: that is all."
            ),
        )
    return say("The app receives {m}.", m=code(event.asgi or "a message")), ()


def send(scene: Scene, at: At) -> Sentences:
    """The app sends a message."""
    event = at.anchor
    if event.boundary:
        return passed.within(scene, at)
    if event.request is None:
        return lifespan(scene, at)
    if (event.asgi or "").startswith("websocket."):
        return passed.sent(at)
    if event.asgi == "http.response.start":
        return (
            say(
                "The status `{s}` and the headers are sent.", s=str(event.detail.get("status", ""))
            ),
            say("From here on the status can’t be changed any more: it is on the wire."),
        )
    if event.asgi == "http.response.body":
        size = body_size(event)
        more = bool(event.detail.get("more_body"))
        if size == 0 and not more:
            what = say("The end of the body is sent.")
        else:
            part = "A piece of the body" if more else "The body"
            if not more and at.before.request(event.request).body:
                part = "The last piece of the body"
            told = f": {plural(size, 'byte')}" if size is not None else ""
            what = say("{part} is sent{told}.", part=part, told=told)
        why = (
            "`more_body` is true: there is more to come."
            if more
            else "`more_body` is false: as far as ASGI goes, the response is complete."
        )
        return what, say(why)
    return say("The app sends {m}.", m=code(event.asgi or "a message")), ()


def done(scene: Scene, at: At) -> Sentences:
    """The app's call has returned."""
    if at.anchor.boundary:
        return passed.within(scene, at)
    if at.anchor.request is None:
        return say("The app’s call for its lifespan returns."), ()
    about = "connection" if at.before.request(at.anchor.request).socket else "request"
    what = say("The app’s call returns: as far as the app goes, the {about} is over.", about=about)
    return what, _client_has_it(scene, at)


def failed(scene: Scene, at: At) -> Sentences:
    """The app's call has raised."""
    if at.anchor.boundary:
        return passed.within(scene, at)
    exception = str(at.anchor.detail.get("exception", "an exception"))
    what = say("The app’s call ends with {e}, which is raised into the server.", e=code(exception))
    has = _client_has_it(scene, at)
    now = at.before.request(at.anchor.request)
    if not has and at.anchor.request is not None and not (now.head or now.socket):
        has = say("The app has sent no response of its own.")
    return what, has


def _client_has_it(scene: Scene, at: At) -> Text:
    has = next(
        (e for e in scene.events(at.anchor.request, "complete") if e.seq < at.anchor.seq), None
    )
    if has is None:
        return ()
    step = scene.number(has.seq)
    ago = at.n - step
    return say(
        "The client has had its response since step {step}{ago}.",
        step=scene.step(step),
        ago=f", {ago} steps ago" if ago > 1 else "",
    )


# ------------------------------------------------------------------ FastAPI


def probe(scene: Scene, at: At) -> Sentences:
    """FastAPI is at work around the snippet."""
    name = at.anchor.detail.get("probe")
    if name == "solve_dependencies":
        return _solve(scene, at)
    if name == "serialize_response":
        return _serialize(scene, at)
    if name == "dependency":
        of = code(str(at.anchor.detail.get("for") or "the dependency"))
        return (
            say("FastAPI takes the value of {f} from its cache: {f} is not called again.", f=of),
            say("In this request it has been called before."),
        )
    return say("FastAPI is at {p}.", p=code(str(name))), ()


def _solve(scene: Scene, at: At) -> Sentences:
    name = str(at.anchor.detail.get("for") or "")
    endpoint = code(name) if name else "the endpoint"
    errors = next((e.detail["errors"] for e in at.group.events if e.detail.get("errors")), 0)
    if isinstance(errors, int) and errors:
        found = plural(errors, "error")
        why = say(
            "Something that its signature asks for is missing from the request, or does not fit."
        )
        if at.anchor.detail.get("phase") == "end":
            return say("FastAPI has found {n} in what {f} asks for.", n=found, f=endpoint), why
        return say("FastAPI reads and checks what {f} asks for: {n}.", n=found, f=endpoint), why
    wanted = scene.app.dependencies_of(name)
    own = _own_parameters(scene, name)
    if not wanted and not own:
        return (
            say("FastAPI looks at what {f} asks for.", f=endpoint),
            say("It has no parameters." if name in scene.app.functions else ""),
        )
    if not wanted:
        return (
            say("FastAPI reads and checks the parameters of {f}.", f=endpoint),
            say("It asks for {names}, and depends on no other function.", names=codes(own)),
        )
    what = say("FastAPI solves the dependencies of {f}.", f=endpoint)
    following = next(
        (e for e in scene.events(at.anchor.request, "call") if e.seq > at.anchor.seq), None
    )
    asks = say("{f} depends on {names}", f=endpoint, names=codes(wanted))
    first = following.function if following is not None and following.function else ""
    way = facts.chain(scene, name, first) if first else []
    if len(way) < 2:
        return what, join(asks, say("."), by="")
    through = [say(", and {a} on {b}", a=code(a), b=code(b)) for a, b in pairwise(way[1:])]
    return what, join(asks, *through, say(", so {first} runs first.", first=code(first)), by="")


def _own_parameters(scene: Scene, name: str) -> tuple[str, ...]:
    function = scene.app.functions.get(name)
    return tuple(p for p in function.parameters if p not in function.needs) if function else ()


def _serialize(scene: Scene, at: At) -> Sentences:
    found = facts.returned_value(scene, at)
    exception = next(
        (e.detail["exception"] for e in at.group.events if e.detail.get("exception")), None
    )
    returned = code(short(found[1])) if found else "what the endpoint returned"
    if exception:
        return (
            say("FastAPI can’t serialize {v}: {e} is raised.", v=returned, e=code(str(exception))),
            (),
        )
    what = say("FastAPI turns {v} into what will be sent.", v=returned)
    if found is None:
        return what, ()
    return what, say("{f} returned it at step {step}.", f=code(found[0]), step=found[2])


# ------------------------------------------------------------------ the program


def output(scene: Scene, at: At) -> Sentences:
    """The program prints, logs, warns, or loses an exception."""
    event = at.anchor
    text = str(event.detail.get("text") or event.shown.get("text") or "")
    shown = code(short(text)) if text else ""
    who = at.place.function if at.place is not event else None
    why = clause(scene, at) if who else ()
    if event.kind == "print":
        if who:
            return say("{f} prints {text}.", f=code(who), text=shown), why
        return say("{text} is printed.", text=shown), why
    if event.kind == "log":
        return (
            say(
                "{logger} logs at level {level}: {text}",
                logger=code(str(event.detail.get("logger", ""))),
                level=code(str(event.detail.get("level", ""))),
                text=shown,
            ),
            (),
        )
    if event.kind == "warning":
        return say(
            "A {c} is issued: {text}",
            c=code(str(event.detail.get("category", "warning"))),
            text=shown,
        ), ()
    exception = str(event.detail.get("exception") or "exception")
    return say("No one has retrieved {e}: {text}", e=code(exception), text=shown), ()
