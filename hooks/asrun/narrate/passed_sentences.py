"""What passes between a middleware and the app within it, and over a WebSocket, in sentences.

A middleware is given an app to call, and is handed that app's messages: nothing of them is on the
wire before the middleware sends it on.
"""

from __future__ import annotations

from asrun.model import Event
from asrun.narrate import facts
from asrun.narrate.frame_sentences import Sentences
from asrun.narrate.prose import Part, code, join, plural, say, short
from asrun.narrate.request_state import body_size
from asrun.narrate.scene import At, Scene
from asrun.story import Text

_ABNORMAL = 1006
"""The code that a WebSocket's end has where no closing message was received (RFC 6455, 7.1.5)."""

# ------------------------------------------------------------------ within a middleware


def within(scene: Scene, at: At) -> Sentences:
    """A message, a call or an end between a middleware and the app within it."""
    event = at.anchor
    middleware = code(event.boundary)
    if event.kind == "scope":
        return say("{m} calls the app within it.", m=middleware), ()
    if event.kind == "done":
        return say("The app within {m} returns.", m=middleware), ()
    if event.kind == "failed":
        exception = code(str(event.detail.get("exception", "an exception")))
        return (
            say(
                "The app within {m} ends with {e}, which is raised into {m}.",
                m=middleware,
                e=exception,
            ),
            (),
        )
    if event.kind == "receive":
        return say("{m} hands {what} to the app within it.", m=middleware, what=_message(event)), ()
    what = say("The app within {m} hands it {what}.", m=middleware, what=_message(event))
    return what, _on_the_wire(scene, at)


def _message(event: Event) -> Text:
    if event.asgi == "http.response.start":
        return say("the status `{s}` and the headers", s=str(event.detail.get("status", "")))
    if event.asgi in ("http.response.body", "http.request"):
        size = body_size(event)
        if size == 0 and not event.detail.get("more_body"):
            return say("the end of the body")
        counted = f": {plural(size, 'byte')}" if size is not None else ""
        part = "a piece of the body" if event.detail.get("more_body") else "the body"
        return say("{part}{counted}", part=part, counted=counted)
    return say("{m}", m=code(event.asgi or "a message"))


def _on_the_wire(scene: Scene, at: At) -> Text:
    """What of the response is on the wire, where that is less than what was handed on."""
    now = at.before.request(at.anchor.request)
    if at.anchor.asgi == "http.response.start" and not now.head:
        return say("Nothing is on the wire yet: what becomes of it is for the middleware to say.")
    return ()


# ------------------------------------------------------------------ WebSockets, at the client


def message(scene: Scene, at: At) -> Sentences:
    """The client has sent a message, or has one."""
    what = _held(at.anchor)
    if at.anchor.detail.get("by") == "client":
        return say("The client sends {what}.", what=what), ()
    return say("The client has {what}.", what=what), facts.still_suspended(at)


def closed(scene: Scene, at: At) -> Sentences:
    """The WebSocket is closed."""
    event = at.anchor
    if event.detail.get("by") == "client":
        what = say("The client closes the connection{code}.", code=_code(event))
        return what, facts.still_suspended(at)
    if event.detail.get("code") == _ABNORMAL:
        return (
            say("The connection ends for the client, with the code `{n}`.", n=_ABNORMAL),
            say("The app has sent no `websocket.close`."),
        )
    return say("The connection is closed for the client{code}.", code=_code(event)), ()


# ------------------------------------------------------------------ WebSockets, on the wire


def received(at: At) -> Sentences:
    """The app is given a message of a WebSocket."""
    event = at.anchor
    if event.asgi == "websocket.connect":
        return (
            say("The app receives `websocket.connect`."),
            say("The client asks for a connection: it is for the app to accept or to refuse it."),
        )
    if event.asgi == "websocket.receive":
        return say("The app receives {what}.", what=_held(event)), ()
    what = say("The app receives `websocket.disconnect`{code}.", code=_code(event))
    return what, say("The connection is over.")


def sent(at: At) -> Sentences:
    """The app sends a message of a WebSocket."""
    event = at.anchor
    if event.asgi == "websocket.accept":
        protocol = event.detail.get("subprotocol")
        with_it = say(", with the subprotocol {p}", p=code(str(protocol))) if protocol else ()
        what = join(say("The app accepts the connection"), with_it, say("."), by="")
        return what, say("From here on both sides may send messages.")
    if event.asgi == "websocket.send":
        what = say("The app sends {what}.", what=_held(event))
        client = at.before.request(event.request).client
        gone = client == "client has closed the connection"
        return what, say("The client has closed the connection.") if gone else ()
    if event.asgi == "websocket.close":
        if at.before.request(event.request).socket == "connection accepted":
            return say("The app closes the connection{code}.", code=_code(event)), ()
        return (
            say("The app refuses the connection{code}.", code=_code(event)),
            say("It had not accepted it."),
        )
    if event.asgi == "websocket.http.response.start":
        status = str(event.detail.get("status", ""))
        return (
            say("The app refuses the connection, with the status `{s}` of its own.", s=status),
            say("It had not accepted it."),
        )
    size = body_size(event)
    counted = f": {plural(size, 'byte')}" if size is not None else ""
    return say("The body of the refusal is sent{counted}.", counted=counted), ()


def _held(event: Event) -> Text:
    """A message by what it holds."""
    text = event.detail.get("text")
    if isinstance(text, str):
        return say("the message {t}", t=code(short(text)))
    return say("a message of bytes: {b}", b=code(short(str(event.detail.get("bytes", "")))))


def _code(event: Event) -> Text:
    number = event.detail.get("code")
    parts: dict[str, Part] = {"n": str(number)}
    told = say(", with the code `{n}`", **parts) if number is not None else ()
    reason = event.detail.get("reason")
    return join(told, say(" and the reason {r}", r=code(str(reason))), by="") if reason else told
