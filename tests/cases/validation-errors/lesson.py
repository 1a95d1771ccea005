"""Validation

What comes in is validated before the path operation runs, what goes out after it.
"""

from asrun import Client, scenario, show

show("create", "broken")


@scenario("A request that fits")
async def fits(client: Client) -> None:
    response = await client.post("/items/1?page=1", json={"name": "apple"})
    assert response.json() == {"name": "apple", "size": 1}


@scenario("Three errors in one request")
async def three_errors(client: Client) -> None:
    response = await client.post("/items/one?page=0", json={"size": 2})
    assert response.status_code == 422
    assert response.json() == [["query", "page"], ["path", "n"], ["body", "name"]]


@scenario("A body that is no JSON")
async def no_json(client: Client) -> None:
    response = await client.post("/items/1?page=1", content="{", headers={"Content-Type": "application/json"})
    assert response.json() == [["body", 1]]


@scenario("A response that does not fit")
async def response_does_not_fit(client: Client) -> None:
    assert (await client.get("/broken")).status_code == 500


@scenario("A `def` whose response does not fit")
async def response_of_def(client: Client) -> None:
    assert (await client.get("/handled")).status_code == 500
