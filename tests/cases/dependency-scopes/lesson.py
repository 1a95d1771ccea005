"""Scopes of `yield` dependencies

With `scope="function"` the code after `yield` runs when the path operation function has ended,
with `scope="request"` when the response has been sent.
"""

from asrun import Client, scenario, show, watch

show("for_function", "for_request", "plain")


@watch("Resource")
def resource_state(resource) -> str:
    return "open" if resource.__dict__.get("open") else "closed"


@scenario("A plain answer")
async def plain(client: Client) -> None:
    assert (await client.get("/plain")).json() == [True, True]


@scenario("A stream that uses both")
async def stream(client: Client) -> None:
    assert (await client.get("/stream")).text == "False True"
