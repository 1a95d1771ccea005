"""Enter and exit, last in first out

A path operation can have several dependencies with `yield`, and these can have dependencies of
their own. Each one is entered, up to its `yield`, and exited, from there to its end.
"""

import asyncio

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

show("lock_till", "get_db", "begin", "sell", "refund")


@watch("AsyncSession")
def session_state(db: AsyncSession) -> str:
    # SQLAlchemy has no public way to ask a session whether it has been closed for good.
    if db.sync_session._close_state.name == "CLOSED":
        return "closed"
    return "in transaction" if db.in_transaction() else "open"


@watch("Lock")
def lock_state(lock: asyncio.Lock) -> str:
    return "locked" if lock.locked() else "free"


@scenario("A sale: first the lock, then the transaction")
async def sale(client: AsyncClient) -> None:
    await client.post("/tills/1/sales")


@scenario("A refund: first the transaction, then the lock")
async def refund(client: AsyncClient) -> None:
    await client.post("/tills/1/refunds")


@key_moment("In which order are the dependencies entered?", on=(sale, refund))
def entered_as_listed(sale: Trace, refund: Trace):
    """In the order of the parameters. `sell` lists the lock first: `lock_till` is called at {lock_a}, `begin`
    at {begin_a}. `refund` lists it last: `begin` is called at {begin_b}, `lock_till` at {lock_b}."""
    lock_a, begin_a = sale.one(called="lock_till"), sale.one(called="begin")
    begin_b, lock_b = refund.one(called="begin"), refund.one(called="lock_till")
    assert lock_a < begin_a
    assert begin_b < lock_b
    return {"lock_a": lock_a, "begin_a": begin_a, "begin_b": begin_b, "lock_b": lock_b}


@key_moment("No parameter of `sell` names `get_db`. When is it entered?", on=sale)
def needed_first(trace: Trace):
    """Before the one that needs it: `get_db` lends its session at {lent}, and `begin` is called with
    that session at {called}."""
    lent = trace.one(yielded="get_db")
    called = trace.one(called="begin")
    assert lent < called
    assert trace.value("db", after=called) == lent.value
    return {"lent": lent, "called": called}


@key_moment("And in which order do they exit?", on=sale)
def exited_in_reverse(trace: Trace):
    """The other way round. They were entered at {lock_in}, {db_in} and {begin_in}; now `begin` goes on
    at {begin_out}, then `get_db` at {db_out}, and `lock_till` last, at {lock_out}."""
    lock_in, db_in, begin_in = (
        trace.one(called="lock_till"),
        trace.one(called="get_db"),
        trace.one(called="begin"),
    )
    begin_out, db_out, lock_out = (
        trace.one(resumed="begin", at="yield"),
        trace.one(resumed="get_db", at="yield"),
        trace.one(resumed="lock_till", at="yield"),
    )
    assert lock_in < db_in < begin_in
    assert begin_out < db_out < lock_out
    return {
        "lock_in": lock_in,
        "db_in": db_in,
        "begin_in": begin_in,
        "begin_out": begin_out,
        "db_out": db_out,
        "lock_out": lock_out,
    }


@key_moment("Why the other way round?", on=sale)
def needed_until_the_end(trace: Trace):
    """Because the exit of one may still need what was entered before it. `begin` ends the transaction at
    {ended}: the session is open then, and `get_db`, which closes it at {closed}, is still suspended."""
    back = trace.one(resumed="begin", at="yield")
    ended = trace.first(state="open", after=back)
    closed = trace.first(state="closed")
    assert ended.function == "begin"
    assert closed.function == "get_db"
    assert trace.frame("get_db", after=ended) == "suspended"
    assert ended < closed
    return {"ended": ended, "closed": closed}


@key_moment("Do they exit side by side?", on=sale)
def one_after_the_other(trace: Trace):
    """No: `begin` has ended at {begin_end} before `get_db` goes on at {db_out}, and `get_db` has ended at
    {db_end} before `lock_till` goes on at {lock_out}."""
    begin_end, db_end = trace.one(returned="begin"), trace.one(returned="get_db")
    db_out = trace.one(resumed="get_db", at="yield")
    lock_out = trace.one(resumed="lock_till", at="yield")
    assert begin_end < db_out
    assert db_end < lock_out
    return {"begin_end": begin_end, "db_out": db_out, "db_end": db_end, "lock_out": lock_out}


@key_moment("Does it matter where the lock stands?", on=(sale, refund))
def the_place_of_the_lock(sale: Trace, refund: Trace):
    """Yes. In `sell` it stands first: the transaction ends at {ended_a}, and the lock is free from {free_a} on.
    In `refund` it stands last: the lock is free from {free_b} on, and the transaction ends only at {ended_b}.
    In between, the session is {state}, and no lock guards it."""
    ended_a = sale.first(state="open", after=sale.one(resumed="begin", at="yield"))
    free_a = sale.last(state="free")
    free_b = refund.last(state="free")
    ended_b = refund.first(state="open", after=refund.one(resumed="begin", at="yield"))
    assert ended_a < free_a
    assert free_b < ended_b
    state = refund.state("AsyncSession", after=free_b)
    assert state == "in transaction"
    assert refund.state("Lock", after=ended_b) == "free"
    return {
        "ended_a": ended_a,
        "free_a": free_a,
        "free_b": free_b,
        "ended_b": ended_b,
        "state": state,
    }


@quiz(
    "`sell` has returned. Which dependency goes on first?",
    on=sale,
    hint="Look for the first row that says “resumed after yield”.",
)
def first_to_exit(trace: Trace):
    begin = trace.one(resumed="begin", at="yield")
    db = trace.one(resumed="get_db", at="yield")
    lock = trace.one(resumed="lock_till", at="yield")
    return Options(
        Option(
            "`begin`",
            begin < db and begin < lock,
            "It was entered last, and goes on first, at {begin}.",
        ),
        Option("`get_db`", db < begin and db < lock, "It goes on at {db}, when `begin` has ended."),
        Option(
            "`lock_till`",
            lock < begin and lock < db,
            "It goes on last, at {lock}. In `refund` it is the first, as it is the last parameter there.",
        ),
        begin=begin,
        db=db,
        lock=lock,
    )


@quiz(
    "`refund` lists the transaction, then the lock. Which function is called first?",
    on=refund,
    hint="`begin` has a dependency of its own.",
)
def first_to_enter(trace: Trace):
    db, begin, lock = (
        trace.one(called="get_db"),
        trace.one(called="begin"),
        trace.one(called="lock_till"),
    )
    return Options(
        Option(
            "`get_db`",
            db < begin and db < lock,
            "It is called at {db}, since `begin` needs its session.",
        ),
        Option(
            "`begin`",
            begin < db and begin < lock,
            "It is called at {begin}, with the session that `get_db` has lent.",
        ),
        Option(
            "`lock_till`",
            lock < db and lock < begin,
            "It is called at {lock}. In `sell` it is the first, as it is the first parameter there.",
        ),
        db=db,
        begin=begin,
        lock=lock,
    )


@quiz(
    "In `refund`, the lock is free from {free} on. What is the state of the session then?",
    on=refund,
    hint="Look at the variable tracker, in the column of that step.",
)
def session_when_free(trace: Trace):
    free = trace.last(state="free")
    ended = trace.first(state="open", after=trace.one(resumed="begin", at="yield"))
    closed = trace.first(state="closed")
    assert ended < closed
    now = trace.state("AsyncSession", after=free)
    return Options(
        Option(
            "in transaction",
            now == "in transaction",
            "`begin` has not gone on yet: it ends the transaction at {ended}.",
        ),
        Option("open", now == "open", "Not yet: that is its state from {ended} on."),
        Option(
            "closed",
            now == "closed",
            "Not yet: it is closed at {closed}. In `sell` it is closed before the lock is free.",
        ),
        free=free,
        ended=ended,
        closed=closed,
    )


@quiz(
    "In `sell`, the session is closed at {closed}. What is the frame of `lock_till` then?",
    on=sale,
    hint="Look for the rows of `lock_till`: which are above that step, and which below?",
)
def lock_while_closing(trace: Trace):
    closed = trace.first(state="closed")
    lent, back = trace.one(yielded="lock_till"), trace.one(resumed="lock_till", at="yield")
    now = trace.frame("lock_till", after=closed)
    return Options(
        Option(
            "suspended",
            now == "suspended",
            "It is so from {lent} to {back}, and holds the lock all that time.",
        ),
        Option("running", now == "running", "It runs before {lent}, and again from {back} on."),
        Option("finished", now == "finished", "In `refund` it is: there `lock_till` exits first."),
        closed=closed,
        lent=lent,
        back=back,
    )


@exit_line(on=sale)
def sale_ends(trace: Trace):
    """The run ends at {done}: the transaction was over at {ended}, and the lock was free at {free}, after it."""
    ended = trace.first(state="open", after=trace.one(resumed="begin", at="yield"))
    free = trace.last(state="free")
    done = trace.one(kind="done")
    assert ended < free < done
    return {"done": done, "ended": ended, "free": free}


@exit_line(on=refund)
def refund_ends(trace: Trace):
    """The run ends at {done}: the lock was free at {free}, and the transaction was over at {ended}, after it."""
    free = trace.last(state="free")
    ended = trace.first(state="open", after=trace.one(resumed="begin", at="yield"))
    done = trace.one(kind="done")
    assert free < ended < done
    return {"done": done, "free": free, "ended": ended}


@snapshot(on=sale)
def needed_is_entered_first(trace: Trace):
    """What a dependency needs is entered before it. {db} {begin}"""
    db, begin = trace.one(yielded="get_db"), trace.one(called="begin")
    assert db < begin
    return {"db": db, "begin": begin}


@snapshot(on=sale)
def last_in_first_out(trace: Trace):
    """Last in, first out: the one that is entered first, at {entered}, goes on last, at {exited}."""
    entered = trace.one(called="lock_till")
    exited = trace.one(resumed="lock_till", at="yield")
    assert entered < trace.one(called="get_db") < trace.one(called="begin")
    assert trace.one(resumed="begin", at="yield") < trace.one(resumed="get_db", at="yield") < exited
    return {"entered": entered, "exited": exited}


@snapshot(on=sale)
def no_two_at_once(trace: Trace):
    """One has ended before the next one goes on. {ended} {next}"""
    ended = trace.one(returned="begin")
    following = trace.one(resumed="get_db", at="yield")
    assert ended < following
    return {"ended": ended, "next": following}


@snapshot(on=refund)
def parameters_decide(trace: Trace):
    """Where the lock is the last parameter, it is free, at {free}, before the transaction is over, at {ended}."""
    free = trace.last(state="free")
    ended = trace.first(state="open", after=trace.one(resumed="begin", at="yield"))
    assert free < ended
    return {"free": free, "ended": ended}


advice("Read a signature from left to right as nested blocks. Put first what has to stay longest.")
