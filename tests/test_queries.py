"""What a proof can ask a trace, what it cannot, and what it is told when it asks wrongly."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from asrun import Moment, Trace
from asrun.judge import words
from asrun.judge.filters import Filters
from asrun.judge.log import Comparison, Log, Query, Read, Replayed
from asrun.model import KINDS, Kind, Lane
from tests.proofs.cases import HERE, recorded, verdict

SOURCE = (HERE / "app.py").read_text()


def trace(scenario: str = "answers") -> Trace:
    """A recorded run of `app.py`, with the words of `app.py` known."""
    data = recorded(scenario)
    known = words.read_words(SOURCE, (HERE / "scenarios.py").read_text(), [data])
    return Trace(data, words=known)


def handmade(*events: dict[str, Any], scenario: str = "made") -> Trace:
    """A run of a few events, with no words known."""
    numbered = [
        {"seq": n, "lane": "loop", "unit": 1, "request": 1, **e} for n, e in enumerate(events, 1)
    ]
    return Trace({"scenario": scenario, "events": numbered})


def fails(ask: Callable[[], object], error: type[Exception] = LookupError) -> str:
    """The message with which something fails."""
    with pytest.raises(error) as raised:
        ask()
    return str(raised.value)


# ------------------------------------------------------------------ finding


def test_the_only_the_first_the_last_and_all() -> None:
    run = trace("streams")
    pieces = run.all(asgi="http.response.body")
    assert [p.body for p in pieces] == ["one", "two", "three", ""]
    assert run.first(asgi="http.response.body") == pieces[0]
    assert run.last(asgi="http.response.body") == pieces[-1]
    assert run.one(asgi="http.response.start") < pieces[0]
    assert run.count(asgi="http.response.body") == 4
    assert run.never(raised="stream")
    assert not run.never(called="stream")
    assert run.all(raised="stream") == []


@pytest.mark.parametrize(
    ("filters", "seqs"),
    [
        ({"kind": "done", "request": 1}, {"kind": "done", "request": 1}),
        ({"function": "get_user"}, {"function": "get_user"}),
        ({"line": "await db.close()"}, {"kind": "line", "text": "await db.close()"}),
        ({"line": "yield db", "kind": "yield"}, {"kind": "yield", "text": "yield db"}),
        ({"line": "yield  db"}, {"kind": "line", "text": "yield db"}),
        ({"asgi": "http"}, {"asgi": "http"}),
        ({"lane": "worker"}, {"lane": "worker"}),
        ({"called": "read_item"}, {"kind": "call", "function": "read_item"}),
        ({"yielded": "get_db"}, {"kind": "yield", "function": "get_db"}),
        ({"resumed": "get_db", "at": "yield"}, {"kind": "resume", "function": "get_db"}),
        ({"resumed": "get_db", "at": "await"}, {"kind": "nothing"}),
        ({"returned": "price"}, {"kind": "return", "function": "price"}),
        ({"state": "closed"}, {"states": {"Session#1": "closed"}}),
        ({"state": "closed", "of": "Session"}, {"states": {"Session#1": "closed"}}),
        ({"state": "closed", "of": "Session#2"}, {"kind": "nothing"}),
        ({"name": "total"}, {"names": {"total": "100"}}),
        ({"probe": "serialize_response"}, {"kind": "probe", "seq_of": "serialize_response"}),
        ({"text": "hello"}, {"kind": "print", "detail": {"text": "hello"}}),
    ],
)  # fmt: skip
def test_a_filter_finds(filters: dict[str, Any], seqs: dict[str, Any]) -> None:
    name = seqs.pop("seq_of", None)
    wanted = [
        e["seq"]
        for e in recorded("answers")["events"]
        if all(e.get(k) == v for k, v in seqs.items())
        and (name is None or e["detail"]["probe"] == name)
    ]
    assert [m._event["seq"] for m in trace().all(**filters)] == wanted
    assert wanted or seqs == {"kind": "nothing"}


@pytest.mark.parametrize("shorthand", ["thrown", "unwound"])
def test_a_shorthand_finds_exceptions(shorthand: str) -> None:
    moment = trace("raises").one(**{shorthand: "get_db"})  # type: ignore[arg-type]
    assert moment.exception == "IndexError"


def test_raised_and_exception_can_be_asked_together() -> None:
    run = trace("raises")
    assert run.one(raised="read_item", exception="IndexError") < run.one(unwound="read_item")
    assert run.never(raised="read_item", exception="KeyError")


def test_phase_tells_a_probes_ends_apart() -> None:
    run = trace()
    start = run.one(probe="solve_dependencies", phase="start")
    end = run.one(probe="solve_dependencies", phase="end")
    assert start < run.one(called="get_db") < end
    assert end.get("errors") == 0
    kept = run.one(probe="dependency", about="get_db")
    assert kept.get("cached")
    assert run.never(probe="dependency", about="get_user")
    assert run.one(probe="validation").get("names") == ["number"]


def test_bounds_leave_their_own_moment_out() -> None:
    run = trace("streams")
    second = run.all(asgi="http.response.body")[1]
    assert run.count(asgi="http.response.body", before=second) == 1
    assert run.count(asgi="http.response.body", after=second) == 2
    first = run.first(asgi="http.response.body")
    assert run.never(asgi="http.response.body", after=first, before=second)


def test_a_long_statement_is_found_by_its_whole_source() -> None:
    kept = "x = [" + "1, " * 38 + "…"
    run = handmade({"kind": "line", "text": kept, "function": "f", "frame": 1})
    assert run.count(line="x = [" + "1, " * 38 + "1, 1]") == 1
    assert run.never(line="x = [2]")


# ------------------------------------------------------------------ moments


def test_moments_are_ordered() -> None:
    run = trace()
    call, end = run.one(called="read_item"), run.one(returned="read_item")
    assert call < end
    assert end > call
    assert call <= end
    assert end >= call
    assert call != end
    assert call == run.first(called="read_item")
    assert len({call, run.first(called="read_item"), end}) == 2
    assert sorted([end, call]) == [call, end]


def test_what_a_moment_holds() -> None:
    run = trace()
    sent, called = run.one(asgi="http.response.start"), run.one(called="get_user")
    assert (sent.kind, sent.lane, sent.asgi, sent.status, sent.request) == (
        "send",
        "wire",
        "http.response.start",
        200,
        1,
    )
    assert sent.headers["Content-Type"] == "application/json"
    assert "etag" not in sent.headers
    assert sent.headers.get("etag", "none") == "none"
    assert dict(sent.headers).keys() == {"content-length", "content-type"}
    assert (called.lane, called.unit, called.thread) == ("worker", 1, "worker thread 1")
    assert run.one(called="read_item").thread == "event loop"
    assert called.function == "get_user"
    body = run.one(asgi="http.response.body")
    assert (body.body, body.more_body) == ('"pear for 100"', False)
    assert run.one(returned="price").value == "100"
    assert run.one(line="total = price(number)").text == "total = price(number)"
    assert run.first(kind="print").text == "hello"
    assert run.one(kind="request").get("method") == "GET"


def test_frames_are_the_same_or_not() -> None:
    run = trace("twice")
    lent, back = run.all(yielded="get_db"), run.all(resumed="get_db", at="yield")
    assert lent[0].frame == back[0].frame
    assert lent[0].frame != lent[1].frame


def test_reading_what_is_not_there() -> None:
    run = trace()
    called = run.one(called="read_item")
    assert "the call of `read_item`" in fails(lambda: called.status)
    assert "has no status" in fails(lambda: called.status)
    sent = run.one(asgi="http.response.start")
    assert "has no header `etag`; it has content-length, content-type" in fails(
        lambda: sent.headers["etag"]
    )
    assert "has no frame" in fails(lambda: sent.frame)
    assert "it has headers, status" in fails(lambda: sent.get("body"))


# ------------------------------------------------------------------ after a moment


def test_the_state_after_a_moment() -> None:
    run = trace()
    lent, item = run.one(yielded="get_db"), run.one(returned="read_item")
    done = run.one(kind="done", request=1)
    assert run.state("db", after=lent) == "open"
    assert run.state("db", after=item) == "in use"
    assert run.state("Session", after=done) == "closed"
    assert run.state("Session#1", after=done) == "closed"
    assert run.state("db", after=done, function="get_db") == "closed"
    assert run.state("db", after=run.first(state="in use")) == "in use"


def test_the_value_after_a_moment() -> None:
    run = trace()
    called = run.one(called="read_item")
    assert run.value("number", after=called) == "1"
    assert run.value("total", after=run.one(name="total")) == "100"
    assert run.value("user", after=called, function="get_user") == "'ada'"


def test_the_state_of_a_frame_after_a_moment() -> None:
    run = trace()
    called = run.one(called="read_item")
    assert run.frame("get_db", after=called) == "suspended"
    assert run.frame("read_item", after=called) == "running"
    assert run.frame("price", after=called) == "not started"
    assert run.frame("get_user", after=called) == "finished"
    raised = trace("raises")
    assert raised.frame("read_item", after=raised.one(thrown="get_db")) == "raised"


def test_what_is_not_there_after_a_moment_is_told() -> None:
    run = trace()
    call = run.one(called="get_db")
    assert "there is no `db`" in fails(lambda: run.state("db", after=call))
    lent = run.one(yielded="get_db")
    assert "there is no `bd`; there is `app`, `db`, `greeting`" in fails(
        lambda: run.value("bd", after=lent)
    )
    item = run.one(called="read_item")
    message = fails(lambda: run.state("number", after=item))
    assert "`number` is 1, whose state is not watched" in message


def test_a_name_that_several_frames_hold_is_asked_for() -> None:
    run = trace()
    done = run.one(kind="done", request=1)
    message = fails(lambda: run.value("user", after=done))
    assert "'ada' in `get_user`" in message
    assert "'Ada' in `read_item`" in message
    assert message.endswith("say function=")


def test_a_name_that_is_gone_is_not_there() -> None:
    run = handmade(
        {"kind": "call", "function": "f", "frame": 1, "names": {"x": "1"}},
        {"kind": "set", "function": "f", "frame": 1, "names": {"x": None}},
        {"kind": "return", "function": "f", "frame": 1},
    )
    assert run.value("x", after=run.first(kind="call")) == "1"
    assert "there is no `x`" in fails(lambda: run.value("x", after=run.first(kind="return")))
    assert run.count(name="x") == 1


def test_several_objects_of_a_type_have_to_be_told_apart() -> None:
    run = handmade({"kind": "set", "states": {"Session#1": "open", "Session#2": "closed"}})
    moment = run.first(kind="set")
    message = fails(lambda: run.state("Session", after=moment))
    assert "Session#1, Session#2" in message
    assert run.state("Session#2", after=moment) == "closed"


# ------------------------------------------------------------------ lookups that fail


def test_too_many_are_listed() -> None:
    message = fails(lambda: trace("streams").one(asgi="http.response.body"))
    assert message.startswith('one(asgi="http.response.body") fits 4 events in the run `streams`: ')
    assert message.count("`http.response.body` (event ") == 4
    assert message.endswith("narrow it, or ask for first() or last()")
    many = fails(lambda: trace("streams").one(kind="line"))
    assert "; and " in many


def test_none_says_what_fits_with_one_filter_less() -> None:
    run = trace()
    sent = run.one(asgi="http.response.start")
    message = fails(lambda: run.first(resumed="get_db", before=sent))
    assert "without before= it fits the resume of `get_db` after yield" in message
    message = fails(lambda: run.one(called="get_user", lane="loop"))
    assert "without lane= it fits the call of `get_user`" in message


@pytest.mark.parametrize(
    ("scenario", "filters", "message"),
    [
        ("misfit", {"called": "read_item"}, "`read_item` never runs"),
        ("answers", {"raised": "read_item"}, "of `read_item` there is: call, line, return, set"),
        ("misfit", {"line": "total = price(number)"}, "that statement never runs"),
        ("answers", {"asgi": "http.disconnect"}, "there is `http`"),
        ("answers", {"kind": "chunk"}, "there is `call`"),
        ("streams", {"state": "in use"}, "fits no event in the run `streams`"),
    ],
)
def test_none_says_what_there_is(scenario: str, filters: dict[str, Any], message: str) -> None:
    assert message in fails(lambda: trace(scenario).last(**filters))


@pytest.mark.parametrize("ask", ["one", "first", "last", "all", "count", "never"])
@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"called": "read_itme"}, "app.py has no function `read_itme`; did you mean `read_item`?"),
        ({"line": "await db.close"}, "app.py has no statement `await db.close`; did you mean `await db.close()`?"),
        ({"asgi": "http.response.stat"}, "there is no ASGI scope or message `http.response.stat`; did you mean `http.response.start`?"),
        ({"kind": "lines"}, "there is no kind of event `lines`; did you mean `line`?"),
        ({"lane": "thread"}, "there is no lane `thread`"),
        ({"name": "totl"}, "app.py has no local name `totl`; did you mean `total`?"),
    ],
)  # fmt: skip
def test_a_word_that_does_not_exist_is_told(
    ask: str, filters: dict[str, Any], message: str
) -> None:
    assert fails(lambda: getattr(trace(), ask)(**filters)) == message


def test_a_state_is_known_where_the_lesson_spells_its_states() -> None:
    lesson = """
@watch("Session")
def state(session):
    return "closed" if session.closed else "open"
"""
    known = words.read_words("", lesson, [])
    run = Trace(recorded("streams"), words=known)
    assert run.never(state="closed")
    message = fails(lambda: run.never(state="lcosed"))
    assert message == "the lesson knows no state `lcosed`; did you mean `closed`?"
    computed = words.read_words("", '@watch("S")\ndef s(x):\n    return x.state\n', [])
    assert Trace(recorded("streams"), words=computed).never(state="anything")


def test_functions_and_lines_of_the_app_are_known_though_they_do_not_run() -> None:
    run = trace("misfit")
    assert run.never(called="write_note")
    assert run.never(line="total = price(number)")
    assert run.never(called="Session.close", before=run.one(kind="request"))
    assert run.never(called="chunks")
    assert run.never(line='for word in ("one", "two", "three"):')


# ------------------------------------------------------------------ misuse


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda t: t[0], "a trace can't be indexed; ask it: trace.one(...)"),
        (lambda t: t[1:], "a trace can't be indexed"),
        (list, "a trace can't be iterated; ask it: trace.all(...)"),
        (len, "a trace has no length; ask it: trace.count(...)"),
        (bool, "a trace is neither true nor false"),
        (lambda t: 1 in t, "a trace holds no items"),
        (lambda t: bool(t.one(called="price")), "is a moment, and always true"),
        (lambda t: t.one(called="price") < 3, "a moment is compared with a moment"),
        (lambda t: t.one(called="price") == "price", "a moment is compared with a moment"),
        (lambda t: t.one(), "one() asks for nothing; give it a filter"),
        (lambda t: t.one(caled="price"), "there is no filter caled=; did you mean called=?"),
        (lambda t: t.one(called="price", returned="price"), "each names a kind of event"),
        (lambda t: t.one(called="price", kind="call"), "each names a kind of event"),
        (lambda t: t.one(called=None), "called= takes text"),
        (lambda t: t.one(request="1", kind="done"), "a request has a number"),
        (lambda t: t.one(called="price", at="yield"), "at= goes with resumed="),
        (lambda t: t.one(called="price", phase="end"), "phase= goes with probe="),
        (lambda t: t.one(called="price", of="Session"), "of= goes with state="),
        (lambda t: t.one(called="price", about="get_db"), "about= goes with probe="),
        (lambda t: t.one(resumed="get_db", at="return"), 'suspended at "yield" or at "await"'),
        (lambda t: t.one(resumed="get_db", after="yield"), 'takes a moment; write at="yield"'),
        (lambda t: t.one(called="price", before=3), "before= takes a moment"),
        (lambda t: t.state("db", after="done"), "after= takes a moment"),
        (lambda t: t.one(called="price", after=trace().one(called="get_db")), "of the run"),
        (lambda t: t.value("x", after=trace().one(called="get_db")), "of the run"),
    ],
)  # fmt: skip
def test_misuse_says_what_to_write_instead(use: Callable[[Trace], object], message: str) -> None:
    assert message in fails(lambda: use(trace()), TypeError)


def test_moments_of_two_runs_have_no_order() -> None:
    good, bad = trace("answers").one(called="price"), trace("raises").one(called="price")
    for compare in (lambda: good < bad, lambda: good == bad, lambda: good != bad):
        message = fails(compare, TypeError)
        assert "is of the run `answers`" in message
        assert "moments of two runs have no order" in message


# ------------------------------------------------------------------ what is noted


def test_each_query_comparison_and_read_is_noted() -> None:
    log = Log()
    run = Trace(recorded("answers"), log=log)
    called = run.one(called="read_item")
    sent = run.one(asgi="http.response.start", after=called)
    assert called < sent
    assert sent.status == 200
    assert "x" not in sent.headers
    run.state("db", after=called)
    run.value("number", after=called)
    run.frame("get_db", after=called)
    kinds = [type(entry) for entry in log.entries]
    assert kinds == [Query, Query, Comparison, Read, Read, Replayed, Replayed, Replayed]
    asked = log.entries[1]
    assert isinstance(asked, Query)
    assert asked.bounds.keys() == {"after"}


def test_what_an_error_message_looks_up_is_not_noted() -> None:
    log = Log()
    run = Trace(recorded("answers"), log=log)
    assert "without lane=" in fails(lambda: run.one(called="get_user", lane="loop"))
    assert len(log.entries) == 1


def test_the_words_are_those_of_the_model() -> None:
    assert words.KINDS == KINDS == get_args(Kind)
    assert get_args(Lane) == words.LANES


def test_it_loads_without_pydantic_and_fastapi() -> None:
    code = (
        "import sys, asrun, asrun.judge.child;"
        "bad = {'pydantic', 'fastapi', 'starlette', 'httpx', 'anyio'} & set(sys.modules);"
        "sys.exit(f'imported {bad}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_moment_is_told_in_words() -> None:
    run = trace("raises")
    found = [run.one(thrown="get_db"), run.first(state="closed"), run.one(kind="failed")]
    told = [repr(moment) for moment in found]
    assert [t.partition(" (event")[0] for t in told] == [
        "the throw into `get_db`, IndexError",
        'what `self.state = "closed"` set, Session#1 closed',
        "the failure of the app's call, IndexError",
    ]
    assert isinstance(run.first(kind="line"), Moment)


# ------------------------------------------------------------------ docs/queries.md

PAGE = (HERE.parent.parent / "docs" / "queries.md").read_text()


def test_the_page_has_every_filter_query_and_read() -> None:
    named = set(re.findall(r"`(\w+)=", PAGE))
    assert set(Filters.__annotations__) <= named
    public = {n for n in vars(Trace) if not n.startswith("_")}
    assert public <= set(re.findall(r"\| `(?:trace\.)?(\w+)", PAGE))
    reads = {n for n in vars(Moment) if not n.startswith("_")}
    assert set(re.findall(r"`\.(\w+)", PAGE)) == reads


def test_the_pages_proofs_are_judged_as_it_says(tmp_path: Path) -> None:
    blocks = re.findall(r"```python(.*?)\n(.*?)```", PAGE, re.DOTALL)
    statements = [(title, source) for title, source in blocks if "def " in source]
    assert len(statements) >= 6
    for title, source in statements:
        said = verdict(tmp_path, source)
        expected = "vacuous" if "Refused" in title else "proved"
        assert said["outcome"] == expected, said["message"]
