"""StreamingResponse

The body is sent piece by piece, while the iterator that makes it runs.
"""

import httpx

from asrun import Client, scenario, show

show("sync", "asynchronous", "fails")


@scenario("A generator")
async def sync(client: Client) -> None:
    async with client.stream("GET", "/sync") as response:
        assert [piece async for piece in response.aiter_text()] == ["0", "1"]


@scenario("An async generator")
async def asynchronous(client: Client) -> None:
    async with client.stream("GET", "/async") as response:
        assert [piece async for piece in response.aiter_text()] == ["0", "1"]


@scenario("An error in mid-stream")
async def fails(client: Client) -> None:
    async with client.stream("GET", "/fails") as response:
        assert response.status_code == 200
        try:
            await response.aread()
        except httpx.RemoteProtocolError:
            return
    raise AssertionError


@scenario("An error before the first piece")
async def fails_first(client: Client) -> None:
    try:
        await client.get("/fails-first")
    except httpx.RemoteProtocolError:
        return
    raise AssertionError
