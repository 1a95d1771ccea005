"""ASGI middleware

A middleware is an ASGI app around an ASGI app: it sees each message on its way in and out.
"""

from asrun import Client, scenario, show

show("Stamp")


@scenario("A body goes in, a header is added")
async def stamped(client: Client) -> None:
    response = await client.post("/", json={"n": 1})
    assert response.headers["x-stamp"] == "1"


@scenario("CORS: a preflight and the request")
async def cors(client: Client) -> None:
    origin = {"Origin": "https://a.example"}
    response = await client.options("/", headers={**origin, "Access-Control-Request-Method": "POST"})
    assert response.headers["access-control-allow-origin"] == "https://a.example"
    response = await client.post("/", json={"n": 1}, headers=origin)
    assert response.headers["access-control-allow-origin"] == "https://a.example"
    response = await client.post("/", json={"n": 1}, headers={"Origin": "https://b.example"})
    assert "access-control-allow-origin" not in response.headers
