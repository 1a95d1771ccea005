"""Exit code that raises

What the code after `yield` raises comes too late for the client, and in time for the server.
"""

from asrun import Client, scenario, show

show("outer", "fails", "refuses")


@scenario("An error")
async def fails(client: Client) -> None:
    assert (await client.get("/fails")).json() == "fine"


@scenario("An `HTTPException`")
async def refuses(client: Client) -> None:
    assert (await client.get("/refuses")).json() == "fine"


@scenario("A second `yield`")
async def twice(client: Client) -> None:
    assert (await client.get("/twice")).json() == 1
