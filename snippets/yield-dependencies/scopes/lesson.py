"""scope="function" and scope="request"

`Depends(...)` takes a `scope` for a dependency with `yield`. It names what the dependency belongs to:
the path operation's function, or the request as a whole.
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

show("get_db", "add_book", "export")


@watch("AsyncSession")
def session_state(db: AsyncSession) -> str:
    # SQLAlchemy has no public way to ask a session whether it has been closed for good.
    if db.sync_session._close_state.name == "CLOSED":
        return "closed"
    return "in transaction" if db.in_transaction() else "open"


@scenario('`scope="function"`: the book is new')
async def new_book(client: AsyncClient) -> None:
    await client.post("/books/Dracula")


@scenario('`scope="function"`: the book is there')
async def old_book(client: AsyncClient) -> None:
    await client.post("/books/Emma")


@scenario('`scope="request"`: a stream')
async def stream(client: AsyncClient) -> None:
    await client.get("/books.txt")


@key_moment(
    'When does the code after `yield` run with `scope="function"`?', on=new_book, holds=">=0.121"
)
def function_before_the_response(trace: Trace):
    """Between the function and the response. `add_book` returns at {returned}, `get_db` goes on at {back} and
    closes the session at {closed}, and only then the status leaves, at {sent}."""
    returned = trace.one(returned="add_book")
    back = trace.one(resumed="get_db", at="yield")
    closed = trace.first(state="closed")
    sent = trace.one(asgi="http.response.start")
    assert returned < back
    assert closed < sent
    assert closed.function == "get_db"
    return {"returned": returned, "back": back, "closed": closed, "sent": sent}


@key_moment('And with `scope="request"`?', on=stream, holds=">=0.121")
def request_after_the_response(trace: Trace):
    """After the response: the last message of the body leaves at {last}, and `get_db` goes on at {back}."""
    last = trace.last(asgi="http.response.body")
    back = trace.one(resumed="get_db", at="yield")
    assert last < back
    return {"last": last, "back": back}


@key_moment("The commit fails. Can the client still be told?", on=old_book, holds=">=0.121")
def failure_is_told(trace: Trace):
    """Yes: {exception} is raised in `get_db` at {raised}, when nothing has been sent. The client gets a
    {status} for it: it leaves at {sent}."""
    raised = trace.one(raised="get_db")
    sent = trace.one(asgi="http.response.start")
    assert raised.exception == "IntegrityError"
    assert raised < sent
    assert sent.status == 500
    return {"exception": raised.exception, "raised": raised, "status": sent.status, "sent": sent}


@key_moment('Why not `scope="function"` for everything?', on=(stream, new_book), holds=">=0.121")
def a_stream_needs_it_longer(stream: Trace, new_book: Trace):
    """Because a stream works later. `export` uses the session at {used}, when the status has left at {head}.
    In `add_book`, with `scope="function"`, the session is closed at {closed}, before its status leaves at {sent}."""
    head = stream.one(asgi="http.response.start")
    used = stream.first(state="in transaction")
    closed = new_book.first(state="closed")
    sent = new_book.one(asgi="http.response.start")
    assert head < used
    assert closed < sent
    return {"used": used, "head": head, "closed": closed, "sent": sent}


@key_moment("Does the scope change what the function gets?", on=(new_book, stream), holds=">=0.121")
def entered_alike(new_book: Trace, stream: Trace):
    """No. Either way `get_db` is called once, lends its session, at {lent_a} and {lent_b}, and is suspended there
    when the function starts, at {called_a} and {called_b}."""
    lent_a, called_a = new_book.one(yielded="get_db"), new_book.one(called="add_book")
    lent_b, called_b = stream.one(yielded="get_db"), stream.one(called="export")
    assert new_book.count(called="get_db") == 1
    assert stream.count(called="get_db") == 1
    assert new_book.frame("get_db", after=called_a) == "suspended"
    assert stream.frame("get_db", after=called_b) == "suspended"
    assert new_book.value("db", after=called_a) == lent_a.value
    assert stream.value("db", after=called_b) == lent_b.value
    return {"lent_a": lent_a, "lent_b": lent_b, "called_a": called_a, "called_b": called_b}


@quiz(
    '`add_book` has `scope="function"`. Which of these comes last?',
    on=new_book,
    hint="Look for the wire’s first row of the response, and at what stands above it.",
    holds=">=0.121",
)
def what_comes_last(trace: Trace):
    returned = trace.one(returned="add_book")
    closed = trace.first(state="closed")
    sent = trace.one(asgi="http.response.start")
    return Options(
        Option(
            "`add_book` returns",
            closed < returned and sent < returned,
            "It returns at {returned}, before the other two.",
        ),
        Option(
            "The session is closed",
            returned < closed and sent < closed,
            'It is closed at {closed}, before the response. With `scope="request"` it is closed last.',
        ),
        Option(
            "The 201 leaves",
            returned < sent and closed < sent,
            "It leaves at {sent}, when `get_db` has ended.",
        ),
        returned=returned,
        closed=closed,
        sent=sent,
    )


@quiz(
    '`export` has `scope="request"`. Its status leaves at {head}. What is the state of the session then?',
    on=stream,
    hint="Look at the variable tracker, in the column of that step.",
    holds=">=0.121",
)
def session_at_the_head(trace: Trace):
    head = trace.one(asgi="http.response.start")
    used = trace.first(state="in transaction")
    closed = trace.first(state="closed")
    now = trace.state("AsyncSession", after=head)
    return Options(
        Option("open", now == "open", "Nothing has been read yet: that starts at {used}."),
        Option(
            "in transaction",
            now == "in transaction",
            "Not yet: that is its state from {used} on, when the stream reads.",
        ),
        Option(
            "closed",
            now == "closed",
            'It is closed at {closed}. With `scope="function"` it would be closed by now, as in `add_book`.',
        ),
        head=head,
        used=used,
        closed=closed,
    )


@quiz(
    "The book is there already, and the commit fails. Which status does the client get?",
    on=old_book,
    hint="Look at State after, in the row of http.response.start.",
    holds=">=0.121",
)
def which_status(trace: Trace):
    sent = trace.one(asgi="http.response.start")
    raised = trace.one(raised="get_db")
    assert raised < sent
    return Options(
        Option("201", sent.status == 201, "That is the status for a book that is new."),
        Option(
            "409", sent.status == 409, "Conflict would fit, but nobody has made such a response."
        ),
        Option(
            "500",
            sent.status == 500,
            "Nobody catches what is raised at {raised}, and nothing has been sent: it leaves at {sent}.",
        ),
        sent=sent,
        raised=raised,
    )


@quiz(
    "The status of `add_book` leaves at {sent}. What is the frame of `get_db` then?",
    on=new_book,
    hint="Look at the variable tracker, in the row of the frame.",
    holds=">=0.121",
)
def frame_at_the_head(trace: Trace):
    sent = trace.one(asgi="http.response.start")
    ended = trace.one(returned="get_db")
    now = trace.frame("get_db", after=sent)
    return Options(
        Option("finished", now == "finished", "It has ended at {ended}."),
        Option(
            "suspended",
            now == "suspended",
            'It is so with `scope="request"`: there it goes on after the body.',
        ),
        Option(
            "running", now == "running", "It runs after the function, and has ended at {ended}."
        ),
        sent=sent,
        ended=ended,
    )


@exit_line(on=new_book, holds=">=0.121")
def new_book_ends(trace: Trace):
    """The run ends at {done}: the session was closed at {closed}, and the client has had its {status} since {has},
    after it."""
    closed = trace.first(state="closed")
    has = trace.one(kind="complete")
    done = trace.one(kind="done", request=1)
    assert closed < has < done
    assert has.status == 201
    return {"done": done, "closed": closed, "status": has.status, "has": has}


@exit_line(on=old_book, holds=">=0.121")
def old_book_ends(trace: Trace):
    """The run ends at {failed} with {exception}, raised into the server. The client has been told: it has
    a {status} since {has}."""
    has = trace.one(kind="complete")
    failed = trace.one(kind="failed")
    assert has < failed
    assert has.status == 500
    assert failed.exception == "IntegrityError"
    return {"failed": failed, "exception": failed.exception, "status": has.status, "has": has}


@exit_line(on=stream, holds=">=0.121")
def stream_ends(trace: Trace):
    """The run ends at {done}: the session was closed at {closed}, after the client had its response at {has}."""
    has = trace.one(kind="complete")
    closed = trace.first(state="closed")
    done = trace.one(kind="done", request=1)
    assert has < closed < done
    return {"done": done, "closed": closed, "has": has}


@snapshot(on=new_book, holds=">=0.121")
def function_first(trace: Trace):
    """`scope="function"`: the exit comes before the response. {closed} {sent}"""
    closed = trace.first(state="closed")
    sent = trace.one(asgi="http.response.start")
    assert closed < sent
    return {"closed": closed, "sent": sent}


@snapshot(on=stream, holds=">=0.121")
def request_last(trace: Trace):
    """`scope="request"`: the exit comes after the response, so that a stream can use the resource. {used} {last} {back}"""
    used = trace.first(state="in transaction")
    last = trace.last(asgi="http.response.body")
    back = trace.one(resumed="get_db", at="yield")
    assert trace.one(asgi="http.response.start") < used
    assert last < back
    return {"used": used, "last": last, "back": back}


@snapshot(on=old_book, holds=">=0.121")
def failure_in_time(trace: Trace):
    """With `scope="function"`, a commit that fails, at {raised}, can still become a {status}. {sent}"""
    raised = trace.one(raised="get_db")
    sent = trace.one(asgi="http.response.start")
    assert raised < sent
    assert sent.status == 500
    return {"raised": raised, "status": sent.status, "sent": sent}


advice(
    'Take `scope="function"` for what can fail on its exit, and `scope="request"` for what a response still needs.'
)
