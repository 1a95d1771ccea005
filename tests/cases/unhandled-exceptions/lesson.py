"""Exceptions without an answer

An exception that nothing handles is answered with a 500, and reaches the server all the same.
"""

from asrun import Client, scenario, show

show("last_resort", "coroutine", "plain")


@scenario("A handler for `Exception`, in an `async def`")
async def coroutine(client: Client) -> None:
    assert (await client.get("/async-def")).text == "caught gone"


@scenario("A handler for `Exception`, in a `def`")
async def plain(client: Client) -> None:
    assert (await client.get("/def")).text == "caught gone, too"


@scenario("In a mounted app")
async def mounted(client: Client) -> None:
    assert (await client.get("/mounted/")).status_code == 500
