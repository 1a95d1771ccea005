"""aiosqlite

A database that works in a thread of its own, under a timeout on the event loop.
"""

from sqlite3 import ProgrammingError

from asrun import Client, scenario, show, watch

show("transaction", "create", "read")


@watch("Connection")
def connection_state(db) -> str:
    try:
        return "in transaction" if db.in_transaction else "open"
    except (ValueError, ProgrammingError):
        return "closed"


@scenario("A commit and a rollback")
async def commit_and_rollback(client: Client) -> None:
    await client.post("/items/good")
    assert (await client.post("/items/bad")).status_code == 500
    assert (await client.get("/items")).json() == ["good"]
