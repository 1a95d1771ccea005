"""ContextVars

What a dependency sets is seen by what runs later in the same context, and not by others.
"""

import asyncio

from asrun import Client, scenario, show

show("by_async_def", "by_def", "coroutine")


@scenario("Through dependencies, threads and tasks")
async def through(client: Client) -> None:
    assert (await client.get("/async")).json() == [
        "by middleware", "by async def", "by async def", "by async generator", "by async generator", "by async generator",
    ]


@scenario("A generator in a thread")
async def generator(client: Client) -> None:
    assert (await client.get("/generator")).json() == ["by middleware", "by middleware"]


@scenario("Two requests do not mix")
async def two(client: Client) -> None:
    await asyncio.gather(client.get("/async"), client.get("/async"))
