"""Proofs that say something.

Each can fail on a run that could have been, and on none that could not: all have to be proved.
"""

from __future__ import annotations

from asrun import Moment, Option, Options, Trace, exit_line, key_moment, quiz, snapshot
from tests.proofs.scenarios import answers, misfit, notes, raises, streams, twice

Cites = dict[str, Moment | str | int]


@key_moment("Order", on=answers)
def order(trace: Trace) -> Cites:
    """The body leaves at {sent}, and `get_db` goes on at {back}."""
    sent = trace.last(asgi="http.response.body")
    back = trace.one(resumed="get_db", at="yield")
    assert sent < back
    return {"sent": sent, "back": back}


@key_moment("Order of three", on=raises)
def order_of_three(trace: Trace) -> Cites:
    """Thrown in at {thrown}, closed at {closed}, answered at {sent}."""
    thrown = trace.one(thrown="get_db")
    closed = trace.first(state="closed")
    sent = trace.one(asgi="http.response.start")
    assert thrown < closed < sent
    return {"thrown": thrown, "closed": closed, "sent": sent}


@key_moment("Order, the other way to write it", on=answers)
def order_sorted(trace: Trace) -> Cites:
    """The dependency's dependency is first: {db}, {user}, {item}."""
    db, user, item = (trace.one(called=f) for f in ("get_db", "get_user", "read_item"))
    assert sorted([item, user, db]) == [db, user, item]
    return {"db": db, "user": user, "item": item}


@snapshot(on=answers)
def happens(trace: Trace) -> Cites:
    """The endpoint is called at {called}."""
    called = trace.one(called="read_item")
    assert trace.count(called="read_item") == 1
    return {"called": called}


@snapshot(on=answers)
def happens_said_first(trace: Trace) -> Cites:
    """The endpoint is called at {called}."""
    assert trace.count(called="read_item") >= 1
    return {"called": trace.first(called="read_item")}


@snapshot(on=raises)
def statement_runs(trace: Trace) -> Cites:
    """The session is closed all the same, at {cleanup}."""
    cleanup = trace.one(line="await db.close()")
    assert trace.count(line="await db.close()") == 1
    return {"cleanup": cleanup}


@snapshot(on=streams)
def exact_count(trace: Trace) -> None:
    """The body leaves in four messages."""
    assert trace.count(asgi="http.response.body") == 4


@snapshot(on=streams)
def lower_bound(trace: Trace) -> None:
    """More than one piece reaches the client."""
    assert trace.count(kind="chunk") > 1


@snapshot(on=streams)
def upper_bound(trace: Trace) -> None:
    """There are no more than four messages of the body."""
    assert len(trace.all(asgi="http.response.body")) <= 4


@snapshot(on=misfit)
def count_of_none(trace: Trace) -> None:
    """The endpoint is not called."""
    assert trace.count(called="read_item") == 0


@snapshot(on=misfit)
def never_a_function(trace: Trace) -> None:
    """Nothing of the endpoint runs."""
    assert trace.never(function="read_item")


@snapshot(on=answers)
def never_an_exception(trace: Trace) -> None:
    """The endpoint does not raise."""
    assert trace.never(raised="read_item")


@snapshot(on=answers)
def never_failed(trace: Trace) -> None:
    """The server sees no exception."""
    assert trace.never(kind="failed")


@snapshot(on=streams)
def never_a_state(trace: Trace) -> None:
    """No session is in use."""
    assert trace.never(state="in use")


@snapshot(on=answers)
def never_before(trace: Trace) -> Cites:
    """The code after `yield` has not started when the response does, at {sent}."""
    sent = trace.one(asgi="http.response.start")
    assert trace.never(resumed="get_db", before=sent)
    return {"sent": sent}


@snapshot(on=misfit)
def never_at_all_before(trace: Trace) -> Cites:
    """The endpoint is not called before {sent}, nor after."""
    sent = trace.one(asgi="http.response.start")
    assert trace.never(called="read_item", before=sent)
    return {"sent": sent}


@snapshot(on=answers)
def count_between(trace: Trace) -> Cites:
    """Between {lent} and {back} the endpoint is called."""
    lent = trace.one(yielded="get_db")
    back = trace.one(resumed="get_db", at="yield")
    assert trace.count(called="read_item", after=lent, before=back) == 1
    return {"lent": lent, "back": back}


@snapshot(on=answers)
def state_after(trace: Trace) -> Cites:
    """The session is still open when the endpoint is called, at {called}."""
    called = trace.one(called="read_item")
    assert trace.state("db", after=called) == "open"
    return {"called": called}


@snapshot(on=answers)
def state_at_the_end(trace: Trace) -> Cites:
    """When the app's call returns, at {done}, the session has been closed."""
    done = trace.one(kind="done", request=1)
    assert trace.state("Session", after=done) == "closed"
    return {"done": done}


@snapshot(on=misfit)
def status(trace: Trace) -> Cites:
    """A {status} leaves at {sent}."""
    sent = trace.one(asgi="http.response.start")
    assert sent.status == 422
    return {"sent": sent, "status": sent.status}


@snapshot(on=raises)
def status_class(trace: Trace) -> Cites:
    """The client gets an error of the server, at {got}."""
    got = trace.one(kind="response")
    assert 500 <= got.status < 600
    return {"got": got}


@snapshot(on=answers)
def body(trace: Trace) -> Cites:
    """The answer at {sent} names the pear."""
    sent = trace.one(asgi="http.response.body")
    assert "pear" in sent.body
    return {"sent": sent}


@snapshot(on=streams)
def header(trace: Trace) -> Cites:
    """A stream has no length when it starts, at {sent}; it says what it is."""
    sent = trace.one(asgi="http.response.start")
    assert "content-length" not in sent.headers
    assert sent.headers["content-type"].startswith("text/plain")
    return {"sent": sent}


@snapshot(on=streams)
def more_follows(trace: Trace) -> Cites:
    """More follows the first message of the body, at {first}, and nothing follows the last, at {last}."""
    first, last = trace.first(asgi="http.response.body"), trace.last(asgi="http.response.body")
    assert first.more_body
    assert not last.more_body
    return {"first": first, "last": last}


@snapshot(on=answers)
def lane(trace: Trace) -> Cites:
    """A `def` dependency runs in a worker thread, at {user}."""
    user = trace.one(called="get_user")
    assert user.lane == "worker"
    return {"user": user}


@snapshot(on=answers)
def threads(trace: Trace) -> Cites:
    """It is not the thread of the endpoint: {user}, {item}."""
    user, item = trace.one(called="get_user"), trace.one(called="read_item")
    assert user.thread != item.thread
    return {"user": user, "item": item}


@snapshot(on=answers)
def value(trace: Trace) -> Cites:
    """The endpoint has a number, and not its text, at {called}."""
    called = trace.one(called="read_item")
    assert trace.value("number", after=called) == "1"
    return {"called": called}


@snapshot(on=answers)
def shared_value(trace: Trace) -> Cites:
    """Both are given the same session: at {user}, and at {item}."""
    user, item = trace.one(called="get_user"), trace.one(called="read_item")
    assert trace.value("db", after=user) == trace.value("db", after=item)
    return {"user": user, "item": item}


@snapshot(on=twice)
def own_value(trace: Trace) -> Cites:
    """Each request has a session of its own: {one}, {other}."""
    one, other = (trace.one(yielded="get_db", request=n) for n in (1, 2))
    assert one.value != other.value
    return {"one": one, "other": other}


@snapshot(on=answers)
def returned_value(trace: Trace) -> Cites:
    """The endpoint returns at {returned} what is then sent."""
    returned = trace.one(returned="read_item")
    assert returned.value == "'pear for 100'"
    return {"returned": returned}


@snapshot(on=answers)
def value_of_a_call(trace: Trace) -> Cites:
    """`price` returns at {returned}."""
    returned = trace.one(returned="price")
    assert returned.value == "100"
    return {"returned": returned}


@snapshot(on=answers)
def value_from_a_dependency(trace: Trace) -> Cites:
    """The endpoint is given, {called}, what the dependency returned, {returned}."""
    returned = trace.one(returned="get_user")
    called = trace.one(called="read_item")
    assert trace.value("user", after=called) == returned.value
    return {"returned": returned, "called": called}


@snapshot(on=answers)
def from_the_cache(trace: Trace) -> Cites:
    """Who asks second is given what the first was given, {kept}."""
    kept = trace.one(probe="dependency", about="get_db")
    assert kept.get("cached")
    return {"kept": kept}


@snapshot(on=misfit)
def what_was_validated(trace: Trace) -> Cites:
    """The path is looked at, {looked}: it has one parameter, and one error."""
    looked = trace.one(probe="validation")
    assert (looked.get("for"), looked.get("names"), looked.get("errors")) == ("path", ["number"], 1)
    return {"looked": looked}


@snapshot(on=raises)
def exception(trace: Trace) -> Cites:
    """The same exception is thrown into the dependency at {thrown}."""
    thrown = trace.one(thrown="get_db")
    assert thrown.exception == "IndexError"
    return {"thrown": thrown}


@snapshot(on=answers)
def frame_suspended(trace: Trace) -> Cites:
    """While the endpoint runs, from {called} on, `get_db` is suspended."""
    called = trace.one(called="read_item")
    assert trace.frame("get_db", after=called) == "suspended"
    return {"called": called}


@exit_line(on=answers)
def frame_finished(trace: Trace) -> Cites:
    """The run ends at {done}, and `get_db` has ended by then."""
    done = trace.one(kind="done", request=1)
    assert trace.frame("get_db", after=done) == "finished"
    return {"done": done}


@snapshot(on=misfit)
def frame_not_started(trace: Trace) -> Cites:
    """When the response starts, at {sent}, the endpoint has not."""
    sent = trace.one(asgi="http.response.start")
    assert trace.frame("read_item", after=sent) == "not started"
    return {"sent": sent}


@snapshot(on=answers)
def all_in_order(trace: Trace) -> None:
    """Dependencies run from the inside out."""
    called = [moment.function for moment in trace.all(kind="call", request=1)]
    assert called == ["get_db", "get_user", "read_item", "price", "Session.close"]


@snapshot(on=(answers, raises))
def two_runs_by_order(good: Trace, bad: Trace) -> Cites:
    """Cleanup comes last when the endpoint answers, {good}, and first when it raises, {bad}."""
    closed, closed_bad = good.first(state="closed"), bad.first(state="closed")
    assert closed > good.one(asgi="http.response.body")
    assert closed_bad < bad.one(asgi="http.response.start")
    return {"good": closed, "bad": closed_bad}


@snapshot(on=(answers, raises))
def two_runs_by_value(good: Trace, bad: Trace) -> Cites:
    """The status at {good} is not that at {bad}."""
    sent, sent_bad = (run.one(asgi="http.response.start") for run in (good, bad))
    assert sent.status != sent_bad.status
    return {"good": sent, "bad": sent_bad}


@snapshot(on=(answers, misfit))
def two_runs_by_count(fits: Trace, does_not: Trace) -> None:
    """The endpoint is called more often when the number is one."""
    assert fits.count(called="read_item") > does_not.count(called="read_item")


@snapshot(on=notes)
def background(trace: Trace) -> Cites:
    """The task starts at {task}, after the last of the response at {sent}."""
    task = trace.one(called="write_note")
    sent = trace.last(asgi="http.response.body")
    assert sent < task
    return {"task": task, "sent": sent}


@snapshot(on=notes)
def generators_thread(trace: Trace) -> Cites:
    """A `def` generator is resumed in a worker thread as well, at {back}."""
    back = trace.one(resumed="get_lock", at="yield")
    assert back.lane == "worker"
    return {"back": back}


@snapshot(on=notes)
def printed(trace: Trace) -> Cites:
    """The task writes what it was given, at {printed}."""
    printed = trace.one(kind="print", request=1)
    assert printed.text == "milk"
    return {"printed": printed}


@snapshot(on=answers)
def startup(trace: Trace) -> Cites:
    """The code before the lifespan's `yield` runs, at {line}, before startup is complete, at {ready}."""
    line = trace.one(line='greeting = "hello"')
    ready = trace.one(asgi="lifespan.startup.complete")
    assert line < ready
    return {"line": line, "ready": ready}


@snapshot(on=streams)
def interleaved(trace: Trace) -> Cites:
    """The first piece leaves, at {first}, before the last is made, at {made}."""
    first = trace.first(asgi="http.response.body")
    made = trace.last(yielded="chunks")
    assert first < made
    return {"first": first, "made": made}


@quiz("After {lent}, what is the session's state?", on=answers, hint="See the tracker.")
def quiz_of_state(trace: Trace) -> Options:
    lent = trace.one(yielded="get_db")
    now = trace.state("db", after=lent)
    return Options(
        Option("open", now == "open", "Nothing has used it yet, at {lent}."),
        Option("in use", now == "in use", "Not yet."),
        Option("closed", now == "closed", "Not yet."),
        lent=lent,
    )


@quiz("Which is first?", on=answers, hint="See the table.")
def quiz_of_order(trace: Trace) -> Options:
    sent = trace.one(asgi="http.response.start")
    back = trace.one(resumed="get_db", at="yield")
    return Options(
        Option("The response", sent < back, "It starts at {sent}."),
        Option("The cleanup", back < sent, "It starts at {back}."),
        sent=sent,
        back=back,
    )


@quiz("How often is `get_db` called?", on=answers, hint="Two ask for it.")
def quiz_of_count(trace: Trace) -> Options:
    calls = trace.count(called="get_db")
    return Options(
        Option("Once", calls == 1, "FastAPI keeps what it returned for the request."),
        Option("Twice", calls == 2, "It would be, with `use_cache=False`."),
    )
