"""The client: an httpx transport that calls the app as a server would, and streams.

`httpx.ASGITransport` gives the client nothing until the app has finished, cleanup included. Here
the head and each chunk reach the client in the moment in which they are sent, and an exception
that the app lets out is what it is on a socket: a 500, or a connection that breaks.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from asrun.record.log import Log, request_id
from asrun.record.wire import App, Message, Scope, body_text, headers_text

if TYPE_CHECKING:
    import httpx

_BASE_URL = "http://testserver"


class _Exchange:
    """One request and its response, between the client and the task that runs the app."""

    def __init__(self, number: int, method: str, chunks: AsyncIterator[bytes], log: Log) -> None:
        self.number = number
        self.log = log
        loop = asyncio.get_running_loop()
        self.head: asyncio.Future[tuple[int, list[tuple[bytes, bytes]]]] = loop.create_future()
        self.body: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self.over = asyncio.Event()
        """The response is complete, broken, or no longer wanted: receive says http.disconnect."""
        self.complete = False
        self.left = False
        self._method = method
        self._chunks = chunks
        self._request_ended = False
        self._next: bytes | None = None
        self._status = 0
        self._sent: list[bytes] = []
        self._pieces = 0

    async def receive(self) -> Message:
        """The request's body, chunk by chunk; then http.disconnect, once the response is over."""
        if self._request_ended:
            await self.over.wait()
            return {"type": "http.disconnect"}
        if self._next is None:
            self._next = await anext(self._chunks, b"")
        chunk, following = self._next, await anext(self._chunks, None)
        self._next = following
        self._request_ended = following is None
        return {"type": "http.request", "body": chunk, "more_body": not self._request_ended}

    async def send(self, message: Message) -> None:
        """What the app sends; the client has it at once."""
        if self.left:
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
            self.complete = True
            self._told("complete", status=self._status, body=body_text(b"".join(self._sent)))
            self.body.put_nowait(None)
            self.over.set()

    def ended(self) -> None:
        """The app's call is over; what it left open, a server closes."""
        if not self.head.done():
            text = b"Internal Server Error"
            self._status = 500
            self._told("response", status=500)
            self.head.set_result((500, [(b"content-type", b"text/plain; charset=utf-8")]))
            self._take(text, False)
        elif not self.complete and not self.left:
            import httpx

            self._told("broken")
            self.body.put_nowait(httpx.RemoteProtocolError("the server closed the connection before the end"))
            self.over.set()

    def leave(self) -> None:
        """The client closes; before the response was complete, this is seen by the app."""
        if not self.complete and not self.over.is_set():
            self.left = True
            self._told("left")
        self.over.set()

    def _told(self, kind: str, **detail: Any) -> None:
        self.log.add(kind, lane="client", request=self.number, detail=detail)


class Client:
    """What a scenario's `client` is made of.

    Args:
        app: the recorded app.
        log: where the client's events go.
        state: the lifespan's state, which each scope gets a copy of.
    """

    def __init__(self, app: App, log: Log, state: dict[str, Any]) -> None:
        self._app = app
        self._log = log
        self._state = state
        self._requests = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[_Exchange] = set()

    @property
    def requests(self) -> int:
        """How many requests were made."""
        return self._requests

    def httpx_client(self) -> httpx.AsyncClient:
        """A new `httpx.AsyncClient` whose requests reach the app."""
        import httpx

        owner = self

        class Stream(httpx.AsyncByteStream):
            def __init__(self, exchange: _Exchange) -> None:
                self._exchange = exchange

            async def __aiter__(self) -> AsyncIterator[bytes]:
                while (chunk := await self._exchange.body.get()) is not None:
                    if isinstance(chunk, Exception):
                        raise chunk
                    yield chunk

            async def aclose(self) -> None:
                self._exchange.leave()
                owner._open.discard(self._exchange)

        class Transport(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                exchange = await owner._begin(request)
                try:
                    status, headers = await exchange.head
                except asyncio.CancelledError:
                    exchange.leave()
                    owner._open.discard(exchange)
                    raise
                return httpx.Response(status, headers=headers, stream=Stream(exchange))

        # An SSL context takes longer to make than the request, and no proxy leads into a process.
        return httpx.AsyncClient(transport=Transport(), base_url=_BASE_URL, verify=False, trust_env=False)

    async def settled(self) -> None:
        """Wait until no call of the app is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _begin(self, request: httpx.Request) -> _Exchange:
        if not self._open:
            # A client on a network is slower than the app's cleanup; one that does not wait
            # for its answers (gather, a stream that is open) does not wait here either.
            await self.settled()
        self._requests += 1
        exchange = _Exchange(self._requests, request.method, aiter(request.stream), self._log)  # type: ignore[arg-type]
        self._open.add(exchange)
        detail: dict[str, Any] = {"method": request.method, "url": request.url.raw_path.decode("latin-1")}
        headers = [h for h in headers_text(request.headers.raw) if h[0] not in _EVERY_CLIENT_SENDS]
        if headers:
            detail["headers"] = headers
        body = _held_body(request)
        if body:
            detail["body"] = body_text(body)
        self._log.add("request", lane="client", request=exchange.number, detail=detail)

        context = contextvars.copy_context()
        context.run(request_id.set, exchange.number)
        task = asyncio.get_running_loop().create_task(self._run(exchange, self._scope(request)), context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return exchange

    async def _run(self, exchange: _Exchange, scope: Scope) -> None:
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            # Recorded on the wire as `failed`; a server logs it and goes on.
            pass
        finally:
            exchange.ended()

    def _scope(self, request: httpx.Request) -> Scope:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
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


_EVERY_CLIENT_SENDS = {"host", "accept", "accept-encoding", "connection", "user-agent", "content-length"}


def _held_body(request: httpx.Request) -> bytes:
    """The request's body where it is at hand; a streamed one is seen on the wire, chunk by chunk."""
    import httpx

    try:
        return request.content
    except httpx.RequestNotRead:
        return b""
