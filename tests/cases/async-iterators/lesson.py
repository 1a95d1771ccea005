"""Iterators at their end

An iterator says by an exception that it is at its end; a loop takes that exception as its own end.
"""

from asrun import Client, scenario, show

show("letters", "loops", "by_hand")


@scenario("Loops")
async def loops(client: Client) -> None:
    assert (await client.get("/loops")).json() == ["1", "0", "a", "b", "a", "b"]


@scenario("By hand")
async def by_hand(client: Client) -> None:
    assert (await client.get("/by-hand")).json() == "a"
    assert (await client.get("/next")).json() == "at its end"
