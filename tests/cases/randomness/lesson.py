"""Randomness

Whatever is drawn at random is the same in every recording.
"""

from asrun import Client, scenario, show

show("draw")


@scenario("All sources")
async def draw(client: Client) -> None:
    first, second = (await client.get("/")).json(), (await client.get("/")).json()
    assert all(a != b for a, b in zip(first, second, strict=True))
