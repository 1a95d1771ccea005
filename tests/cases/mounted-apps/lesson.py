"""Mounted apps and routers

A mounted app is an app of its own; an included router becomes part of the app.
"""

from asrun import Client, scenario, show

show("items", "deep_items")


@scenario("A mounted app")
async def mounted(client: Client) -> None:
    response = await client.get("/sub/items")
    assert (response.json(), response.headers["x-path"]) == ("sub /sub/items", "/sub /sub/items")


@scenario("A nested router")
async def nested(client: Client) -> None:
    response = await client.get("/very/deep/items")
    assert response.json() == "main"
    assert "x-path" not in response.headers
