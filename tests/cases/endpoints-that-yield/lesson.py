"""Path operations that yield

A path operation that yields is answered as JSON Lines, or as server-sent events.
"""

import httpx

from asrun import Client, scenario, show

show("lines", "events")


@scenario("JSON Lines")
async def lines(client: Client) -> None:
    assert (await client.get("/lines")).text == '{"n":0}\n{"n":1}\n'


@scenario("JSON Lines from a `def`")
async def sync_lines(client: Client) -> None:
    assert (await client.get("/sync-lines")).text == '{"n":0}\n{"n":1}\n'


@scenario("Server-sent events, with a long pause")
async def events(client: Client) -> None:
    assert (await client.get("/events")).text == 'data: {"n":1}\n\n: ping\n\ndata: {"n":2}\n\n'


@scenario("Server-sent events from a `def`")
async def sync_events(client: Client) -> None:
    response = await client.get("/sync-events")
    assert response.text == 'event: number\ndata: {"n": 1}\nid: 1\n\n'


@scenario("An item that does not fit")
async def wrong_lines(client: Client) -> None:
    try:
        await client.get("/wrong-lines")
    except httpx.RemoteProtocolError:
        return
    raise AssertionError
