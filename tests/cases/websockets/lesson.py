"""WebSockets

A WebSocket is accepted, carries messages both ways, and is closed from either side.
"""

from asrun import Client, WebSocketClosed, scenario, show

show("echo", "count")


@scenario("The client closes")
async def client_closes(client: Client) -> None:
    async with client.websocket("/echo") as socket:
        await socket.send_text("a")
        assert await socket.receive_text() == "A"
        await socket.close(4000)


@scenario("The server closes")
async def server_closes(client: Client) -> None:
    async with client.websocket("/count/2", subprotocols=["numbers", "letters"]) as socket:
        assert socket.subprotocol == "numbers"
        assert [message async for message in socket] == ['{"i":0}', '{"i":1}']
        assert (socket.close_code, socket.close_reason) == (1001, "no more")
        try:
            await socket.send_text("anyone?")
        except WebSocketClosed:
            return
    raise AssertionError


@scenario("The server just ends")
async def server_ends(client: Client) -> None:
    async with client.websocket("/ends") as socket:
        try:
            await socket.receive()
        except WebSocketClosed as closed:
            assert closed.code == 1006


@scenario("The server sends to a client that is gone")
async def client_is_gone(client: Client) -> None:
    async with client.websocket("/late") as socket:
        await socket.send_bytes(b"\xff")
