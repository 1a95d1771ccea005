"""The order of response and exit code.

Recorded here, and seen again by a client on a socket in `tests/test_wire_socket.py`.
"""

from asrun import Client, scenario, show

show("resource")


@scenario("request")
async def request(client: Client) -> None:
    await client.get("/request")


@scenario("function")
async def function(client: Client) -> None:
    await client.get("/function")


@scenario("refuses")
async def refuses(client: Client) -> None:
    await client.get("/refuses")


@scenario("fails")
async def fails(client: Client) -> None:
    await client.get("/fails")


@scenario("streams")
async def streams(client: Client) -> None:
    await client.get("/streams")


@scenario("background")
async def background(client: Client) -> None:
    await client.get("/background")
