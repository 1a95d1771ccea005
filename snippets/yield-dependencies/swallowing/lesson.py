"""Swallowing exceptions

A dependency can have `try` and `except` around its `yield`, for what goes wrong while its resource is
lent. An `except` that does not raise again swallows the exception.
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

show("get_db", "get_transaction", "read_book", "remove_book")


@watch("AsyncSession")
def session_state(db: AsyncSession) -> str:
    return "in transaction" if db.in_transaction() else "idle"


@scenario("The book is there")
async def removed(client: AsyncClient) -> None:
    await client.delete("/books/Emma")


@scenario("No such book: the 404 is swallowed")
async def swallowed(client: AsyncClient) -> None:
    await client.delete("/books/Dracula")


@scenario("No such book: the 404 passes")
async def passed(client: AsyncClient) -> None:
    await client.get("/books/Dracula")


@key_moment("What does the client get in place of the 404?", on=swallowed, holds=">=0.110")
def a_500_for_a_404(trace: Trace):
    """A {status}. `remove_book` raises the {exception} at {raised}, `get_transaction` catches it at {caught} and
    returns at {returned}, and what leaves at {sent} is the {status}."""
    raised = trace.one(raised="remove_book")
    caught = trace.one(caught="get_transaction")
    returned = trace.one(returned="get_transaction")
    sent = trace.one(asgi="http.response.start")
    assert raised.exception == "HTTPException"
    assert raised.get("status") == 404
    assert raised < caught
    assert returned < sent
    assert sent.status == 500
    return {
        "status": sent.status,
        "exception": raised.exception,
        "raised": raised,
        "caught": caught,
        "returned": returned,
        "sent": sent,
    }


@key_moment("Why a 500, when nothing is wrong any more?", on=swallowed, holds=">=0.110")
def nothing_to_send(trace: Trace):
    """Because there is nothing to send. `remove_book` has ended by its exception at {unwound}, so it has returned no
    answer; and the exception is gone. FastAPI raises an error of its own,
    {exception}, which ends the app's call at {failed}."""
    unwound = trace.one(unwound="remove_book")
    failed = trace.one(kind="failed")
    assert trace.never(returned="remove_book")
    assert trace.never(unwound="get_transaction")
    assert unwound < failed
    assert failed.exception == "FastAPIError"
    return {"unwound": unwound, "exception": failed.exception, "failed": failed}


@key_moment("Does `get_db` see the exception?", on=swallowed)
def the_outer_one_sees_success(trace: Trace):
    """No. `get_transaction` gets it, thrown in at {thrown}, and returns at {returned}. `get_db`, which was entered
    before it, is resumed at {back} as if all were well."""
    thrown = trace.one(thrown="get_transaction")
    returned = trace.one(returned="get_transaction")
    back = trace.one(resumed="get_db", at="yield")
    assert trace.never(thrown="get_db")
    assert thrown.exception == "HTTPException"
    assert trace.one(called="get_db") < trace.one(called="get_transaction")
    assert returned < back
    return {"thrown": thrown, "returned": returned, "back": back}


@key_moment("And where nobody catches it?", on=passed)
def the_404_arrives(trace: Trace):
    """Then the 404 is sent. `get_db` gets the {exception}, thrown in at {thrown}, and has no `except`: its
    `finally` closes the session at {closed}, and the exception ends it at {unwound}. The {status} leaves at {sent}."""
    thrown = trace.one(thrown="get_db")
    closed = trace.one(state="idle", after=thrown)
    unwound = trace.one(unwound="get_db")
    sent = trace.one(asgi="http.response.start")
    assert thrown.exception == "HTTPException"
    assert closed.text == "await db.close()"
    assert closed < unwound
    assert trace.never(caught="get_db")
    assert unwound < sent
    assert unwound.exception == thrown.exception
    assert sent.status == 404
    return {
        "exception": thrown.exception,
        "thrown": thrown,
        "closed": closed,
        "unwound": unwound,
        "status": sent.status,
        "sent": sent,
    }


@key_moment("Has the `except` done nothing, then?", on=swallowed)
def the_rollback_is_done(trace: Trace):
    """It has rolled back: the session, {state} when the exception is caught, is idle from {rolled_back} on. What
    it has not done is raise again: `get_transaction` returns at {returned}."""
    caught = trace.one(caught="get_transaction")
    rolled_back = trace.first(state="idle", after=caught)
    returned = trace.one(returned="get_transaction")
    state = trace.state("AsyncSession", after=caught)
    assert state == "in transaction"
    assert rolled_back.text == "await db.rollback()"
    assert trace.count(state="idle", after=caught) == 1
    assert trace.count(returned="get_transaction") == 1
    assert trace.never(unwound="get_transaction")
    return {"state": state, "rolled_back": rolled_back, "returned": returned}


@key_moment("And where nothing goes wrong?", on=removed)
def the_commit_is_done(trace: Trace):
    """Then `remove_book` marks the book for deletion at {deleted} and returns, and `get_transaction` is resumed at {back}. It
    commits at {committed}, and does not roll back. `get_db` is resumed after it, at {outer}."""
    deleted = trace.one(line="await db.delete(book)")
    returned = trace.one(returned="remove_book")
    back = trace.one(resumed="get_transaction", at="yield")
    committed = trace.one(state="idle", after=back)
    outer = trace.one(resumed="get_db", at="yield")
    assert deleted < returned < back
    assert committed.text == "await db.commit()"
    assert committed < outer
    assert trace.never(line="await db.rollback()")
    return {"back": back, "deleted": deleted, "committed": committed, "outer": outer}


@quiz(
    "`remove_book` raises `HTTPException(404)`, and it is swallowed. Which status does the client get?",
    on=swallowed,
    hint="Look at State after, in the row of http.response.start.",
    holds=">=0.110",
)
def which_status(trace: Trace):
    sent = trace.one(asgi="http.response.start")
    caught = trace.one(caught="get_transaction")
    failed = trace.one(kind="failed")
    assert caught < sent < failed
    return Options(
        Option(
            "204",
            sent.status == 204,
            "That is the status when the book is there, and `remove_book` returns.",
        ),
        Option(
            "404",
            sent.status == 404,
            "It is so when the exception passes, as in `read_book`. Here it is caught at {caught}.",
        ),
        Option(
            "500",
            sent.status == 500,
            "The exception is gone at {caught}, and there is no answer. FastAPI raises an error, which ends in the server at {failed}.",
        ),
        sent=sent,
        caught=caught,
        failed=failed,
    )


@quiz(
    "The exception is caught at {caught}. What is the state of the session then?",
    on=swallowed,
    hint="Look at the variable tracker, in the column of that step.",
)
def session_when_caught(trace: Trace):
    caught = trace.one(caught="get_transaction")
    used = trace.first(state="in transaction")
    rolled_back = trace.first(state="idle", after=used)
    assert trace.count(state="idle", after=used) == 1
    now = trace.state("AsyncSession", after=caught)
    return Options(
        Option(
            "in transaction",
            now == "in transaction",
            "It is so from {used} on, where `remove_book` reads, until {rolled_back}.",
        ),
        Option(
            "idle", now == "idle", "Not yet: it is so again from {rolled_back} on, by the rollback."
        ),
        caught=caught,
        used=used,
        rolled_back=rolled_back,
    )


@quiz(
    "The exception is swallowed. What happens to `get_db` next?",
    on=swallowed,
    hint="Look for the next row of `get_db`.",
)
def what_get_db_sees(trace: Trace):
    returned = trace.one(returned="get_transaction")
    resumed = trace.count(resumed="get_db", at="yield", after=returned)
    thrown = trace.count(thrown="get_db")
    back = trace.one(resumed="get_db", at="yield")
    return Options(
        Option(
            "It is resumed, as after a success",
            resumed == 1 and thrown == 0,
            "It goes on at {back}, after `get_transaction` has returned at {returned}.",
        ),
        Option(
            "The `HTTPException` is thrown into it",
            resumed == 0 and thrown == 1,
            "That is so in `read_book`, where nobody catches it before.",
        ),
        Option(
            "Nothing: it stays suspended",
            resumed == 0 and thrown == 0,
            "It stays so only until {back}.",
        ),
        returned=returned,
        back=back,
    )


@quiz(
    "With which exception does the run end in the server?",
    on=swallowed,
    hint="Look at the row in which the app’s call ends.",
    holds=">=0.110",
)
def which_exception(trace: Trace):
    raised = trace.one(raised="remove_book")
    failed = trace.one(kind="failed")
    assert raised < failed
    return Options(
        Option(
            "`HTTPException`",
            failed.exception == "HTTPException",
            "That one is raised at {raised}, and swallowed. The server never sees it.",
        ),
        Option(
            "`FastAPIError`",
            failed.exception == "FastAPIError",
            "FastAPI has no answer to send, and says so at {failed}.",
        ),
        Option(
            "`IntegrityError`",
            failed.exception == "IntegrityError",
            "The database has no objection: it only had no such row.",
        ),
        raised=raised,
        failed=failed,
    )


@exit_line(on=removed)
def removed_ends(trace: Trace):
    """The run ends at {done}: the client has its {status}, and no exception was raised."""
    sent = trace.one(asgi="http.response.start")
    done = trace.one(kind="done", request=1)
    assert sent.status == 204
    assert trace.count(kind="done", request=1) == 1
    assert trace.never(kind="raise")
    return {"done": done, "status": sent.status}


@exit_line(on=swallowed, holds=">=0.110")
def swallowed_ends(trace: Trace):
    """The run ends at {failed} with {exception}, raised into the server. The `HTTPException` of {raised} is in
    no response."""
    raised = trace.one(raised="remove_book")
    failed = trace.one(kind="failed")
    assert raised.exception == "HTTPException"
    assert raised < failed
    assert failed.exception == "FastAPIError"
    assert trace.one(asgi="http.response.start").status == 500
    return {"failed": failed, "exception": failed.exception, "raised": raised}


@exit_line(on=passed)
def passed_ends(trace: Trace):
    """The run ends at {done}: the client has the {status}, and nothing is raised into the server."""
    sent = trace.one(asgi="http.response.start")
    done = trace.one(kind="done", request=1)
    assert sent.status == 404
    assert trace.count(kind="done", request=1) == 1
    assert trace.never(kind="failed")
    return {"done": done, "status": sent.status}


@snapshot(on=swallowed, holds=">=0.110")
def swallowed_is_500(trace: Trace):
    """A 404 that a dependency swallows becomes a {status}. {caught} {sent}"""
    caught = trace.one(caught="get_transaction")
    sent = trace.one(asgi="http.response.start")
    assert trace.one(raised="remove_book").get("status") == 404
    assert caught < sent
    assert sent.status == 500
    return {"status": sent.status, "caught": caught, "sent": sent}


@snapshot(on=swallowed)
def outer_sees_success(trace: Trace):
    """The dependencies entered before it are resumed as after a success. {back}"""
    back = trace.one(resumed="get_db", at="yield")
    assert trace.one(returned="get_transaction") < back
    assert trace.never(thrown="get_db")
    return {"back": back}


@snapshot(on=passed)
def passing_is_404(trace: Trace):
    """Where the exception passes, the client gets its {status}. {unwound} {sent}"""
    unwound = trace.one(unwound="get_db")
    sent = trace.one(asgi="http.response.start")
    assert unwound < sent
    assert sent.status == 404
    return {"status": sent.status, "unwound": unwound, "sent": sent}


advice("End such an `except` with a bare `raise`.")
