"""A request at one moment: what the client, the app's call and the response are at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from asrun.model import Event
from asrun.narrate.prose import plural

_SETTLED = (
    "request not sent",
    "client has the whole response",
    "client has left",
    "client has closed the connection",
    "connection closed by the server",
)
"""What the client is at when it waits for nothing."""


@dataclass(frozen=True, slots=True)
class RequestNow:
    """A request at one moment, seen from outside the snippet."""

    number: int
    client: str = "request not sent"
    has: int = 0
    """Bytes of the response's body that the client has."""
    app: Literal["not called", "running", "returned", "raised"] = "not called"
    received: int = 0
    """Bytes of the request's body that the app has received."""
    head: int = 0
    """The status that was sent; 0 while none was."""
    body: int = 0
    """Bytes of the body that were sent."""
    exact: bool = True
    """Whether `body` counts everything: a body that was cut in the trace can't be counted."""
    complete: bool = False
    """Whether the last of the body was sent."""
    probes: tuple[tuple[str, str], ...] = ()
    """What FastAPI is doing: probes that have started, with the function each is for."""
    since: int = 0
    """The last event of the app's call itself."""
    exception: str = ""
    socket: str = ""
    """What a WebSocket connection is at, in words; "" for a request over HTTP."""

    @property
    def waiting(self) -> bool:
        """Whether the client has asked and does not have all of its answer."""
        return self.client not in _SETTLED

    @property
    def words(self) -> tuple[str, ...]:
        """What the client, the app's call, the request's body and the response are at, in words."""
        app = f"raised {self.exception}" if self.app == "raised" else self.app
        received = plural(self.received, "byte") if self.received else "nothing"
        return (self.client, f"app {app}", f"{received} of the body received", self.response)

    @property
    def response(self) -> str:
        """What of the response has been sent, in words; of a WebSocket, what it is at."""
        if self.socket:
            return self.socket
        if not self.head:
            return "nothing sent"
        size = f", {plural(self.body, 'byte')} of body" if self.exact and self.body else ""
        if self.complete:
            return f"{self.head} complete{size}"
        return f"{self.head} sent{size}"


def doing(request: RequestNow) -> str:
    """What FastAPI itself is doing for a request, in words."""
    if request.app in ("not called", "returned"):
        return request.app
    if request.app == "raised":
        return f"ended by {request.exception or 'an exception'}"
    for name, of in reversed(request.probes):
        if name == "solve_dependencies":
            return f"solving the dependencies of {of}" if of else "solving dependencies"
        if name == "serialize_response":
            return "serializing"
        if name == "run_endpoint_function":
            return "running the endpoint"
    return "running"


def seen_by_client(old: RequestNow, event: Event) -> RequestNow:
    """The request after an event of the client's."""
    has = old.has + (body_size(event) or 0 if event.kind == "chunk" else 0)
    words = {
        "request": "request sent",
        "response": f"client has the status {event.detail.get('status', '')}".rstrip(),
        "chunk": f"client has {plural(has, 'byte')} of the body",
        "complete": "client has the whole response",
        "left": "client has left",
        "broken": "connection closed by the server",
        "message": f"client has {'sent' if event.detail.get('by') == 'client' else 'had'} a message",
        "closed": "client has closed the connection"
        if event.detail.get("by") == "client"
        else "connection closed by the server",
    }
    if event.kind == "response" and event.detail.get("status") == 101:
        words["response"] = "client is connected"
    return replace(old, client=words.get(event.kind, old.client), has=has)


def seen_on_wire(old: RequestNow, event: Event) -> RequestNow:
    """The request after an event on the wire; within a middleware nothing is on the wire yet."""
    if event.boundary:
        return old
    if event.kind == "scope":
        socket = "connection not accepted" if event.asgi == "websocket" else ""
        return replace(old, app="running", since=event.seq, socket=socket)
    if old.socket:
        old = replace(old, socket=_socket(old.socket, event))
    if event.kind == "done":
        return replace(old, app="returned", since=event.seq)
    if event.kind == "failed":
        return replace(
            old, app="raised", since=event.seq, exception=str(event.detail.get("exception", ""))
        )
    if event.kind == "receive" and event.asgi == "http.request":
        return replace(old, received=old.received + (body_size(event) or 0))
    if event.kind == "send" and event.asgi == "http.response.start":
        status = event.detail.get("status")
        return replace(old, head=status if isinstance(status, int) else 0)
    if event.kind == "send" and event.asgi == "http.response.body":
        size = body_size(event)
        return replace(
            old,
            body=old.body + (size or 0),
            exact=old.exact and size is not None,
            complete=not event.detail.get("more_body", False),
        )
    return old


def _socket(now: str, event: Event) -> str:
    if event.asgi == "websocket.accept":
        return "connection accepted"
    if event.asgi == "websocket.disconnect":
        return "connection closed by the client"
    if event.asgi == "websocket.http.response.start":
        return f"connection refused with {event.detail.get('status', '')}".rstrip()
    if event.asgi == "websocket.close":
        return (
            "connection closed by the app" if now == "connection accepted" else "connection refused"
        )
    return now


def body_size(event: Event) -> int | None:
    """Bytes of a message's body; None where the trace holds only a part of it."""
    size = event.detail.get("size")
    if isinstance(size, int):
        return size
    body = event.detail.get("body", "")
    if not isinstance(body, str) or body.endswith("…"):
        return None
    return len(body.encode())
