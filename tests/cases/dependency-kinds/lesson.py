"""Kinds of dependencies

A dependency is any callable; FastAPI asks what it is, and runs it accordingly.
"""

from asrun import Client, scenario, show

show("functions", "classes", "generators")


@scenario("A `def` and an `async def`")
async def functions(client: Client) -> None:
    assert (await client.get("/functions?q=b")).json() == "bb"


@scenario("A class, a dataclass, an instance, a partial")
async def classes(client: Client) -> None:
    assert (await client.get("/classes?q=b")).json() == "bb False False"


@scenario("Generators, under an `async def`")
async def generators(client: Client) -> None:
    assert (await client.get("/generators")).json() == "aa"


@scenario("Generators, under a `def`")
async def generators_in_def(client: Client) -> None:
    assert (await client.get("/generators-in-def")).json() == "aa"


@scenario("FastAPI's own")
async def library(client: Client) -> None:
    assert (await client.get("/library", headers={"Authorization": "Bearer abc"})).json() == 3
    assert (await client.get("/library")).status_code == 401
