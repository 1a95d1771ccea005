"""ContextVars, elsewhere

What a dependency sets, seen by streams, sockets, executors and threads.
"""

from asrun import Client, scenario, show

show("dependency", "stream", "threads")


@scenario("In streams")
async def streams(client: Client) -> None:
    assert (await client.get("/stream")).text == "nobodyby dependency"
    assert (await client.get("/async-stream")).text == "nobodyby dependency"
    assert (await client.get("/lines")).text == '"nobody"\n"by dependency"\n'


@scenario("In a WebSocket")
async def socket(client: Client) -> None:
    async with client.websocket("/socket") as socket:
        assert await socket.receive_text() == "nobody, by endpoint"


@scenario("In threads and tasks")
async def threads(client: Client) -> None:
    assert (await client.get("/threads")).json() == [
        "nobody", "by dependency", "nobody", "nobody", "by task", "by dependency",
    ]
