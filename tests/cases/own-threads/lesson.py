"""Threads of one's own

A thread that the app starts itself is followed, too.
"""

import asyncio

from asrun import Client, scenario, show

show("thread", "locked")


@scenario("An event and a join")
async def thread(client: Client) -> None:
    assert (await client.get("/thread")).json() == ["endpoint", "waiter"]


@scenario("Two threads and a lock")
async def locked(client: Client) -> None:
    await asyncio.gather(client.get("/locked/a"), client.get("/locked/b"))


@scenario("One that fails")
async def fails(client: Client) -> None:
    assert (await client.get("/fails")).json() == "fine"


@scenario("A timer")
async def timer(client: Client) -> None:
    assert (await client.get("/timer")).json() is True
