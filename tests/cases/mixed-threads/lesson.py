"""Threads of several kinds

A database's own thread, an executor's, `asyncio.to_thread`'s and anyio's, beside each other and each under a timeout.
"""

import asyncio

from asrun import Client, scenario, show

show("work", "beside", "late")


@scenario("Beside each other, in time")
async def beside(client: Client) -> None:
    assert (await client.get("/beside")).json() == ["aiosqlite", "executor", "to_thread", "anyio"]


@scenario("All too late")
async def late(client: Client) -> None:
    assert (await client.get("/late")).json() == ["TimeoutError"] * 3
    await asyncio.sleep(5)  # until the thread that anyio has abandoned is done


@scenario("A query that takes too long")
async def slow_database(client: Client) -> None:
    assert (await client.get("/slow-database")).json() == "late"


@scenario("An executor within a `def`")
async def in_a_worker(client: Client) -> None:
    assert (await client.get("/def")).json() == "from a worker"
