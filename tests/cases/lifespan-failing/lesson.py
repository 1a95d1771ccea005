"""A lifespan that fails

A server whose app does not start takes no request.
"""

import httpx

from asrun import Client, scenario, show

show("lifespan")


@scenario("No server is up")
async def no_server(client: Client) -> None:
    try:
        await client.get("/")
    except httpx.ConnectError:
        return
    raise AssertionError
