"""Path operations

A path operation is any callable: a function, a coroutine function, an instance, a partial.
"""

from asrun import Client, scenario, show

show("plain", "coroutine", "Adder")


@scenario("A `def`")
async def plain(client: Client) -> None:
    assert (await client.get("/def/1")).json() == 2


@scenario("An `async def`")
async def coroutine(client: Client) -> None:
    assert (await client.get("/async-def/1")).json() == 2


@scenario("Instances and a partial")
async def other_callables(client: Client) -> None:
    assert (await client.get("/instance/1")).json() == 2
    assert (await client.get("/async-instance/1")).json() == 2
    assert (await client.get("/partial/1")).json() == 2
