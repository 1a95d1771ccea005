"""WebSockets and dependencies

Dependencies are solved before the path operation accepts, and end when it does.
"""

from asrun import Client, WebSocketClosed, WebSocketRejected, scenario, show

show("session", "user", "chat")


@scenario("An error in the path operation")
async def error(client: Client) -> None:
    async with client.websocket("/chat?token=t") as socket:
        assert await socket.receive_text() == "session of user"
        await socket.send_text("fail")
        try:
            await socket.receive()
        except WebSocketClosed as closed:
            assert closed.code == 1006


async def rejected(client: Client, url: str) -> int:
    try:
        async with client.websocket(url):
            raise AssertionError
    except WebSocketRejected as rejection:
        return rejection.response.status_code


@scenario("A dependency raises `WebSocketException`")
async def websocket_exception(client: Client) -> None:
    assert await rejected(client, "/chat") == 403


@scenario("A dependency raises `HTTPException`")
async def http_exception(client: Client) -> None:
    assert await rejected(client, "/chat?token=banned") == 451


@scenario("Rejected otherwise")
async def rejections(client: Client) -> None:
    assert await rejected(client, "/number/one") == 403
    assert await rejected(client, "/closed") == 403
    assert await rejected(client, "/nowhere") == 403
