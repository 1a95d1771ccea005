"""The wire: every ASGI message at the app's boundary, in the order of `receive` and `send`.

Follows the ASGI specification 3.0 (asgi.readthedocs.io): HTTP & WebSocket message format 2.5,
lifespan 2.0.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from asrun.record.log import Log
from asrun.record.values import Encoder, shorten

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY = 2_000
"""Characters of a body that are kept; a cut shows as `…`."""


def body_text(body: bytes) -> str:
    """A body as text of at most `MAX_BODY` characters; what is not UTF-8 shows as its bytes."""
    try:
        return shorten(body.decode(), MAX_BODY)
    except UnicodeDecodeError:
        return shorten(repr(body), MAX_BODY)


def headers_text(headers: Any) -> list[list[str]]:
    """Headers as sorted pairs: their order on the wire has no meaning and differs between releases."""
    return sorted([k.decode("latin-1").lower(), v.decode("latin-1")] for k, v in headers)


class Wire:
    """An ASGI app that records what passes between a server and the app within it.

    Args:
        app: the app.
        log: where the events go.
        encoder: asked, at each message, whether a watched object has changed.
    """

    def __init__(self, app: App, log: Log, encoder: Encoder) -> None:
        self._app = app
        self._log = log
        self._encoder = encoder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the app, recording its scope, its messages, and how it ends."""
        self._add("scope", scope["type"], self._scope(scope))

        async def receiving() -> Message:
            message = await receive()
            self._add("receive", message["type"], self._message(message))
            return message

        async def sending(message: Message) -> None:
            self._add("send", message["type"], self._message(message))
            await send(message)

        try:
            await self._app(scope, receiving, sending)
        except BaseException as error:
            self._log.add(
                "failed",
                lane="wire",
                detail={"exception": type(error).__name__},
                shown={"text": self._encoder.encode(error)},
                states=self._encoder.changed_states(),
            )
            raise
        self._log.add("done", lane="wire", states=self._encoder.changed_states())

    def _add(self, kind: str, asgi: str, detail: dict[str, Any]) -> None:
        self._log.add(kind, lane="wire", asgi=asgi, detail=detail, states=self._encoder.changed_states())

    @staticmethod
    def _scope(scope: Scope) -> dict[str, Any]:
        detail: dict[str, Any] = {}
        for name in ("method", "path"):
            if name in scope:
                detail[name] = scope[name]
        if scope.get("query_string"):
            detail["query"] = scope["query_string"].decode("latin-1")
        return detail

    @staticmethod
    def _message(message: Message) -> dict[str, Any]:
        detail: dict[str, Any] = {}
        for name, value in message.items():
            if name == "type" or value is None:
                continue
            if name == "headers":
                detail[name] = headers_text(value)
            elif isinstance(value, (bytes, bytearray)):
                detail["body" if name == "body" else name] = body_text(bytes(value))
            elif isinstance(value, (str, int, bool)):
                detail[name] = value
        return detail


class Lifespan:
    """Runs an app's lifespan as a server does: startup before the first request, shutdown at the end.

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
        except Exception:
            # A server takes this for "does not support lifespan", unless startup was under way.
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
