"""Commit after 200

A dependency with `yield` can commit for all path operations that use it, in one place: after its
`yield`. A commit is a write, and a write can fail.
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

show("Book", "get_db", "add_books")


@watch("AsyncSession")
def session_state(db: AsyncSession) -> str:
    return "in transaction" if db.in_transaction() else "idle"


@scenario("Each title is there once")
async def once(client: AsyncClient) -> None:
    await client.post("/books", json=["Emma", "Dracula"])


@scenario("A title is there twice")
async def twice(client: AsyncClient) -> None:
    await client.post("/books", json=["Emma", "Emma"])


@key_moment("When are the books saved?", on=once, holds="<0.106 or >=0.118")
def saved_after_the_answer(trace: Trace):
    """After the client has been told so. It has its whole response, with the status {status}, at {has}; the
    commit starts after that, and is done at {committed}."""
    has = trace.one(kind="complete")
    commit = trace.one(line="await db.commit()")
    committed = trace.first(state="idle", after=commit)
    assert has.status == 201
    assert has < commit
    assert committed.function == "get_db"
    assert trace.state("AsyncSession", after=has) == "in transaction"
    return {"status": has.status, "has": has, "committed": committed}


@key_moment(
    "The commit fails. What does the client learn of it?", on=twice, holds="<0.106 or >=0.118"
)
def client_has_its_201(trace: Trace):
    """Nothing. It has its whole response, with the status {status}, at {has}. The commit raises
    {exception} at {raised}, after that."""
    has = trace.one(kind="complete")
    raised = trace.one(raised="get_db")
    assert has.status == 201
    assert has < raised
    assert raised.exception == "IntegrityError"
    return {"status": has.status, "has": has, "exception": raised.exception, "raised": raised}


@key_moment("Why does the error not become a 500?", on=twice, holds="<0.106 or >=0.118")
def the_status_has_left(trace: Trace):
    """Because the status has left: {status} at {sent}, and a response has one status. So the {exception} of
    {raised} is raised on, into the server, at {failed}, and nothing more is sent."""
    sent = trace.one(asgi="http.response.start")
    body = trace.one(asgi="http.response.body")
    raised = trace.one(raised="get_db")
    failed = trace.one(kind="failed")
    assert sent.status == 201
    assert sent < body < raised < failed
    assert failed.exception == raised.exception
    return {
        "status": sent.status,
        "sent": sent,
        "exception": raised.exception,
        "raised": raised,
        "failed": failed,
    }


@key_moment("Why does `add_books` itself not fail?", on=twice)
def nothing_is_asked_before(trace: Trace):
    """Because it asks the database nothing: it runs from {called} to {returned} without a wait at an
    `await`. The first statement after it that waits is the commit, at {waits}."""
    called = trace.one(called="add_books")
    returned = trace.one(returned="add_books")
    waits = trace.first(kind="wait", after=called)
    assert trace.never(kind="wait", function="add_books")
    assert returned < waits
    assert waits.text == "await db.commit()"
    return {"called": called, "returned": returned, "waits": waits}


@key_moment("What becomes of the transaction?", on=twice)
def the_block_ends_it(trace: Trace):
    """It ends without a commit. When the commit has failed at {raised}, the session is still {state}. Leaving
    `async with` ends that at {ended}, before the {exception} reaches the server at {failed}."""
    raised = trace.one(raised="get_db")
    ended = trace.first(state="idle", after=raised)
    failed = trace.one(kind="failed")
    state = trace.state("AsyncSession", after=raised)
    assert state == "in transaction"
    assert raised.text == "await db.commit()"
    assert ended.text == "async with AsyncSession(engine) as db:"
    assert ended < failed
    assert failed.exception == raised.exception
    return {
        "raised": raised,
        "state": state,
        "ended": ended,
        "exception": failed.exception,
        "failed": failed,
    }


@quiz(
    "At {has} the client has its whole response. What is the state of the session then?",
    on=once,
    hint="Look at the variable tracker, in the column of that step.",
    holds="<0.106 or >=0.118",
)
def session_when_answered(trace: Trace):
    has = trace.one(kind="complete")
    made = trace.first(state="idle")
    added = trace.first(state="in transaction")
    committed = trace.first(state="idle", after=added)
    now = trace.state("AsyncSession", after=has)
    return Options(
        Option(
            "in transaction",
            now == "in transaction",
            "It is so from {added} on, where the books are added, until the commit is done at {committed}.",
        ),
        Option(
            "idle",
            now == "idle",
            "It is so from {made}, where it is made, to {added}, and again from {committed} on.",
        ),
        has=has,
        made=made,
        added=added,
        committed=committed,
    )


@quiz(
    "Each title is there once. Which of these comes last?",
    on=once,
    hint="Look at the first row after the client has its response.",
    holds="<0.106 or >=0.118",
)
def what_comes_last(trace: Trace):
    returned = trace.one(returned="add_books")
    sent = trace.one(asgi="http.response.start")
    committed = trace.first(state="idle", after=trace.first(state="in transaction"))
    assert sent < committed
    return Options(
        Option(
            "`add_books` returns",
            sent < returned and committed < returned,
            "It returns at {returned}, before the other two.",
        ),
        Option(
            "The 201 leaves",
            returned < sent and committed < sent,
            "It leaves at {sent}, with nothing committed yet.",
        ),
        Option(
            "The books are committed",
            returned < committed and sent < committed,
            "The commit is done at {committed}.",
        ),
        returned=returned,
        sent=sent,
        committed=committed,
    )


@quiz(
    "A title is there twice. Which status does the client get?",
    on=twice,
    hint="Look at State after, in the row of http.response.start.",
    holds="<0.106 or >=0.118",
)
def which_status(trace: Trace):
    sent = trace.one(asgi="http.response.start")
    raised = trace.one(raised="get_db")
    assert sent < raised
    return Options(
        Option("201", sent.status == 201, "It leaves at {sent}; the commit fails at {raised}."),
        Option(
            "409", sent.status == 409, "Conflict would fit, but nobody has made such a response."
        ),
        Option(
            "500",
            sent.status == 500,
            "It would be so if `add_books` raised. The exception is raised at {raised}, in `get_db`.",
        ),
        sent=sent,
        raised=raised,
    )


@quiz(
    "A title is there twice. Where does the `IntegrityError` end up?",
    on=twice,
    hint="Look at the row in which the app's call ends.",
    holds="<0.106 or >=0.118",
)
def where_it_ends(trace: Trace):
    raised = trace.one(raised="get_db")
    failed = trace.count(kind="failed", exception="IntegrityError")
    answered = trace.count(asgi="http.response.start", after=raised)
    assert trace.count(asgi="http.response.start", before=raised) == 1
    return Options(
        Option(
            "In the server",
            failed == 1 and answered == 0,
            "The app's call ends with it. A server can only log it.",
        ),
        Option("With the client, as a 500", answered == 1, "Nothing is sent after {raised}."),
        Option(
            "Nowhere: `get_db` catches it",
            failed == 0 and answered == 0,
            "`get_db` has no `except`. In the other run there is nothing to catch.",
        ),
        raised=raised,
    )


@exit_line(on=once, holds="<0.106 or >=0.118")
def ends_committed(trace: Trace):
    """The run ends at {done}: the client had its {status} at {has}, and the commit was done at {committed}, after it."""
    has = trace.one(kind="complete")
    committed = trace.first(state="idle", after=trace.one(line="await db.commit()"))
    done = trace.one(kind="done", request=1)
    assert has < committed < done
    assert has.status == 201
    return {"done": done, "status": has.status, "has": has, "committed": committed}


@exit_line(on=twice, holds="<0.106 or >=0.118")
def ends_in_the_server(trace: Trace):
    """The run ends at {failed} with {exception}, raised into the server. The client has a {status} since {has}."""
    has = trace.one(kind="complete")
    failed = trace.one(kind="failed")
    assert has < failed
    assert has.status == 201
    assert failed.exception == "IntegrityError"
    return {"failed": failed, "exception": failed.exception, "status": has.status, "has": has}


@snapshot(on=once, holds="<0.106 or >=0.118")
def commit_follows(trace: Trace):
    """A commit after `yield` follows the response. {has} {commit}"""
    has = trace.one(kind="complete")
    commit = trace.one(line="await db.commit()")
    assert has < commit
    return {"has": has, "commit": commit}


@snapshot(on=twice, holds="<0.106 or >=0.118")
def failure_is_not_told(trace: Trace):
    """When it fails, at {raised}, the client has had its {status} since {has}."""
    raised = trace.one(raised="get_db")
    has = trace.one(kind="complete")
    assert has.status == 201
    assert has < raised
    return {"raised": raised, "status": has.status, "has": has}


@snapshot(on=twice)
def adding_asks_nothing(trace: Trace):
    """`add_all` asks the database nothing: the path operation returns at {returned}, and the database says
    no at {raised}."""
    returned = trace.one(returned="add_books")
    raised = trace.one(raised="get_db")
    assert trace.never(kind="wait", function="add_books")
    assert returned < raised
    assert raised.text == "await db.commit()"
    return {"returned": returned, "raised": raised}


advice("Commit in the path operation if its answer promises that something has been saved.")
