"""`on_event`

The older way to do something at startup and shutdown.
"""

from asrun import Client, scenario, show

show("start", "stop")


@scenario("Start, a request, stop")
async def up(client: Client) -> None:
    assert (await client.get("/")).json() == "up"
