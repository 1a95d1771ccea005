"""Threads

Work is handed to a worker thread in several ways; a timeout around it is kept to the second.
"""

from asrun import Client, scenario, show

show("work", "to_thread", "executor")


@scenario("`asyncio.to_thread`, in time and late")
async def to_thread(client: Client) -> None:
    assert (await client.get("/to-thread")).json() == 3
    assert (await client.get("/to-thread-late")).json() == "late"


@scenario("`run_in_executor`, two at once")
async def executor(client: Client) -> None:
    assert (await client.get("/executor")).json() == 3


@scenario("`anyio.to_thread`")
async def by_anyio(client: Client) -> None:
    assert (await client.get("/anyio")).json() == 3


@scenario("The event loop waits for a thread")
async def blocked(client: Client) -> None:
    assert (await client.get("/blocked")).json() == 3


@scenario("A thread waits for the event loop")
async def from_thread(client: Client) -> None:
    assert (await client.get("/from-thread")).json() == "on the event loop"
