"""The limit of worker threads

There are so many worker threads and no more; what finds none free waits for one.
"""

import asyncio

from asrun import Client, scenario, show

show("lifespan", "work")


@scenario("Three requests, two threads")
async def three(client: Client) -> None:
    await asyncio.gather(*(client.get(f"/{n}") for n in range(3)))
