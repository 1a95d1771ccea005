"""A `Response` as a parameter

What is set on it goes into the response that FastAPI makes, and not into one that is returned.
"""

from asrun import Client, scenario, show

show("count", "made", "own")


@scenario("The response is made by FastAPI")
async def made(client: Client) -> None:
    response = await client.get("/made")
    assert (response.status_code, response.headers["x-count"]) == (201, "1")
    assert response.cookies["n"] == "1"


@scenario("The response is the endpoint's own")
async def own(client: Client) -> None:
    response = await client.get("/own")
    assert response.headers["x-own"] == "1"
    assert "x-count" not in response.headers
