"""`@app.middleware("http")`

A middleware function is called with the request, and decides whether and when what is within it is.
"""

from asrun import Client, scenario, show

show("inner", "outer")


@scenario("Through two")
async def through(client: Client) -> None:
    response = await client.get("/")
    assert (response.headers["x-inner"], response.headers["x-outer"]) == ("1", "1")


@scenario("The outer one answers by itself")
async def stopped(client: Client) -> None:
    assert (await client.get("/?stop")).status_code == 403


@scenario("An exception passes the inner one")
async def fails(client: Client) -> None:
    assert (await client.get("/fails")).text == "caught by outer"
