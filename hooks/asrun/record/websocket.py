"""A WebSocket between a scenario's client and the app: one object, a side for each.

The server's side follows uvicorn: a close before accept answers the handshake with 403, an app
that ends without closing leaves the client with an abnormal closure (1006).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from asrun.record.log import Log
from asrun.record.wire import Message, body_text

ABNORMAL = 1006
"""Close code for a connection that broke (RFC 6455, 7.4.1)."""
_NO_STATUS = 1005
_NORMAL = 1000


class WebSocketClosed(Exception):
    """The WebSocket is closed, and no message is left.

    Args:
        code: why, by RFC 6455.
        reason: the other side's words.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(
            f"the WebSocket was closed with {code}" + (f": {reason}" if reason else "")
        )
        self.code = code
        self.reason = reason


class WebSocket:
    """The client's end of a WebSocket; `async with client.websocket(…)` gives one.

    Iterating over it gives its messages until it is closed.

    Attributes:
        subprotocol: the one that the app chose, or None.
        rejection: status, headers and body where the app did not accept; else None.
        close_code: why it was closed; None while it is open.
    """

    def __init__(self, number: int, log: Log, closed: Callable[[WebSocket], None]) -> None:
        self.subprotocol: str | None = None
        self.rejection: tuple[int, list[tuple[bytes, bytes]], bytes] | None = None
        self.close_code: int | None = None
        self.close_reason = ""
        self.handshake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number = number
        self._log = log
        self._closed = closed
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._to_app.put_nowait({"type": "websocket.connect"})
        self._to_client: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._denial: tuple[int, list[tuple[bytes, bytes]]] | None = None
        self._denied = b""
        self._app_closed = False

    # ------------------------------------------------------------ the client's side

    async def send_text(self, text: str) -> None:
        """Send a text message.

        Raises:
            WebSocketClosed: it is closed.
        """
        self._send({"text": text})

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message; raises as `send_text`."""
        self._send({"bytes": data})

    async def send_json(self, data: Any) -> None:
        """Send data as JSON in a text message; raises as `send_text`."""
        self._send({"text": json.dumps(data)})

    async def receive(self) -> str | bytes:
        """The next message.

        Raises:
            WebSocketClosed: it was closed, and no message is left.
        """
        message = await self._to_client.get()
        if message is None:
            self._to_client.put_nowait(None)  # whoever asks again learns the same
            raise WebSocketClosed(self.close_code or _NO_STATUS, self.close_reason)
        return message

    async def receive_text(self) -> str:
        """The next message, a text; raises as `receive`, and TypeError where it is binary."""
        message = await self.receive()
        if not isinstance(message, str):
            raise TypeError("the message is binary: use receive_bytes")
        return message

    async def receive_bytes(self) -> bytes:
        """The next message, a binary one; raises as `receive`, and TypeError where it is a text."""
        message = await self.receive()
        if isinstance(message, str):
            raise TypeError("the message is a text: use receive_text")
        return message

    async def receive_json(self) -> Any:
        """The next message's data; raises as `receive_text`, and ValueError where it is no JSON."""
        return json.loads(await self.receive_text())

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        while True:
            try:
                message = await self.receive()
            except WebSocketClosed:
                return
            yield message

    async def close(self, code: int = _NORMAL, reason: str = "") -> None:
        """Close it; closing twice is closing once."""
        if self.close_code is None:
            self._close("client", code, reason)
            self._to_app.put_nowait(
                {"type": "websocket.disconnect", "code": code, "reason": reason}
            )
        self._closed(self)

    def lost(self) -> None:
        """The client went away during the handshake."""
        if self.close_code is None:
            self._close("client", ABNORMAL, "")
            self._to_app.put_nowait({"type": "websocket.disconnect", "code": ABNORMAL})
        self._closed(self)

    def _send(self, message: dict[str, str | bytes]) -> None:
        if self.close_code is not None:
            raise WebSocketClosed(self.close_code, self.close_reason)
        self._tell("message", by="client", **_told(message))
        self._to_app.put_nowait({"type": "websocket.receive", **message})

    # ------------------------------------------------------------ the app's side

    async def asgi_receive(self) -> Message:
        """The ASGI `receive` of this connection."""
        if self._app_closed and self._to_app.empty():
            return {"type": "websocket.disconnect", "code": _NO_STATUS}
        return await self._to_app.get()

    async def asgi_send(self, message: Message) -> None:
        """The ASGI `send` of this connection.

        Raises:
            OSError: the client is gone.
            RuntimeError: the message does not fit.
        """
        kind = message["type"]
        if self._denial is not None:
            self._deny(message)
        elif not self.handshake.done():
            self._answer(message)
        elif self.close_code is not None and not self._app_closed:
            raise OSError("the client is gone")
        elif self._app_closed:
            raise RuntimeError(
                f"Unexpected ASGI message '{kind}', after sending 'websocket.close'."
            )
        elif kind == "websocket.send":
            data = message["text"] if message.get("text") is not None else message.get("bytes", b"")
            self._tell(
                "message",
                by="server",
                **_told({"text" if isinstance(data, str) else "bytes": data}),
            )
            self._to_client.put_nowait(data)
        elif kind == "websocket.close":
            self._app_closed = True
            self._close("server", message.get("code", _NORMAL), message.get("reason") or "")
        else:
            raise RuntimeError(f"Expected 'websocket.send' or 'websocket.close', but got '{kind}'.")

    def ended(self) -> None:
        """The app's call is over."""
        if not self.handshake.done():
            self._reject(500, [], b"Internal Server Error")
        elif self.close_code is None:
            self._close("server", ABNORMAL, "")

    def _answer(self, message: Message) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self.subprotocol = message.get("subprotocol")
            chosen = {"subprotocol": self.subprotocol} if self.subprotocol else {}
            self._tell("response", status=101, **chosen)
            self.handshake.set_result(None)
        elif kind == "websocket.close":
            self._app_closed = True
            self._reject(403, [], b"")
        elif kind == "websocket.http.response.start":
            self._denial = (message["status"], list(message.get("headers", [])))
        else:
            raise RuntimeError(f"Expected 'websocket.accept' or a rejection, but got '{kind}'.")

    def _deny(self, message: Message) -> None:
        assert self._denial is not None
        if message["type"] != "websocket.http.response.body":
            raise RuntimeError(
                f"Expected 'websocket.http.response.body', but got '{message['type']}'."
            )
        self._denied += message.get("body", b"")
        if not message.get("more_body"):
            self._app_closed = True
            self._reject(*self._denial, self._denied)

    def _reject(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        if self.handshake.done():
            return
        self.rejection = (status, headers, body)
        self.close_code = ABNORMAL
        self._tell("response", status=status)
        self._tell("complete", status=status, body=body_text(body))
        self.handshake.set_result(None)
        self._closed(self)

    def _close(self, by: str, code: int, reason: str) -> None:
        self.close_code, self.close_reason = code, reason
        self._tell("closed", by=by, code=code, **({"reason": reason} if reason else {}))
        self._to_client.put_nowait(None)

    def _tell(self, kind: str, **detail: Any) -> None:
        self._log.add(kind, lane="client", request=self._number, detail=detail)


def _told(message: dict[str, str | bytes]) -> dict[str, str]:
    return {k: body_text(v if isinstance(v, bytes) else v.encode()) for k, v in message.items()}
