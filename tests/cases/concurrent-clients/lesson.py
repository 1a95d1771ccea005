"""Several clients at once

Requests that come at the same time are worked on side by side.
"""

import asyncio

from asrun import Client, scenario, show

show("coroutine", "plain")


@scenario("Two `async def`, with `gather`")
async def coroutines(client: Client) -> None:
    slow, fast = await asyncio.gather(client.get("/async/2"), client.get("/async/1"))
    assert (slow.json(), fast.json()) == (2, 1)


@scenario("Two `def`, in a TaskGroup")
async def threads(client: Client) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(client.get("/def/2"))
        group.create_task(client.get("/def/1"))


@scenario("Three `def` that race")
async def race(client: Client) -> None:
    answers = await asyncio.gather(*(client.get(f"/quick/{n}") for n in range(3)))
    assert [answer.json() for answer in answers] == [0, 1, 2]


@scenario("One of each")
async def one_of_each(client: Client) -> None:
    await asyncio.gather(client.get("/def/1"), client.get("/async/1"))
