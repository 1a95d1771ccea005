"""Exceptions and `yield`

An exception of the path operation is raised in each `yield` dependency, innermost first.
"""

from asrun import Client, scenario, show

show("sees", "translates", "swallows")


@scenario("Seen, and raised again")
async def seen(client: Client) -> None:
    assert (await client.get("/sees")).status_code == 500


@scenario("Translated")
async def translated(client: Client) -> None:
    assert (await client.get("/translates")).status_code == 400


@scenario("Swallowed")
async def swallowed(client: Client) -> None:
    assert (await client.get("/swallows")).status_code == 500


@scenario("Swallowed in a worker thread")
async def swallowed_in_thread(client: Client) -> None:
    assert (await client.get("/swallows-in-thread")).status_code == 500


@scenario("Through three")
async def chain(client: Client) -> None:
    assert (await client.get("/chain")).status_code == 400
