"""Virtual time

Time stands still while anything runs, and jumps when all wait for it.
"""

import asyncio

from asrun import Client, scenario, show

show("sleep", "clocks")


@scenario("Ten minutes")
async def sleep(client: Client) -> None:
    assert (await client.get("/sleep")).json() == ["2026-01-01T00:00:00+00:00", "2026-01-01T00:10:00+00:00"]


@scenario("Ninety seconds, in a thread")
async def clocks(client: Client) -> None:
    assert (await client.get("/clocks")).json() == ["90.5", "1767225690.5", "2026-01-01", "00:01:30", "30"]


@scenario("Both")
async def both(client: Client) -> None:
    await asyncio.gather(client.get("/sleep"), client.get("/clocks"))
