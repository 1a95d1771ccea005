"""Lifespan

What is done once, around all requests, stands before and after one `yield`.
"""

from asrun import Client, scenario, show

show("lifespan", "connection")


@scenario("Start, two requests, stop")
async def two_requests(client: Client) -> None:
    assert (await client.get("/")).json() == "connection of pool"
    assert (await client.get("/")).json() == "connection of pool"
