"""A blocking call in an `async def`

While it blocks, nothing else runs on the event loop.
"""

import asyncio

from asrun import Client, scenario, show

show("blocks", "ticks", "thread")


@scenario("Everyone waits")
async def everyone_waits(client: Client) -> None:
    await asyncio.gather(client.get("/ticks"), client.get("/thread"), client.get("/blocks"))
