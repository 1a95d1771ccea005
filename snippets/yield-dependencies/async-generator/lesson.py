"""Async generator dependencies

A dependency can be an async generator: it makes a resource, lends it with `yield` to whoever
depends on it, and has the code after `yield` to give the resource back.
"""

from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from asrun import (
    Option,
    Options,
    Trace,
    advice,
    exit_line,
    key_moment,
    quiz,
    scenario,
    show,
    snapshot,
    watch,
)

show("get_db", "read_item")


@watch("AsyncSession")
def session_state(db: AsyncSession) -> str:
    # SQLAlchemy has no public way to ask a session whether it has been closed for good.
    if db.sync_session._close_state.name == "CLOSED":
        return "closed"
    return "in transaction" if db.in_transaction() else "open"


@scenario("The endpoint answers")
async def answers(client: AsyncClient) -> None:
    await client.get("/items/0")


@scenario("The endpoint raises")
async def raises(client: AsyncClient) -> None:
    await client.get("/items/7")


@key_moment("Why `yield`, and not `return`?", on=answers)
def yield_keeps_the_frame(trace: Trace):
    """Because `get_db` is needed again: at {lent} its frame is suspended and not ended, and
    at {back} the same frame goes on where it stopped, with its `db`."""
    lent = trace.one(yielded="get_db")
    back = trace.one(resumed="get_db", at="yield")
    assert lent < back
    assert lent.frame == back.frame
    return {"lent": lent, "back": back}


@key_moment("When does the code after `yield` run?", on=answers, holds="<0.106 or >=0.118")
def cleanup_follows_the_response(trace: Trace):
    """After the response has been sent: the last of the body leaves at {sent}, and `get_db` is
    resumed at {back}. The client has its answer at {has}, before the session is closed at {closed}."""
    sent = trace.last(asgi="http.response.body")
    back = trace.one(resumed="get_db", at="yield")
    has = trace.one(kind="complete")
    closed = trace.first(state="closed")
    assert sent < back
    assert has < closed
    return {"sent": sent, "back": back, "has": has, "closed": closed}


@key_moment("And when the endpoint raises?", on=raises)
def cleanup_precedes_the_500(trace: Trace):
    """`finally` runs all the same, and earlier: the exception is thrown into `get_db` at {thrown}, the
    session is closed at {closed}, and only then does the {status} leave at {sent}."""
    thrown = trace.one(thrown="get_db")
    closed = trace.first(state="closed")
    sent = trace.one(asgi="http.response.start")
    assert thrown < closed
    assert closed < sent
    assert sent.status == 500
    return {"thrown": thrown, "closed": closed, "sent": sent, "status": sent.status}


@quiz("After {lent}, what is the state of the session?", on=answers, hint="Look at the variable tracker, in the column of that step.")
def state_once_lent(trace: Trace):
    lent = trace.one(yielded="get_db")
    used = trace.first(state="in transaction")
    closed = trace.first(state="closed")
    now = trace.state("db", after=lent)
    return Options(
        Option("open", now == "open", "It was made before {lent}, and nothing has used it yet."),
        Option("in transaction", now == "in transaction", "Not yet: that is its state from {used} on, when the endpoint reads."),
        Option("closed", now == "closed", "Not yet: that is its state from {closed} on."),
        lent=lent,
        used=used,
        closed=closed,
    )


@exit_line(on=answers)
def ends_with_nothing_open(trace: Trace):
    """The run ends at {done}: the session has been closed, and no generator is left suspended."""
    closed = trace.first(state="closed")
    done = trace.one(kind="done", request=1)
    assert closed < done
    return {"done": done}


@snapshot(on=raises)
def cleanup_whatever_happens(trace: Trace):
    """`finally` closes the session when the endpoint raises, too. {closed}"""
    closed = trace.first(state="closed")
    assert trace.count(line="await db.close()") == 1
    return {"closed": closed}


advice("Keep the code after `yield` short: whoever waits for the next request on this connection waits for it.")
