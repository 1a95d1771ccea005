"""Statements

What Python itself does, statement by statement, the same on every version of it.
"""

from asrun import Client, scenario, show

show("loops", "blocks", "exceptions", "closures")


@scenario("Loops and generators")
async def loops(client: Client) -> None:
    assert (await client.get("/loops")).json() == [1, 4, 1, 34]


@scenario("Blocks")
async def blocks(client: Client) -> None:
    assert (await client.get("/blocks")).json() == "ACONEZERO.!"


@scenario("Exceptions")
async def exceptions(client: Client) -> None:
    assert (await client.get("/exceptions")).json() == "finally value type"


@scenario("Closures and async comprehensions")
async def closures(client: Client) -> None:
    assert (await client.get("/closures")).json() == 4
