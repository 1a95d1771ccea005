"""Forgotten tasks

A task that nobody awaits goes on by itself, and what it raises is told to no one.
"""

import asyncio

from asrun import Client, scenario, show

show("work", "task", "never", "failing")


@scenario("A task that nobody awaits")
async def task(client: Client) -> None:
    await client.get("/task")
    await asyncio.sleep(60)


@scenario("A task that the end of the server cuts short")
async def cut_short(client: Client) -> None:
    await client.get("/task")


@scenario("A coroutine that is never awaited")
async def never(client: Client) -> None:
    await client.get("/never")


@scenario("An exception that no one retrieves")
async def failing(client: Client) -> None:
    assert (await client.get("/fails")).json() == "fine"
