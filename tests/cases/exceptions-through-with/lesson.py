"""Exceptions through `with`

An exception that passes a `with` or `async with` around a `yield` ends the generator.
"""

from asrun import Client, scenario, show

show("get_db", "get_lock")


@scenario("Through async with")
async def through_async_with(client: Client) -> None:
    assert (await client.get("/async")).status_code == 404


@scenario("Through with, in a worker thread")
async def through_with(client: Client) -> None:
    assert (await client.get("/sync")).status_code == 404
