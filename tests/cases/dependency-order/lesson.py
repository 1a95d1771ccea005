"""Nested dependencies

Dependencies can depend on others; one that several share is solved once, unless told otherwise.
"""

from asrun import Client, scenario, show

show("nested", "diamond")


@scenario("Generators in generators")
async def nested(client: Client) -> None:
    assert (await client.get("/nested")).json() == "outer middle inner"


@scenario("Shared and not shared")
async def diamond(client: Client) -> None:
    assert (await client.get("/diamond")).json() == [1, 1, 2]
    assert (await client.get("/diamond")).json() == [3, 3, 4]
