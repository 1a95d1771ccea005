"""The wire: every ASGI message at the app's boundary, in the order of `receive` and `send`.

Follows the ASGI specification 3.0 (asgi.readthedocs.io): HTTP & WebSocket message format 2.5,
lifespan 2.0.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from asrun.record.log import Log
from asrun.record.values import SECRET, Encoder, is_secret, shorten, type_name

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_Told = tuple[dict[str, Any], dict[str, Any]]
"""What of an event is compared, and what is only shown."""
MAX_BODY = 2_000
"""Characters of a body that are kept; a cut shows as `…`."""


def body_text(body: bytes) -> str:
    """A body as text of at most `MAX_BODY` characters; what is not UTF-8 shows as its bytes."""
    try:
        return shorten(body.decode(), MAX_BODY)
    except UnicodeDecodeError:
        return shorten(repr(body), MAX_BODY)


def headers_text(headers: Any) -> list[list[str]]:
    """Headers as sorted pairs: their order has no meaning and differs between releases."""
    try:
        return sorted([k.decode("latin-1").lower(), v.decode("latin-1")] for k, v in headers)
    except (AttributeError, TypeError, ValueError):
        return [["not headers", type_name(headers)]]  # the app's own mistake: a server will tell it


_QUERY_SECRET = re.compile(r"([?&]|^)([^=&?]*)=([^&]*)")


def query_text(text: str) -> str:
    """A URL or a query string without the values of its secrets."""
    return _QUERY_SECRET.sub(lambda m: f"{m[1]}{m[2]}={SECRET}" if is_secret(m[2]) else m[0], text)


class Wire:
    """An ASGI app that records what passes between its caller and the app within it.

    Args:
        app: the app.
        log: where the events go.
        encoder: asked, at each message, whether a watched object has changed.
        boundary: "" between the server and the app; else the name of the middleware that calls
            what is within, and the lifespan is not recorded again.
    """

    def __init__(self, app: App, log: Log, encoder: Encoder, boundary: str = "") -> None:
        self._app = app
        self._log = log
        self._encoder = encoder
        self._boundary = boundary
        encoder.stand_ins[Wire] = "_app"

    async def __call__(self, scope: Scope, from_caller: Receive, to_caller: Send) -> None:
        """Call the app, recording its scope, its messages, and how it ends."""
        if self._boundary and scope["type"] == "lifespan":
            await self._app(scope, from_caller, to_caller)
            return
        self._tell("scope", scope.get("type"), lambda: (self._scope(scope), {}))

        # Named as a server's are: a snippet sees them.
        async def receive() -> Message:
            message = await from_caller()
            self._tell("receive", message.get("type"), lambda: _message(message))
            return message

        async def send(message: Message) -> None:
            self._tell("send", message.get("type"), lambda: _message(message))
            await to_caller(message)

        try:
            await self._app(scope, receive, send)
        except BaseException as error:
            raised = error
            self._tell("failed", None, lambda: self._failure(raised))
            raise
        self._tell("done", None, lambda: ({}, {}))

    def _tell(self, kind: str, asgi: str | None, describe: Callable[[], _Told]) -> None:
        """Append an event; an error of the recorder is kept, and never raised into the app."""
        try:
            detail, shown = describe()
            if self._boundary:
                detail = {"boundary": self._boundary, **detail}
            states = self._encoder.changed_states()
            self._log.add(kind, lane="wire", asgi=asgi, detail=detail, shown=shown, states=states)
        except Exception as error:  # noqa: BLE001
            self._log.fail(error)

    def _failure(self, error: BaseException) -> _Told:
        return {"exception": type_name(error)}, {"text": self._encoder.encode(error)}

    @staticmethod
    def _scope(scope: Scope) -> dict[str, Any]:
        detail: dict[str, Any] = {}
        for name in ("method", "path"):
            if name in scope:
                detail[name] = scope[name]
        if scope.get("query_string"):
            detail["query"] = query_text(scope["query_string"].decode("latin-1"))
        return detail


def _message(message: Message) -> _Told:
    detail: dict[str, Any] = {}
    shown: dict[str, Any] = {}
    for name, value in message.items():
        if name == "type" or value is None:
            continue
        if name == "headers":
            detail[name] = headers_text(value)
        elif isinstance(value, (bytes, bytearray)):
            detail[name] = body_text(bytes(value))
        elif name == "message" and isinstance(value, str):
            shown[name] = shorten(value, MAX_BODY)  # a traceback, in lifespan.startup.failed
        elif isinstance(value, (str, int, bool)):
            detail[name] = value
    return detail, shown


class Lifespan:
    """Runs an app's lifespan as a server does: startup before all requests, shutdown at the end.

    Args:
        app: the recorded app.
        loop: the event loop it runs on.
    """

    def __init__(self, app: App, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._started: asyncio.Future[str] = loop.create_future()
        self._stopped: asyncio.Future[str] = loop.create_future()
        self._task: asyncio.Task[None] | None = None
        self._loop = loop
        self.state: dict[str, Any] = {}
        """What the lifespan yielded, for the scopes of requests."""

    async def startup(self) -> str:
        """Start the app; returns "" or the message of its `lifespan.startup.failed`."""
        self._task = self._loop.create_task(self._run())
        await self._to_app.put({"type": "lifespan.startup"})
        return await self._started

    async def shutdown(self) -> str:
        """Stop the app; returns "" or the message of its `lifespan.shutdown.failed`."""
        if self._stopped.done():
            return self._stopped.result()
        await self._to_app.put({"type": "lifespan.shutdown"})
        return await self._stopped

    async def _run(self) -> None:
        scope: Scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._to_app.get, self._send)
        except Exception:  # noqa: BLE001
            # A server takes this for "does not support lifespan", unless a message said otherwise.
            pass
        finally:
            for future in (self._started, self._stopped):
                if not future.done():
                    future.set_result("")

    async def _send(self, message: Message) -> None:
        kind, text = message["type"], message.get("message", "")
        future = self._started if kind.startswith("lifespan.startup") else self._stopped
        if not future.done():
            future.set_result(text or "failed" if kind.endswith("failed") else "")
