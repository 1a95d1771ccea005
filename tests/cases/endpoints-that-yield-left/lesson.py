"""Endpoints that yield, cut short

A client leaves a stream of events; a stream of lines fails in its middle.
"""

import httpx

from asrun import Client, scenario, show

show("events", "lines")


@scenario("The client leaves")
async def left(client: Client) -> None:
    async with client.stream("GET", "/events") as response:
        async for _ in response.aiter_text():
            break


@scenario("An error in mid-stream")
async def fails(client: Client) -> None:
    async with client.stream("GET", "/lines") as response:
        try:
            await response.aread()
        except httpx.RemoteProtocolError:
            return
    raise AssertionError
