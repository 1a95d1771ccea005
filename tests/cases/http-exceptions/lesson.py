"""Exceptions that have an answer

An `HTTPException` is answered with its status, an exception with a handler by that handler.
"""

from asrun import Client, scenario, show

show("read", "guard", "teapot", "make")


@scenario("In the endpoint")
async def in_endpoint(client: Client) -> None:
    response = await client.get("/items/2")
    assert (response.status_code, response.json()) == (404, {"detail": {"n": 2}})


@scenario("In a dependency")
async def in_dependency(client: Client) -> None:
    assert (await client.get("/items/1?allowed=false")).status_code == 403


@scenario("A handler for its class")
async def handler_for_class(client: Client) -> None:
    response = await client.get("/teapot")
    assert (response.status_code, response.json()) == (418, {"size": 3})
