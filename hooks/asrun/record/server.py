"""The server's side of a scenario: calls the app for each request, and streams to the client.

`httpx.ASGITransport` gives the client nothing until the app has finished, cleanup included. Here
the head and each chunk reach the client in the moment in which they are sent, and an exception
that the app lets out is what it is on a socket: a 500, or a connection that breaks.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from asrun.record.log import Log, request_id
from asrun.record.values import SECRET, is_secret
from asrun.record.websocket import WebSocket
from asrun.record.wire import (
    App,
    Message,
    Receive,
    Scope,
    Send,
    body_text,
    headers_text,
    query_text,
)

if TYPE_CHECKING:
    import httpx

    from asrun.client import Client


class Exchange:
    """One request and its response, between the client and the task that runs the app.

    Args:
        number: the request's.
        method: the request's.
        chunks: the request's body.
        log: where the client's events go.
        closed: is told when the client is done with it.
    """

    def __init__(
        self,
        number: int,
        method: str,
        chunks: AsyncIterator[bytes],
        log: Log,
        closed: Callable[[Exchange], None],
    ) -> None:
        self.number = number
        self.head: asyncio.Future[tuple[int, list[tuple[bytes, bytes]]]]
        self.head = asyncio.get_running_loop().create_future()
        self.body: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        """What the client reads: chunks; then None, or what broke the connection."""
        self._log = log
        self._closed = closed
        self._method = method
        self._chunks = chunks
        self._over = asyncio.Event()
        """The response is complete, broken, or no longer wanted: receive says http.disconnect."""
        self._complete = False
        self._left = False
        self._request_ended = False
        self._next: bytes | None = None
        self._status = 0
        self._sent: list[bytes] = []
        self._pieces = 0

    async def receive(self) -> Message:
        """The request's body, chunk by chunk; then http.disconnect, once the response is over."""
        if self._request_ended or self._over.is_set():
            await self._over.wait()
            return {"type": "http.disconnect"}
        if self._next is None:
            self._next = await anext(self._chunks, b"")
        chunk, following = self._next, await anext(self._chunks, None)
        self._next = following
        self._request_ended = following is None
        return {"type": "http.request", "body": chunk, "more_body": not self._request_ended}

    async def send(self, message: Message) -> None:
        """What the app sends; the client has it at once."""
        if self._left:
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._told("response", status=self._status)
            if not self.head.done():
                self.head.set_result((self._status, list(message.get("headers", []))))
        elif message["type"] == "http.response.body":
            self._take(message.get("body", b""), bool(message.get("more_body")))

    def _take(self, chunk: bytes, more: bool) -> None:
        if self._method == "HEAD":
            chunk = b""
        if chunk:
            self._pieces += 1
            self._sent.append(chunk)
            if more or self._pieces > 1:
                self._told("chunk", body=body_text(chunk))
            self.body.put_nowait(chunk)
        if not more:
            self._complete = True
            self._told("complete", status=self._status, body=body_text(b"".join(self._sent)))
            self.body.put_nowait(None)
            self._over.set()

    def ended(self) -> None:
        """The app's call is over; what it left open, a server closes."""
        if self._left:
            return
        if not self.head.done():
            self._status = 500
            self._told("response", status=500)
            self.head.set_result((500, [(b"content-type", b"text/plain; charset=utf-8")]))
            self._take(b"Internal Server Error", False)
        elif not self._complete:
            import httpx

            self._told("broken")
            self.body.put_nowait(
                httpx.RemoteProtocolError("the server closed the connection before the end")
            )
            self._over.set()

    def leave(self) -> None:
        """The client closes; before the response was complete, this is seen by the app."""
        if not self._complete and not self._over.is_set():
            self._left = True
            self._told("left")
        self._over.set()
        self._closed(self)

    def _told(self, kind: str, **detail: Any) -> None:
        self._log.add(kind, lane="client", request=self.number, detail=detail)


class Server:
    """Calls the app as a server does.

    Args:
        app: the recorded app.
        log: where the client's events go.
        state: the lifespan's state, which each scope gets a copy of.
        up: whether the app's startup succeeded; a server that could not start takes no connection.
    """

    def __init__(self, app: App, log: Log, state: dict[str, Any], up: bool = True) -> None:
        self._app = app
        self._log = log
        self._state = state
        self._up = up
        self._requests = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[Any] = set()

    @property
    def requests(self) -> int:
        """How many requests were made, WebSockets included."""
        return self._requests

    def client(self) -> Client:
        """A new client of this server."""
        from asrun.client import Client

        return Client(self)

    async def settled(self) -> None:
        """Wait until no call of the app is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def begin(self, request: httpx.Request) -> Exchange:
        """Take a request; the app runs in a task of its own.

        Raises:
            httpx.ConnectError: no server is up.
        """
        import httpx

        if isinstance(request.stream, httpx.SyncByteStream):
            await (
                request.aread()
            )  # a form's parts arrive together; an async iterator's pieces do not
        number = await self._next(request)
        chunks: AsyncIterator[bytes] = aiter(request.stream)  # type: ignore[arg-type]
        exchange = Exchange(number, request.method, chunks, self._log, self._open.discard)
        self._open.add(exchange)
        scope = self._scope(request, "http", "2.3")
        scope["method"] = request.method
        self._start(number, self._run(scope, exchange.receive, exchange.send, exchange.ended))
        return exchange

    async def connect(self, request: httpx.Request, subprotocols: list[str]) -> WebSocket:
        """Open a WebSocket; returns once the app has accepted or rejected it.

        Raises:
            httpx.ConnectError: no server is up.
        """
        number = await self._next(request, upgrade="websocket")
        socket = WebSocket(number, self._log, self._open.discard)
        self._open.add(socket)
        scope = self._scope(request, "websocket", "2.4")
        scope["scheme"] = "wss" if request.url.scheme == "https" else "ws"
        scope["subprotocols"] = subprotocols
        scope["extensions"] = {"websocket.http.response": {}}
        self._start(number, self._run(scope, socket.asgi_receive, socket.asgi_send, socket.ended))
        try:
            await socket.handshake
        except BaseException:
            socket.lost()
            raise
        return socket

    async def _next(self, request: httpx.Request, **detail: Any) -> int:
        """Number a request, and tell that the client sends it."""
        if not self._open:
            # A client on a network is slower than the app's cleanup; one that does not wait
            # for its answers (gather, a stream that is open) does not wait here either.
            await self.settled()
        self._requests += 1
        about = {
            "method": request.method,
            "url": query_text(request.url.raw_path.decode("latin-1")),
            **detail,
        }
        headers = [h for h in headers_text(request.headers.raw) if h[0] not in _EVERY_CLIENT_SENDS]
        if headers:
            about["headers"] = _told_headers(headers)
        body = _held_body(request)
        if body:
            about["body"] = body_text(body)
        self._log.add("request", lane="client", request=self._requests, detail=about)
        if not self._up:
            import httpx

            self._log.add("broken", lane="client", request=self._requests)
            raise httpx.ConnectError(
                "the app's startup failed, so no server is up", request=request
            )
        return self._requests

    def _start(self, number: int, run: Coroutine[Any, Any, None]) -> None:
        context = contextvars.copy_context()
        context.run(request_id.set, number)
        task = asyncio.get_running_loop().create_task(run, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(
        self, scope: Scope, receive: Receive, send: Send, ended: Callable[[], None]
    ) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception:  # noqa: BLE001
            # Recorded on the wire as `failed`; a server logs it and goes on.
            pass
        finally:
            ended()

    def _scope(self, request: httpx.Request, kind: str, spec_version: str) -> Scope:
        """What uvicorn says of a connection."""
        return {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": spec_version},
            "http_version": "1.1",
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path.split(b"?")[0],
            "query_string": request.url.query,
            "root_path": "",
            "headers": [(k.lower(), v) for k, v in request.headers.raw],
            "client": ("127.0.0.1", 50000),
            "server": ("testserver", 80),
            "state": self._state.copy(),
        }


_EVERY_CLIENT_SENDS = {
    "host",
    "accept",
    "accept-encoding",
    "connection",
    "user-agent",
    "content-length",
}


def _told_headers(headers: list[list[str]]) -> list[list[str]]:
    """Headers without their secrets."""
    return [[k, SECRET if is_secret(k) or is_secret(v) else v] for k, v in headers]


def _held_body(request: httpx.Request) -> bytes:
    """The request's body where it is at hand; a streamed one is seen on the wire in its chunks."""
    import httpx

    try:
        return request.content
    except httpx.RequestNotRead:
        return b""
