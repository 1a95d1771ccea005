"""What a scenario is given: an httpx client whose requests and WebSockets reach the app.

Also loads in the environments of old FastAPI releases: httpx is all that it needs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from asrun.record.server import Server
    from asrun.record.websocket import WebSocket

BASE_URL = "http://testserver"


class WebSocketRejected(Exception):
    """The app did not accept the WebSocket.

    Args:
        response: what it answered the handshake with; 403 where it just closed.
    """

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"the WebSocket was rejected with {response.status_code}")
        self.response = response


class Client(httpx.AsyncClient):
    """An `httpx.AsyncClient` of the recorded app, which can open WebSockets, too.

    The head of a response and each chunk arrive in the moment in which the app sends them, and an
    exception that the app lets out is what it is on a socket: a 500, or a connection that breaks.

    Args:
        server: calls the app.
    """

    def __init__(self, server: Server) -> None:
        # An SSL context takes longer to make than the request, and no proxy leads into a process.
        super().__init__(
            transport=_Transport(server), base_url=BASE_URL, verify=False, trust_env=False
        )
        self._server = server

    @asynccontextmanager
    async def websocket(
        self,
        url: str,
        *,
        params: Any = None,
        headers: Mapping[str, str] | None = None,
        cookies: dict[str, str] | None = None,
        subprotocols: Sequence[str] = (),
    ) -> AsyncIterator[WebSocket]:
        """Open a WebSocket; it is closed at the end of the `async with`.

        Args:
            url: path or URL, as for a request.
            params: as for a request.
            headers: as for a request.
            cookies: as for a request.
            subprotocols: which the client offers.

        Raises:
            WebSocketRejected: the app did not accept it.
            httpx.ConnectError: the app's startup failed, so no server is up.
        """
        request = self.build_request("GET", url, params=params, headers=headers, cookies=cookies)
        socket = await self._server.connect(request, list(subprotocols))
        if socket.rejection is not None:
            status, raw_headers, body = socket.rejection
            response = httpx.Response(status, headers=raw_headers, content=body, request=request)
            raise WebSocketRejected(response)
        try:
            yield socket
        finally:
            await socket.close()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._exchange.body.get()) is not None:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    async def aclose(self) -> None:
        self._exchange.leave()


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, server: Server) -> None:
        self._server = server

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        exchange = await self._server.begin(request)
        try:
            status, headers = await exchange.head
        except BaseException:
            exchange.leave()
            raise
        return httpx.Response(status, headers=headers, stream=_Stream(exchange))
