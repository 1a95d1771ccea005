"""What a program says

Prints, log records and warnings are events in the order in which they happen.
"""

from asrun import Client, scenario, show

show("coroutine", "plain")


@scenario("On the event loop")
async def coroutine(client: Client) -> None:
    assert (await client.get("/async")).json() == "said"


@scenario("In a thread")
async def plain(client: Client) -> None:
    assert (await client.get("/def")).json() == "said"
