"""Exit and response: three eras

A dependency with `yield` lends something and takes it back. A response can need it for longer than
the path operation does: to stream, or for a background task.
"""

from contextlib import suppress

from httpx import AsyncClient, RemoteProtocolError
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

show("get_db", "read_book", "notify", "request_book", "export")


@watch("AsyncSession")
def session_state(db: AsyncSession) -> str:
    # SQLAlchemy has no public way to ask a session whether it has been closed for good.
    if db.sync_session._close_state.name == "CLOSED":
        return "closed"
    return "in transaction" if db.in_transaction() else "open"


@scenario("A plain answer")
async def plain(client: AsyncClient) -> None:
    await client.get("/books/0")


@scenario("An answer and a background task")
async def background(client: AsyncClient) -> None:
    await client.post("/books/0/requests")


@scenario("A streamed answer")
async def stream(client: AsyncClient) -> None:
    with suppress(RemoteProtocolError):  # In the era between, the stream breaks off.
        await client.get("/books.txt")


@key_moment(
    "Does the session close when the path operation returns?", on=plain, holds="<0.106 or >=0.118"
)
def not_with_the_return(trace: Trace):
    """No: `read_book` returns at {returned}, and the session is closed at {closed}. Between the two, the
    whole response leaves: its status at {head}, its body at {body}."""
    returned = trace.one(returned="read_book")
    head = trace.one(asgi="http.response.start")
    body = trace.one(asgi="http.response.body")
    closed = trace.first(state="closed")
    assert returned < head
    assert body < closed
    return {"returned": returned, "closed": closed, "head": head, "body": body}


@key_moment("Can a background task use the session?", on=background, holds="<0.106 or >=0.118")
def open_for_the_task(trace: Trace):
    """Yes: `notify` reads with it at {read}, and has returned at {ended} when `get_db` goes on at
    {back} and closes it at {closed}."""
    read = trace.one(name="titles", function="notify")
    ended = trace.one(returned="notify")
    back = trace.one(resumed="get_db", at="yield")
    closed = trace.first(state="closed")
    assert trace.state("AsyncSession", after=read) == "in transaction"
    assert ended < back
    assert back < closed
    assert closed.function == "get_db"
    return {"read": read, "ended": ended, "back": back, "closed": closed}


@key_moment("And a stream?", on=stream, holds="<0.106 or >=0.118")
def open_for_the_stream(trace: Trace):
    """A stream, too: the session is {state} when the first title leaves at {first}, and is closed at
    {closed}, after the last message of the body at {last}."""
    first = trace.first(asgi="http.response.body")
    last = trace.last(asgi="http.response.body")
    closed = trace.first(state="closed")
    state = trace.state("AsyncSession", after=first)
    assert state == "in transaction"
    assert first.body == "Dracula\n"
    assert last < closed
    return {"state": state, "first": first, "closed": closed, "last": last}


@key_moment("When does the work for a stream start?", on=stream)
def stream_starts_late(trace: Trace):
    """After the path operation: `export` has returned at {returned}, with nothing read yet. `lines`
    starts at {started}, and the status has left at {head} before it."""
    returned = trace.one(returned="export")
    head = trace.one(asgi="http.response.start")
    started = trace.one(called="lines")
    assert returned < started
    assert head < started
    assert trace.never(name="title", before=returned)
    return {"returned": returned, "started": started, "head": head}


@key_moment("Does the client wait for the background task?", on=background)
def client_is_served(trace: Trace):
    """No: it has its whole response at {has}, before `notify` starts at {task}."""
    has = trace.one(kind="complete")
    task = trace.one(called="notify")
    assert has < task
    return {"has": has, "task": task}


@key_moment(
    "And in the era between, from 0.106 to 0.117?", on=(plain, stream), holds=">=0.106,<0.118"
)
def closed_before_the_response(plain: Trace, stream: Trace):
    """The session is closed before the status is sent, for a plain answer and for a stream. The stream
    then reads no title."""
    assert plain.first(state="closed") < plain.one(asgi="http.response.start")
    assert stream.first(state="closed") < stream.one(asgi="http.response.start")
    assert stream.never(name="title")


@quiz(
    "`read_book` has returned, at {returned}. What comes first after it?",
    on=plain,
    hint="Look for the first row of the wire after that step, and for the first one of `get_db`.",
    holds="<0.106 or >=0.118",
)
def first_after_the_return(trace: Trace):
    returned = trace.one(returned="read_book")
    head = trace.one(asgi="http.response.start")
    back = trace.one(resumed="get_db", at="yield")
    assert returned < head
    assert returned < back
    return Options(
        Option(
            "The status leaves", head < back, "It leaves at {head}, `get_db` goes on at {back}."
        ),
        Option(
            "`get_db` goes on",
            back < head,
            "That is so in FastAPI {releases}: there the exit comes before the response.",
        ),
        returned=returned,
        head=head,
        back=back,
    )


@quiz(
    "`export` returns at {returned}. What is the state of the session then?",
    on=stream,
    hint="Look at the variable tracker, in the column of that step.",
    holds="<0.106 or >=0.118",
)
def state_at_return(trace: Trace):
    returned = trace.one(returned="export")
    used = trace.first(state="in transaction")
    closed = trace.first(state="closed")
    assert used < closed
    now = trace.state("AsyncSession", after=returned)
    return Options(
        Option(
            "open", now == "open", "Nobody has used it yet: `lines` reads, and it starts later."
        ),
        Option(
            "in transaction",
            now == "in transaction",
            "Not yet: that is its state from {used} on. In the plain run it is so when `read_book` returns.",
        ),
        Option("closed", now == "closed", "Not yet: it is closed at {closed}."),
        returned=returned,
        used=used,
        closed=closed,
    )


@quiz(
    "Which comes last in the run with the background task?",
    on=background,
    hint="Look at the last rows of the event loop.",
    holds="<0.106 or >=0.118",
)
def what_comes_last(trace: Trace):
    has = trace.one(kind="complete")
    ended = trace.one(returned="notify")
    closed = trace.first(state="closed")
    return Options(
        Option(
            "The client has the whole response",
            ended < has and closed < has,
            "It has it at {has}, before the other two.",
        ),
        Option(
            "`notify` returns",
            has < ended and closed < ended,
            "It returns at {ended}, and the session is still there.",
        ),
        Option(
            "The session is closed",
            has < closed and ended < closed,
            "It is closed at {closed}, when nothing of the response is left to do.",
        ),
        has=has,
        ended=ended,
        closed=closed,
    )


@quiz(
    "`notify` starts at {task}. What has the client got by then?",
    on=background,
    hint="Look at the rows of the client above that step.",
)
def client_at_task(trace: Trace):
    task = trace.one(called="notify")
    head = trace.one(kind="response")
    whole = trace.one(kind="complete")
    return Options(
        Option("Nothing", task < head, "The status arrives earlier, at {head}."),
        Option(
            "The status, but not the body",
            head < task < whole,
            "The body arrives earlier, too, at {whole}.",
        ),
        Option(
            "The whole response",
            whole < task,
            "It has it at {whole}: a background task is what is done after.",
        ),
        task=task,
        head=head,
        whole=whole,
    )


@quiz(
    "The first title leaves at {first}. What is the frame of `get_db` then?",
    on=stream,
    hint="Look at the variable tracker, in the row of the frame.",
    holds="<0.106 or >=0.118",
)
def frame_in_mid_stream(trace: Trace):
    first = trace.first(asgi="http.response.body")
    lent, back = trace.one(yielded="get_db"), trace.one(resumed="get_db", at="yield")
    now = trace.frame("get_db", after=first)
    return Options(
        Option(
            "suspended",
            now == "suspended",
            "It is so from {lent}, where it lends the session, to {back}.",
        ),
        Option(
            "running", now == "running", "It runs again from {back} on, when the stream has ended."
        ),
        Option(
            "finished",
            now == "finished",
            "Not yet. In the era between it has finished before the status leaves.",
        ),
        first=first,
        lent=lent,
        back=back,
    )


@exit_line(on=plain, holds="<0.106 or >=0.118")
def plain_ends(trace: Trace):
    """The run ends at {done}: the session was closed at {closed}, after the client had its answer at {has}."""
    has = trace.one(kind="complete")
    closed = trace.first(state="closed")
    done = trace.one(kind="done")
    assert has < closed < done
    return {"done": done, "closed": closed, "has": has}


@exit_line(on=background, holds="<0.106 or >=0.118")
def background_ends(trace: Trace):
    """The run ends at {done}: the task was over at {ended}, and the session was closed at {closed}, after it."""
    ended = trace.one(returned="notify")
    closed = trace.first(state="closed")
    done = trace.one(kind="done")
    assert ended < closed < done
    return {"done": done, "ended": ended, "closed": closed}


@exit_line(on=stream, holds="<0.106 or >=0.118")
def stream_ends(trace: Trace):
    """The run ends at {done}: the session was closed at {closed}, after the last of the stream at {last}."""
    last = trace.last(asgi="http.response.body")
    closed = trace.first(state="closed")
    done = trace.one(kind="done")
    assert last < closed < done
    return {"done": done, "closed": closed, "last": last}


@snapshot(on=plain, holds="<0.106 or >=0.118")
def exit_after_the_body(trace: Trace):
    """The session is closed after the body has left. {body} {closed}"""
    body = trace.one(asgi="http.response.body")
    closed = trace.first(state="closed")
    assert body < closed
    return {"body": body, "closed": closed}


@snapshot(on=background, holds="<0.106 or >=0.118")
def exit_after_the_task(trace: Trace):
    """It is closed after the background task, which still uses it. {read} {closed}"""
    read = trace.one(name="titles", function="notify")
    closed = trace.first(state="closed")
    assert trace.state("AsyncSession", after=read) == "in transaction"
    assert trace.one(returned="notify") < closed
    return {"read": read, "closed": closed}


@snapshot(on=stream, holds="<0.106 or >=0.118")
def exit_after_the_stream(trace: Trace):
    """It is closed after the stream, which still reads from it. {first} {closed}"""
    first = trace.first(asgi="http.response.body")
    closed = trace.first(state="closed")
    assert trace.state("AsyncSession", after=first) == "in transaction"
    assert trace.last(asgi="http.response.body") < closed
    return {"first": first, "closed": closed}


@snapshot(on=stream)
def stream_after_return(trace: Trace):
    """A stream does its work after the path operation has returned. {returned} {started}"""
    returned = trace.one(returned="export")
    started = trace.one(called="lines")
    assert returned < started
    return {"returned": returned, "started": started}


advice(
    "Give a background task a session of its own: then it does not matter which era your FastAPI is of."
)
