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
    used = trace.one(called="read_item")
    back = trace.one(resumed="get_db", at="yield")
    assert lent < used < back
    assert trace.frame("get_db", after=used) == "suspended"
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


@quiz(
    "After {lent}, what is the state of the session?",
    on=answers,
    hint="Look at the variable tracker, in the column of that step.",
)
def state_once_lent(trace: Trace):
    lent = trace.one(yielded="get_db")
    used = trace.first(state="in transaction")
    closed = trace.first(state="closed")
    assert lent < used < closed
    now = trace.state("db", after=lent)
    return Options(
        Option("open", now == "open", "It was made before {lent}, and nothing has used it yet."),
        Option(
            "in transaction",
            now == "in transaction",
            "Not yet: that is its state from {used} on, when the endpoint reads.",
        ),
        Option("closed", now == "closed", "Not yet: that is its state from {closed} on."),
        lent=lent,
        used=used,
        closed=closed,
    )


@quiz(
    "When does `get_db` go on after its `yield`?",
    on=answers,
    hint="Find the step in which it is resumed, and look at what stands above it.",
    holds="<0.106 or >=0.118",
)
def when_resumed(trace: Trace):
    back = trace.one(resumed="get_db", at="yield")
    returned = trace.one(returned="read_item")
    head = trace.one(asgi="http.response.start")
    sent = trace.last(asgi="http.response.body")
    assert returned < head
    return Options(
        Option(
            "As soon as `read_item` has returned",
            returned < back < head,
            "That is so in FastAPI {releases}: there the exit comes before the response.",
        ),
        Option(
            "Between status and body",
            head < back < sent,
            "The status leaves at {head} and the body at {sent}: nothing of `get_db` runs between them.",
        ),
        Option(
            "After the body has left",
            sent < back,
            "The body leaves at {sent}, and `get_db` is resumed at {back}.",
        ),
        back=back,
        returned=returned,
        head=head,
        sent=sent,
    )


@quiz(
    "The endpoint raises. When is the session closed?",
    on=raises,
    hint="Look for `await db.close()` and for the first row of the wire after it.",
)
def closed_when(trace: Trace):
    raised = trace.one(raised="read_item")
    closed = trace.first(state="closed")
    sent = trace.one(asgi="http.response.start")
    assert raised < closed
    return Options(
        Option(
            "Before the 500 leaves",
            closed < sent,
            "It is closed at {closed}, and the 500 leaves at {sent}.",
        ),
        Option(
            "After the 500 has left",
            sent < closed,
            "That is the order when the endpoint answers, not when it raises.",
        ),
        Option(
            "Never",
            trace.never(state="closed"),
            "`finally` runs for an exception, too: it is raised at {raised} and thrown into `get_db`.",
        ),
        raised=raised,
        closed=closed,
        sent=sent,
    )


@exit_line(on=answers, holds="<0.106 or >=0.118")
def ends_with_nothing_open(trace: Trace):
    """The run ends at {done}: the session has been closed at {closed}, after the client had its answer at {has}."""
    has = trace.one(kind="complete")
    closed = trace.first(state="closed")
    done = trace.one(kind="done", request=1)
    assert has < closed < done
    return {"has": has, "closed": closed, "done": done}


@exit_line(on=raises)
def ends_in_the_server(trace: Trace):
    """The run ends at {failed} with the {exception} that `read_item` raised at {raised}: after the 500 it is
    raised on, into the server."""
    raised = trace.one(raised="read_item")
    sent = trace.last(asgi="http.response.body")
    failed = trace.one(kind="failed")
    assert raised.exception == failed.exception
    assert raised < sent < failed
    return {"failed": failed, "exception": failed.exception, "raised": raised}


@snapshot(on=answers)
def lent_not_returned(trace: Trace):
    """`yield` lends the resource: the frame is suspended at {lent} and resumed at {back}."""
    lent = trace.one(yielded="get_db")
    used = trace.one(called="read_item")
    back = trace.one(resumed="get_db", at="yield")
    assert lent < used < back
    return {"lent": lent, "back": back}


@snapshot(on=answers, holds="<0.106 or >=0.118")
def cleanup_last(trace: Trace):
    """When the endpoint answers, cleanup follows the response. {sent} {closed}"""
    sent = trace.last(asgi="http.response.body")
    closed = trace.first(state="closed")
    assert sent < closed
    return {"sent": sent, "closed": closed}


@snapshot(on=raises)
def cleanup_first(trace: Trace):
    """When it raises, cleanup comes before the 500. {closed} {sent}"""
    closed = trace.first(state="closed")
    sent = trace.one(asgi="http.response.start")
    assert closed < sent
    assert sent.status == 500
    return {"closed": closed, "sent": sent}


advice("Let `finally` do no more than give the resource back.")
