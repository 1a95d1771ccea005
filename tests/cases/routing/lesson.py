"""Routing

The first path operation whose path and method match is called.
"""

from asrun import Client, scenario, show

show("items", "old", "both")


@scenario("Redirects")
async def redirects(client: Client) -> None:
    response = await client.get("/old", follow_redirects=True)
    assert [r.status_code for r in response.history] == [307]
    response = await client.get("/items", follow_redirects=True)
    assert [r.status_code for r in response.history] == [307]


@scenario("HEAD")
async def head(client: Client) -> None:
    response = await client.head("/both")
    assert (response.status_code, response.headers["content-length"], response.text) == (200, "6", "")
    assert (await client.head("/items/")).status_code == 405


@scenario("No such path, no such method")
async def no_match(client: Client) -> None:
    assert (await client.get("/nowhere")).status_code == 404
    response = await client.delete("/items/")
    assert (response.status_code, response.headers["allow"]) == (405, "GET")


@scenario("The first that matches")
async def first_match(client: Client) -> None:
    assert (await client.get("/items/me")).json() == "me"
    assert (await client.get("/items/you")).json() == "you"
