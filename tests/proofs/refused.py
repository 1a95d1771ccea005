"""Proofs that hold whatever had run.

None can fail on a run that could have been, or what they cite does not matter to them: all are vacuous.
"""

from __future__ import annotations

from asrun import Moment, Option, Options, Trace, exit_line, key_moment, quiz, snapshot
from tests.proofs.scenarios import answers, misfit, notes, raises, streams, twice

Cites = dict[str, Moment | str | int]

# ---------------------------------------------------------------- tautologies


@snapshot(on=answers)
def true(trace: Trace) -> Cites:
    """The body leaves at {sent}."""
    sent = trace.one(asgi="http.response.body")
    assert True
    return {"sent": sent}


@snapshot(on=answers)
def is_itself(trace: Trace) -> Cites:
    """The body leaves at {sent}."""
    sent = trace.one(asgi="http.response.body")
    assert sent == sent
    return {"sent": sent}


@snapshot(on=answers)
def one_or_the_other(trace: Trace) -> Cites:
    """The body leaves at {sent}, before or after {back}."""
    sent = trace.one(asgi="http.response.body")
    back = trace.one(resumed="get_db", at="yield")
    assert sent < back or back < sent
    return {"sent": sent, "back": back}


@snapshot(on=answers)
def any_status(trace: Trace) -> Cites:
    """A status leaves at {sent}."""
    sent = trace.one(asgi="http.response.start")
    assert sent.status == sent.status
    assert isinstance(sent.status, int)
    return {"sent": sent}


@snapshot(on=answers)
def any_count(trace: Trace) -> None:
    """The endpoint is called."""
    assert trace.count(called="read_item") >= 0


@snapshot(on=answers)
def far_off_bound(trace: Trace) -> None:
    """The endpoint is not called too often."""
    assert trace.count(called="read_item") < 1000


@snapshot(on=answers)
def two_ways_to_count(trace: Trace) -> None:
    """The lines run as often as they do."""
    assert len(trace.all(kind="line")) == trace.count(kind="line")


@snapshot(on=answers)
def count_or_never(trace: Trace) -> None:
    """The endpoint is called, or is not."""
    assert trace.never(called="read_item") == (trace.count(called="read_item") == 0)


@snapshot(on=(answers, raises))
def two_runs_that_need_not_differ(good: Trace, bad: Trace) -> None:
    """They are two runs."""
    assert good is not bad
    assert good.count(kind="scope") == bad.count(kind="scope")


# ---------------------------------------------------------------- lookups that can't fail


@snapshot(on=answers)
def looked_up(trace: Trace) -> Cites:
    """The session is closed at {closed}."""
    closed = trace.first(state="closed")
    assert closed is not None
    return {"closed": closed}


@snapshot(on=answers)
def read_of_the_filter(trace: Trace) -> Cites:
    """The endpoint is called at {called}."""
    called = trace.one(called="read_item")
    assert called.kind == "call"
    assert called.function == "read_item"
    return {"called": called}


@snapshot(on=answers)
def lane_of_the_filter(trace: Trace) -> Cites:
    """`get_user` is called in a worker thread, at {called}."""
    called = trace.one(called="get_user", lane="worker")
    assert called.lane == "worker"
    return {"called": called}


@snapshot(on=answers)
def state_of_the_filter(trace: Trace) -> Cites:
    """The session is closed at {closed}."""
    closed = trace.first(state="closed")
    assert trace.state("db", after=closed) == "closed"
    return {"closed": closed}


@snapshot(on=answers)
def order_of_the_bound(trace: Trace) -> Cites:
    """The session is closed at {closed}, after {sent}."""
    sent = trace.one(asgi="http.response.body")
    closed = trace.first(state="closed", after=sent)
    assert sent < closed
    return {"sent": sent, "closed": closed}


# ---------------------------------------------------------------- guaranteed by ASGI


@key_moment("?", on=answers)
def start_before_body(trace: Trace) -> Cites:
    """The head leaves at {start}, before the body at {body}."""
    start = trace.one(asgi="http.response.start")
    body = trace.one(asgi="http.response.body")
    assert start < body
    return {"start": start, "body": body}


@snapshot(on=answers)
def request_before_scope(trace: Trace) -> Cites:
    """The request, {request}, comes before its scope, {scope}, and that before the endpoint, {called}."""
    request = trace.one(kind="request")
    scope = trace.one(asgi="http")
    called = trace.one(called="read_item")
    assert request < scope < called
    return {"request": request, "scope": scope, "called": called}


@snapshot(on=answers)
def sent_before_received(trace: Trace) -> Cites:
    """What the client has at {has} was sent before, at {sent}."""
    sent = trace.one(asgi="http.response.start")
    has = trace.one(kind="response")
    assert sent < has
    assert sent.status == has.status
    return {"sent": sent, "has": has}


@snapshot(on=streams)
def pieces_in_order(trace: Trace) -> Cites:
    """The first message of the body, {first}, leaves before the last, {last}."""
    first, last = trace.first(asgi="http.response.body"), trace.last(asgi="http.response.body")
    assert first < last
    return {"first": first, "last": last}


@snapshot(on=answers)
def nothing_sent_after_the_end(trace: Trace) -> Cites:
    """Nothing is sent after the app's call has returned, at {done}."""
    done = trace.one(kind="done", request=1)
    assert trace.never(kind="send", after=done, request=1)
    return {"done": done}


@snapshot(on=answers)
def one_start(trace: Trace) -> None:
    """There are no two heads of one response."""
    assert trace.count(asgi="http.response.start") <= 1


@snapshot(on=answers)
def whole_is_its_pieces(trace: Trace) -> Cites:
    """The client has, at {has}, what was sent."""
    has = trace.one(kind="complete")
    assert has.body == "".join(sent.body for sent in trace.all(asgi="http.response.body"))
    return {"has": has}


@snapshot(on=answers)
def startup_before_requests(trace: Trace) -> Cites:
    """Startup is complete, at {ready}, before the first request is served, at {scope}."""
    ready = trace.one(asgi="lifespan.startup.complete")
    scope = trace.one(asgi="http")
    assert ready < scope
    return {"ready": ready, "scope": scope}


# ---------------------------------------------------------------- the scenario's own doing


@snapshot(on=answers)
def as_asked(trace: Trace) -> Cites:
    """The request at {request} is a GET, and there is one."""
    request = trace.one(kind="request")
    assert request.get("method") == "GET"
    assert trace.count(kind="request") == 1
    assert trace.count(asgi="http") == 1
    return {"request": request}


@snapshot(on=twice)
def next_request_after_the_answer(trace: Trace) -> Cites:
    """The second request, {second}, follows the first response, {first}."""
    first = trace.one(kind="complete", request=1)
    second = trace.one(kind="request", request=2)
    assert first < second
    return {"first": first, "second": second}


@snapshot(on=twice)
def next_request_after_the_cleanup(trace: Trace) -> Cites:
    """The second request, {second}, follows the first cleanup, {closed}: the client is made so."""
    closed = trace.first(state="closed")
    second = trace.one(kind="request", request=2)
    assert closed < second
    return {"closed": closed, "second": second}


@snapshot(on=answers)
def request_that_was_not_sent(trace: Trace) -> None:
    """Nothing runs for a second request, which there is not."""
    assert trace.never(called="read_item", request=2)


@snapshot(on=answers)
def client_that_did_not_leave(trace: Trace) -> None:
    """The client does not leave."""
    assert trace.never(kind="left")


# ---------------------------------------------------------------- guaranteed by Python


@snapshot(on=answers)
def call_before_return(trace: Trace) -> Cites:
    """The endpoint is called, {called}, before it returns, {returned}."""
    called, returned = trace.one(called="read_item"), trace.one(returned="read_item")
    assert called < returned
    return {"called": called, "returned": returned}


@snapshot(on=answers)
def lines_in_order(trace: Trace) -> Cites:
    """The names are there, {names}, before the total is, {total}."""
    names = trace.one(line='names = ["apple", "pear"]')
    total = trace.one(line="total = price(number)")
    assert names < total
    return {"names": names, "total": total}


@snapshot(on=answers)
def yield_before_resume(trace: Trace) -> Cites:
    """`get_db` goes on, {back}, after it has yielded, {lent}; the frame is the same."""
    lent = trace.one(yielded="get_db")
    back = trace.one(resumed="get_db", at="yield")
    assert lent < back
    assert lent.frame == back.frame
    return {"lent": lent, "back": back}


@snapshot(on=answers)
def callee_within_caller(trace: Trace) -> Cites:
    """`price` is called, {called}, and returns, {returned}, while the endpoint runs."""
    called, returned = trace.one(called="price"), trace.one(returned="price")
    assert trace.one(called="read_item") < called
    assert returned < trace.one(returned="read_item")
    return {"called": called, "returned": returned}


@snapshot(on=answers)
def never_before_its_call(trace: Trace) -> Cites:
    """No line of `get_db` runs before it is called, {called}."""
    called = trace.one(called="get_db")
    assert trace.never(kind="line", function="get_db", before=called)
    return {"called": called}


@snapshot(on=answers)
def never_before_its_statement(trace: Trace) -> Cites:
    """`get_db` does not close the session before it has lent it, {lent}."""
    lent = trace.one(yielded="get_db")
    assert trace.never(line="await db.close()", before=lent)
    return {"lent": lent}


@snapshot(on=raises)
def raise_before_unwind(trace: Trace) -> Cites:
    """The endpoint's exception, {raised}, is the one that ends it, {ended}."""
    raised, ended = trace.one(raised="read_item"), trace.one(unwound="read_item")
    assert raised < ended
    assert raised.exception == ended.exception
    return {"raised": raised, "ended": ended}


@snapshot(on=answers)
def yields_its_name(trace: Trace) -> Cites:
    """`yield db` lends, at {lent}, what `db` is."""
    lent = trace.one(yielded="get_db")
    assert lent.value == trace.value("db", after=lent)
    return {"lent": lent}


@snapshot(on=notes)
def yields_a_literal(trace: Trace) -> Cites:
    """The lock is lent at {lent}."""
    lent = trace.one(yielded="get_lock")
    assert lent.value == "'lock'"
    return {"lent": lent}


@snapshot(on=answers)
def sets_a_literal(trace: Trace) -> Cites:
    """The user is set at {line}."""
    line = trace.first(name="user", function="get_user")
    assert trace.value("user", after=line) == "'ada'"
    return {"line": line}


@snapshot(on=answers)
def prints_a_literal(trace: Trace) -> Cites:
    """It says good-bye at {said}."""
    said = trace.one(kind="print", after=trace.one(kind="done", request=1))
    assert said.text == "bye"
    return {"said": said}


@snapshot(on=answers)
def argument_of_a_call(trace: Trace) -> Cites:
    """`price` is given, {called}, what the endpoint has."""
    called = trace.one(called="price")
    mine = trace.value("number", after=called, function="price")
    assert mine == trace.value("number", after=called, function="read_item")
    return {"called": called}


@snapshot(on=answers)
def result_of_a_call(trace: Trace) -> Cites:
    """The total, {total}, is what `price` returned, {returned}."""
    returned = trace.one(returned="price")
    total = trace.one(name="total")
    assert trace.value("total", after=total) == returned.value
    return {"returned": returned, "total": total}


# ---------------------------------------------------------------- cited, and nothing depends on it


@snapshot(on=raises)
def beside_the_point(trace: Trace) -> Cites:
    """A {status} leaves at {sent}, after the session was closed at {closed}."""
    sent = trace.one(asgi="http.response.start")
    closed = trace.first(state="closed")
    assert sent.status == 500
    return {"sent": sent, "closed": closed, "status": sent.status}


@snapshot(on=answers)
def half_of_it(trace: Trace) -> Cites:
    """The endpoint is called at {called}, the body leaves at {sent}, and then comes {back}."""
    called = trace.one(called="read_item")
    sent = trace.one(asgi="http.response.body")
    back = trace.one(resumed="get_db", at="yield")
    assert sent < back
    return {"called": called, "sent": sent, "back": back}


@snapshot(on=answers)
def another_event_of_the_frame(trace: Trace) -> Cites:
    """`get_db` is called once, and yields at {lent}."""
    lent = trace.one(yielded="get_db")
    assert trace.count(called="get_db") == 1
    return {"lent": lent}


@snapshot(on=answers)
def another_event_of_the_statement(trace: Trace) -> Cites:
    """The cleanup starts at {cleanup}."""
    cleanup = trace.one(line="await db.close()")
    sent = trace.one(asgi="http.response.body")
    assert sent < trace.first(state="closed")
    return {"cleanup": cleanup}


@exit_line(on=misfit)
def never_and_a_step_beside_it(trace: Trace) -> Cites:
    """The run ends at {done}; the endpoint was not called."""
    done = trace.one(kind="done", request=1)
    assert trace.never(called="read_item")
    return {"done": done}


@snapshot(on=(answers, raises))
def only_one_of_the_runs(good: Trace, bad: Trace) -> Cites:
    """A 200 leaves at {good}, a 500 at {bad}."""
    sent, sent_bad = (run.one(asgi="http.response.start") for run in (good, bad))
    assert sent.status == 200
    return {"good": sent, "bad": sent_bad}


# ---------------------------------------------------------------- quizzes


@quiz("Is the session open after {lent}?", on=answers, hint="It is.")
def quiz_by_the_author(trace: Trace) -> Options:
    lent = trace.one(yielded="get_db")
    return Options(
        Option("Yes", True, "It is."),
        Option("No", False, "It is."),
        lent=lent,
    )


@quiz("Which is first, {start} or {body}?", on=answers, hint="See the table.")
def quiz_of_what_asgi_guarantees(trace: Trace) -> Options:
    start = trace.one(asgi="http.response.start")
    body = trace.one(asgi="http.response.body")
    return Options(
        Option("The head", start < body, "It has to be."),
        Option("The body", body < start, "It can't be."),
        start=start,
        body=body,
    )


@quiz("What is the status at {sent}?", on=answers, hint="See the table.")
def quiz_with_a_step_beside_it(trace: Trace) -> Options:
    sent = trace.one(asgi="http.response.start")
    closed = trace.first(state="closed")
    return Options(
        Option("200", sent.status == 200, "The session is closed later, at {closed}."),
        Option("500", sent.status == 500, "That is so when the endpoint raises."),
        sent=sent,
        closed=closed,
    )
