"""Generators that nobody closes

An async generator that is left in the middle is closed later, by someone else.
"""

from asrun import Client, scenario, show

show("numbers", "breaks", "keeps")


@scenario("Left by `break`")
async def breaks(client: Client) -> None:
    assert (await client.get("/break")).json() == 2


@scenario("Kept until the server stops")
async def keeps(client: Client) -> None:
    assert (await client.get("/kept")).json() == 0
