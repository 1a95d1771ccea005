"""Raising in the exit after success

The code after `yield` can raise, too, and what it raises can be an `HTTPException`: a status and a
text that are meant for the client.
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

show("get_db", "register", "issue_card")


@watch("AsyncSession")
def session_state(db: AsyncSession) -> str:
    return "in transaction" if db.in_transaction() else "idle"


@scenario("The name is new")
async def fresh(client: AsyncClient) -> None:
    await client.put("/readers/Bo")


@scenario("The name is taken: the commit fails")
async def at_commit(client: AsyncClient) -> None:
    await client.put("/readers/Ada")


@scenario("The name is taken: the flush fails")
async def at_flush(client: AsyncClient) -> None:
    await client.put("/readers/Ada/card")


@key_moment(
    "`get_db` raises `HTTPException(409)` for the client. What does the client get?",
    on=at_commit,
    holds="<0.106 or >=0.118",
)
def too_late(trace: Trace):
    """A {status}. It has left at {sent}, and the client has the whole response at {has}, before the `HTTPException`
    is raised at {raised}."""
    sent = trace.one(asgi="http.response.start")
    has = trace.one(kind="complete")
    raised = trace.one(
        line='raise HTTPException(409, "the name is taken") from error', kind="raise"
    )
    assert sent.status == 201
    assert sent < raised
    assert has < raised
    assert raised.get("status") == 409
    return {"status": sent.status, "sent": sent, "has": has, "raised": raised}


@key_moment("And the 409?", on=at_commit, holds="<0.106 or >=0.118")
def a_runtime_error(trace: Trace):
    """It is not sent. `get_db` ends by its `HTTPException` at {unwound}, and the run ends at {failed} with another
    exception, {exception}: the response has started, and it cannot have a second status."""
    unwound = trace.one(unwound="get_db")
    failed = trace.one(kind="failed")
    assert trace.one(asgi="http.response.start") < unwound
    assert unwound.get("status") == 409
    assert unwound < failed
    assert failed.exception == "RuntimeError"
    return {"unwound": unwound, "failed": failed, "exception": failed.exception}


@key_moment("Can the very same line ever answer the client?", on=at_flush)
def in_time(trace: Trace):
    """Yes, as long as nothing has been sent. `issue_card` fails itself, at {flush}; the {exception} is thrown into
    `get_db` at {thrown}, becomes the `HTTPException` at {raised}, and a {status} leaves at {sent}."""
    flush = trace.one(raised="issue_card")
    thrown = trace.one(thrown="get_db")
    raised = trace.one(
        line='raise HTTPException(409, "the name is taken") from error', kind="raise"
    )
    sent = trace.one(asgi="http.response.start")
    assert flush.exception == "IntegrityError"
    assert thrown.exception == flush.exception
    assert flush < thrown
    assert raised < sent
    assert sent.status == 409
    return {
        "flush": flush,
        "exception": thrown.exception,
        "thrown": thrown,
        "raised": raised,
        "status": sent.status,
        "sent": sent,
    }


@key_moment("What makes the difference?", on=(at_commit, at_flush), holds="<0.106 or >=0.118")
def who_asks_first(at_commit: Trace, at_flush: Trace):
    """When the database is asked. `register` never waits for it, and returns at {returned}: the answer is on its
    way before the commit fails at {commit}. `issue_card` waits for it, at {waits}, and never returns."""
    returned = at_commit.one(returned="register")
    sent = at_commit.one(asgi="http.response.start")
    commit = at_commit.first(raised="get_db")
    waits = at_flush.one(kind="wait", function="issue_card")
    assert at_commit.never(kind="wait", function="register")
    assert returned < sent < commit
    assert commit.exception == "IntegrityError"
    assert at_flush.never(returned="issue_card")
    assert at_flush.count(kind="wait", function="issue_card") == 1
    return {"returned": returned, "commit": commit, "waits": waits}


@key_moment("Does the server learn that it was a 409?", on=at_commit, holds="<0.106 or >=0.118")
def three_exceptions(trace: Trace):
    """It gets a {third}, the third exception in a row: {first} at {commit}, {second} at {raised}, and the
    {third} at {failed}."""
    commit = trace.first(raised="get_db")
    raised = trace.last(raised="get_db")
    failed = trace.one(kind="failed")
    assert commit < raised < failed
    assert commit.exception == "IntegrityError"
    assert raised.exception == "HTTPException"
    assert failed.exception == "RuntimeError"
    return {
        "third": failed.exception,
        "first": commit.exception,
        "commit": commit,
        "second": raised.exception,
        "raised": raised,
        "failed": failed,
    }


@quiz(
    "The commit fails, and `get_db` raises `HTTPException(409)`. Which status does the client get?",
    on=at_commit,
    hint="Look at State after, in the row of http.response.start.",
    holds="<0.106 or >=0.118",
)
def status_at_commit(trace: Trace):
    sent = trace.one(asgi="http.response.start")
    raised = trace.last(raised="get_db")
    assert sent < raised
    return Options(
        Option(
            "201", sent.status == 201, "It leaves at {sent}, before the 409 is raised at {raised}."
        ),
        Option(
            "409",
            sent.status == 409,
            "That is so when the flush fails: then nothing has been sent.",
        ),
        Option(
            "500",
            sent.status == 500,
            "It would be so if nobody turned the `IntegrityError` of a flush into a 409.",
        ),
        sent=sent,
        raised=raised,
    )


@quiz(
    "The flush fails in `issue_card`. How does `get_db` go on?",
    on=at_flush,
    hint="Look at the first row of `get_db` after the flush.",
)
def how_get_db_goes_on(trace: Trace):
    raised = trace.one(raised="issue_card")
    thrown = trace.count(thrown="get_db", after=raised)
    resumed = trace.count(resumed="get_db", at="yield", after=raised)
    place = trace.one(thrown="get_db")
    return Options(
        Option(
            "With the exception, at its `yield`",
            thrown == 1 and resumed == 0,
            "It is thrown in at {place}, and the `except` gets it. The commit is never reached.",
        ),
        Option(
            "With the commit, after its `yield`",
            thrown == 0 and resumed == 1,
            "That is so for `register`, which returns. Here the exception is raised at {raised}.",
        ),
        Option("Not at all", thrown == 0 and resumed == 0, "It goes on at {place}."),
        raised=raised,
        place=place,
    )


@quiz(
    "The commit has just failed, at {commit}. What is the state of the session?",
    on=at_commit,
    hint="Look at the variable tracker, in the column of that step.",
)
def session_after_the_failure(trace: Trace):
    commit = trace.first(raised="get_db")
    added = trace.first(state="in transaction")
    ended = trace.first(state="idle", after=added)
    assert trace.count(state="idle", after=added) == 1
    now = trace.state("AsyncSession", after=commit)
    return Options(
        Option(
            "in transaction",
            now == "in transaction",
            "It is so since {added}, and until `async with` ends it, at {ended}.",
        ),
        Option(
            "idle",
            now == "idle",
            "Not yet: it is so from {ended} on. After a commit that works it is so at once, as in the run with a new name.",
        ),
        commit=commit,
        added=added,
        ended=ended,
    )


@quiz(
    "Which of these does the server get when the commit fails?",
    on=at_commit,
    hint="Look at the row in which the app’s call ends.",
    holds="<0.106 or >=0.118",
)
def what_the_server_gets(trace: Trace):
    commit, raised = trace.first(raised="get_db"), trace.last(raised="get_db")
    failed = trace.one(kind="failed")
    assert commit < raised < failed
    return Options(
        Option(
            "The `IntegrityError` of the database",
            failed.exception == "IntegrityError",
            "It is raised at {commit}, and caught by `get_db`.",
        ),
        Option(
            "The `HTTPException` of `get_db`",
            failed.exception == "HTTPException",
            "It is raised at {raised}, and would be a response, had none been started.",
        ),
        Option(
            "A `RuntimeError`",
            failed.exception == "RuntimeError",
            "At {failed}: the response has started, so the 409 cannot be sent.",
        ),
        commit=commit,
        raised=raised,
        failed=failed,
    )


@exit_line(on=fresh)
def fresh_ends(trace: Trace):
    """The run ends at {done}: the commit worked at {committed}, and the client has its {status}."""
    committed = trace.first(state="idle", after=trace.one(line="await db.commit()"))
    done = trace.one(kind="done", request=1)
    sent = trace.one(asgi="http.response.start")
    assert committed < done
    assert trace.never(kind="raise")
    assert sent.status == 201
    return {"done": done, "committed": committed, "status": sent.status}


@exit_line(on=at_commit, holds="<0.106 or >=0.118")
def commit_ends(trace: Trace):
    """The run ends at {failed} with {exception}, raised into the server. The client has a {status} since {has}."""
    has = trace.one(kind="complete")
    failed = trace.one(kind="failed")
    assert has < failed
    assert has.status == 201
    assert failed.exception == "RuntimeError"
    return {"failed": failed, "exception": failed.exception, "status": has.status, "has": has}


@exit_line(on=at_flush)
def flush_ends(trace: Trace):
    """The run ends at {done}: the client has the {status}, and nothing is raised into the server."""
    sent = trace.one(asgi="http.response.start")
    done = trace.one(kind="done", request=1)
    assert sent.status == 409
    assert trace.count(kind="done", request=1) == 1
    assert trace.never(kind="failed")
    return {"done": done, "status": sent.status}


@snapshot(on=at_commit, holds="<0.106 or >=0.118")
def too_late_for_a_status(trace: Trace):
    """An `HTTPException` that is raised after the response, at {raised}, changes nothing for the client: it has
    its {status} since {has}."""
    raised = trace.last(raised="get_db")
    has = trace.one(kind="complete")
    assert has < raised
    assert raised.exception == "HTTPException"
    assert has.status == 201
    return {"raised": raised, "status": has.status, "has": has}


@snapshot(on=at_commit, holds="<0.106 or >=0.118")
def server_gets_another(trace: Trace):
    """The server gets a {exception} instead. {failed}"""
    failed = trace.one(kind="failed")
    assert trace.one(unwound="get_db").exception == "HTTPException"
    assert failed.exception == "RuntimeError"
    return {"exception": failed.exception, "failed": failed}


@snapshot(on=at_flush)
def in_time_for_a_status(trace: Trace):
    """When the path operation itself fails, at {flush}, `get_db` can still make it a {status}. {sent}"""
    flush = trace.one(raised="issue_card")
    sent = trace.one(asgi="http.response.start")
    assert flush < sent
    assert flush.exception == "IntegrityError"
    assert sent.status == 409
    return {"flush": flush, "status": sent.status, "sent": sent}


advice(
    "Ask the database in the path operation, with a flush or a commit, for whatever the client should hear of."
)
