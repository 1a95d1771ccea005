"""Background tasks

A background task runs after the response has been sent, in the same call of the app.
"""

from asrun import Client, scenario, show

show("both", "session")


@scenario("One in a thread, one on the event loop")
async def both(client: Client) -> None:
    assert (await client.post("/both")).json() == "session"


@scenario("One that fails")
async def failing(client: Client) -> None:
    assert (await client.post("/failing")).json() == "accepted"
