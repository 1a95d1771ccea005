"""Watched objects

A watched object is told as soon as a frame holds it, lends it or gives it back.
"""

from asrun import Client, scenario, show, watch

show("lends", "gives")


@watch("Pool")
def pool_state(pool) -> str:
    return pool.state


@scenario("On the event loop")
async def on_loop(client: Client) -> None:
    assert (await client.get("/loop")).json() == "lent used"


@scenario("In a worker thread")
async def in_thread(client: Client) -> None:
    assert (await client.get("/thread")).json() == "used idle"
