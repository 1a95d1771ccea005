"""Cancellation and timeouts

What waits can be told to stop waiting.
"""

from asrun import Client, scenario, show

show("work", "timeout", "task")


@scenario("`asyncio.timeout`")
async def timeout(client: Client) -> None:
    assert (await client.get("/timeout")).json() == "timed out"


@scenario("`asyncio.wait_for`")
async def wait_for(client: Client) -> None:
    assert (await client.get("/wait-for")).json() == "timed out"


@scenario("`Task.cancel`")
async def task(client: Client) -> None:
    assert (await client.get("/task")).json() == "cancelled"


@scenario("`anyio.move_on_after`")
async def scope(client: Client) -> None:
    assert (await client.get("/scope")).json() == "moved on"


@scenario("A TaskGroup in which one fails")
async def group(client: Client) -> None:
    assert (await client.get("/group")).json() == "1 failed"


@scenario("A timeout around a `yield`")
async def across_yield(client: Client) -> None:
    assert (await client.get("/across-yield")).status_code == 500
