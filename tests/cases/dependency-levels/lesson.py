"""Levels of dependencies

The app, an included router, the router itself and the path operation can each have dependencies.
"""

from asrun import Client, scenario, show

show("read")


@scenario("One of each level")
async def levels(client: Client) -> None:
    assert (await client.get("/items/")).json() == "value"
