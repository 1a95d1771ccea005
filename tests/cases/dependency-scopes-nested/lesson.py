"""A scope within a scope

A dependency of the function's scope that depends on one of the request's.
"""

from asrun import Client, scenario, show

show("connection", "transaction")


@scenario("It commits before the response")
async def commits(client: Client) -> None:
    assert (await client.get("/commits")).json() == "transaction on connection"


@scenario("The endpoint raises")
async def rolls_back(client: Client) -> None:
    assert (await client.get("/rolls-back")).status_code == 409


@scenario("Exit code of the function's scope raises")
async def refuses(client: Client) -> None:
    assert (await client.get("/refuses")).status_code == 418
