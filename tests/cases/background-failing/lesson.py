"""Background tasks that fail, in a thread

A task fails when the response is long sent; one of an endpoint that raises never starts.
"""

from asrun import Client, scenario, show

show("fails", "failing")


@scenario("An error")
async def fails(client: Client) -> None:
    assert (await client.post("/fails")).json() == "accepted"


@scenario("An `HTTPException`")
async def refuses(client: Client) -> None:
    assert (await client.post("/refuses")).json() == "accepted"


@scenario("The endpoint raises")
async def never(client: Client) -> None:
    assert (await client.post("/never")).status_code == 409
