"""A client that leaves

The client closes before it has the whole response.
"""

import asyncio

from asrun import Client, scenario, show

show("session", "stream", "slow", "watches")


@scenario("In the middle of a stream")
async def in_mid_stream(client: Client) -> None:
    async with client.stream("GET", "/stream") as response:
        async for _ in response.aiter_text():
            break


@scenario("Before the answer")
async def before_the_answer(client: Client) -> None:
    try:
        async with asyncio.timeout(5):
            await client.get("/slow")
    except TimeoutError:
        return
    raise AssertionError


@scenario("A path operation that looks")
async def path_operation_looks(client: Client) -> None:
    try:
        async with asyncio.timeout(2.5):
            await client.get("/watches")
    except TimeoutError:
        return
    raise AssertionError
