"""Lifespans of routers

A router that is included brings its lifespan along.
"""

from asrun import Client, scenario, show

show("of_app", "of_router")


@scenario("Both")
async def both(client: Client) -> None:
    assert (await client.get("/")).json() == [1, 2]
