"""Runs that could have been: they keep to the rules of ASGI and Python, and differ as they should."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

from asrun.judge import inserts, words
from asrun.judge.guarantees import Order, impossible
from asrun.judge.worlds import Events, repeated, reversed_pair, without
from tests.proofs.cases import HERE, recorded, verdict
from tests.proofs.scenarios import NAMES

EMPTY: dict[str, Any] = {"detail": {}, "names": {}, "states": {}, "shown": {}}


@cache
def order_of(scenario: str) -> Order:
    return Order([EMPTY | e for e in recorded(scenario)["events"]])


def place(order: Order, **fields: Any) -> int:
    (only,) = [
        at
        for at, e in enumerate(order.events)
        if all(e.get(name) == value for name, value in fields.items())
    ]
    return only


def frames(events: Events) -> Iterator[list[dict[str, Any]]]:
    keys = dict.fromkeys(
        (e.get("request"), e["function"], e["frame"]) for e in events if e.get("frame")
    )
    for key in keys:
        yield [e for e in events if (e.get("request"), e.get("function"), e.get("frame")) == key]


def unlawful(events: Events) -> list[str]:
    """What of a run breaks a rule, as read from the specifications and not from the judge."""
    found = []
    for frame in frames(events):
        kinds = [e["kind"] for e in frame]
        if kinds[0] != "call" or "call" in kinds[1:]:
            found.append(f"{frame[0]['function']} does not begin with its call")
        if {"return", "unwind"} & set(kinds[:-1]):
            found.append(f"{frame[0]['function']} goes on after its end")
        for one, other in pairwise(frame):
            awake = other["kind"] == "throw" or other.get("detail", {}).get("after") == "yield"
            if one["kind"] == "yield" and not awake:
                found.append(f"{frame[0]['function']} goes on though suspended")
            if other.get("detail", {}).get("after") == "yield" and one["kind"] != "yield":
                found.append(f"{frame[0]['function']} is resumed without a yield")
    for request in {e["request"] for e in events if e.get("request")}:
        mine = [e for e in events if e.get("request") == request]
        if mine[0]["kind"] != "request" or mine[1]["kind"] != "scope":
            found.append("something comes before the request's scope")
        sends = [e.get("asgi") for e in mine if e["kind"] == "send"]
        if sends and sends[0] != "http.response.start":
            found.append("the body is sent before the head")
        if sends.count("http.response.start") > 1:
            found.append("the head is sent twice")
        ends = [at for at, e in enumerate(mine) if e["kind"] in {"done", "failed"}]
        if ends and any(e["kind"] == "send" for e in mine[ends[0] :]):
            found.append("something is sent after the app's call has ended")
        bodies = [e for e in mine if e.get("asgi") == "http.response.body"]
        if any(not b.get("detail", {}).get("more_body") for b in bodies[:-1]):
            found.append("a body goes on after its last message")
        for cause, effect in (
            ("http.response.start", "response"),
            ("http.response.body", "complete"),
        ):
            at = [n for n, e in enumerate(mine) if e["kind"] == effect]
            if at and cause not in [e.get("asgi") for e in mine[: at[0]]]:
                found.append(f"the client has a {effect} before it was sent")
    return found


def in_order(order: Order, made: Events) -> bool:
    """Whether what is left of a frame, of the messages and of the client is in its recorded order."""
    at = {id(e): n for n, e in enumerate(order.events)}
    chains: dict[Any, int] = {}
    for event in made:
        if id(event) not in at:
            continue
        key: Any = (event.get("request"), event["lane"], event["kind"])
        if event.get("frame"):
            key = (event.get("request"), event["function"], event["frame"])
        elif event["lane"] == "loop":
            continue
        if at[id(event)] < chains.get(key, -1):
            return False
        chains[key] = at[id(event)]
    return True


@pytest.mark.parametrize("scenario", NAMES)
def test_a_recorded_run_could_be(scenario: str) -> None:
    assert impossible(order_of(scenario).events) is None
    assert unlawful(list(order_of(scenario).events)) == []


@pytest.mark.parametrize("scenario", NAMES)
def test_runs_with_two_events_turned_round_could_be(scenario: str) -> None:
    order = order_of(scenario)
    turned = 0
    for first, second in combinations(
        range(0, len(order.events), 2 if scenario == "twice" else 1), 2
    ):
        for made in reversed_pair(order, first, second):
            turned += 1
            assert unlawful(made) == []
            assert in_order(order, made)
            assert sorted(map(id, made)) == sorted(map(id, order.events))
            one, other = order.events[first], order.events[second]
            assert [e for e in made if e is one or e is other] == [other, one]
    assert turned > 100


@pytest.mark.parametrize("scenario", NAMES)
def test_runs_with_an_event_left_out_could_be(scenario: str) -> None:
    order = order_of(scenario)
    for at, event in enumerate(order.events):
        for made in without(order, at):
            assert unlawful(made) == []
            assert in_order(order, made)
            assert not any(e is event for e in made)


@pytest.mark.parametrize("scenario", NAMES)
def test_runs_with_an_event_repeated_could_be(scenario: str) -> None:
    order = order_of(scenario)
    for at, event in enumerate(order.events):
        for made in repeated(order, at):
            assert unlawful(made) == []
            assert in_order(order, made)
            like = [e for e in made if e["seq"] == event["seq"] and e["kind"] == event["kind"]]
            assert len(like) >= 2 or event["kind"] == "chunk"


# ------------------------------------------------------------------ what is guaranteed


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"kind": "request"}, {"asgi": "http"}),
        ({"asgi": "http"}, {"kind": "call", "function": "get_db"}),
        ({"asgi": "http.response.start"}, {"asgi": "http.response.body"}),
        ({"asgi": "http.response.start"}, {"kind": "response"}),
        ({"asgi": "http.response.body"}, {"kind": "complete"}),
        ({"asgi": "http.response.body"}, {"kind": "done", "request": 1}),
        ({"asgi": "lifespan.startup.complete"}, {"kind": "request"}),
        ({"kind": "complete"}, {"asgi": "lifespan.shutdown"}),
        ({"kind": "yield", "function": "get_db"}, {"kind": "resume", "function": "get_db"}),
        ({"kind": "line", "text": "total = price(number)"}, {"kind": "call", "function": "price"}),
        ({"kind": "return", "function": "price"}, {"kind": "set", "text": "total = price(number)"}),
        ({"kind": "line", "text": "await db.close()"}, {"kind": "set", "text": 'self.state = "closed"'}),
        ({"kind": "line", "text": "print(greeting)"}, {"kind": "print", "detail": {"text": "hello"}}),
        ({"kind": "print", "detail": {"text": "hello"}}, {"kind": "line", "text": "yield"}),
    ],
)  # fmt: skip
def test_order_that_is_guaranteed_is_not_turned_round(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    order = order_of("answers")
    one, other = place(order, **first), place(order, **second)
    assert one < other
    assert order.must_precede(one, other)
    assert reversed_pair(order, one, other) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"kind": "call", "function": "get_db"}, {"kind": "call", "function": "get_user"}),
        ({"kind": "yield", "function": "get_db"}, {"kind": "call", "function": "read_item"}),
        ({"kind": "return", "function": "read_item"}, {"asgi": "http.response.start"}),
        ({"asgi": "http.response.body"}, {"kind": "resume", "function": "get_db"}),
        ({"kind": "complete"}, {"kind": "resume", "function": "get_db"}),
        ({"kind": "return", "function": "get_db"}, {"kind": "done", "request": 1}),
        ({"kind": "line", "text": 'greeting = "hello"'}, {"asgi": "lifespan.startup.complete"}),
    ],
)
def test_order_that_is_fastapis_is_turned_round(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    order = order_of("answers")
    assert reversed_pair(order, place(order, **first), place(order, **second))


def test_the_next_request_of_a_client_that_waits_comes_after_all_of_the_first() -> None:
    order = order_of("twice")
    second = place(order, kind="request", request=2)
    first = [at for at, e in enumerate(order.events) if e.get("request") == 1]
    assert all(order.must_precede(at, second) for at in first)


def test_requests_at_the_same_time_have_no_guaranteed_order() -> None:
    events: Events = [
        EMPTY | {"seq": n, "kind": kind, "lane": lane, "request": request, "asgi": asgi}
        for n, (kind, lane, request, asgi) in enumerate(
            [
                ("request", "client", 1, None),
                ("request", "client", 2, None),
                ("scope", "wire", 1, "http"),
                ("scope", "wire", 2, "http"),
                ("send", "wire", 2, "http.response.start"),
                ("send", "wire", 1, "http.response.start"),
            ],
            1,
        )
    ]
    order = Order(events)
    assert reversed_pair(order, 4, 5)
    assert not reversed_pair(order, 2, 5)


def _wire(*events: dict[str, Any]) -> Events:
    return [EMPTY | {"seq": n, "lane": "wire", "request": 1} | e for n, e in enumerate(events, 1)]


REQUEST: dict[str, Any] = {"kind": "request", "lane": "client"}
SCOPE = {"kind": "scope", "asgi": "http"}
START = {"kind": "send", "asgi": "http.response.start"}
BODY = {"kind": "send", "asgi": "http.response.body"}
MORE = BODY | {"detail": {"more_body": True}}
DONE = {"kind": "done"}
CALL: dict[str, Any] = {"kind": "call", "lane": "loop", "function": "f", "frame": 1}
RESUME = CALL | {"kind": "resume", "detail": {"after": "yield"}}


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([SCOPE, REQUEST], "comes before it is sent"),
        ([REQUEST, SCOPE, SCOPE], "has a second scope"),
        ([REQUEST, CALL, SCOPE], "after the app has run"),
        ([REQUEST, SCOPE, BODY], "before http.response.start"),
        ([REQUEST, SCOPE, START, START], "sent twice"),
        ([REQUEST, SCOPE, START, BODY, MORE], "after the last one"),
        ([REQUEST, SCOPE, DONE, START], "after the app's call has ended"),
        ([REQUEST, SCOPE, DONE, DONE], "ends twice"),
        ([REQUEST, SCOPE, {"kind": "response", "lane": "client"}, START], "has a response"),
        ([REQUEST, SCOPE, START, MORE, {"kind": "complete", "lane": "client"}], "the whole"),
        ([REQUEST, SCOPE, CALL | {"request": 2}], "was never sent"),
        ([REQUEST, SCOPE, CALL | {"kind": "line"}], "a line after nothing"),
        ([REQUEST, SCOPE, CALL, CALL], "a call after call"),
        ([REQUEST, SCOPE, CALL, CALL | {"kind": "return"}, RESUME], "after its end"),
        ([REQUEST, SCOPE, CALL, CALL | {"kind": "yield"}, CALL | {"kind": "line"}], "suspended"),
        ([REQUEST, SCOPE, CALL, RESUME], "without having yielded"),
    ],
)
def test_what_can_not_be(events: Events, why: str) -> None:
    assert why in (impossible(_wire(*events)) or "")


def test_what_can_be() -> None:
    lent = [CALL, CALL | {"kind": "yield"}, RESUME, CALL | {"kind": "return"}]
    assert impossible(_wire(REQUEST, SCOPE, *lent, START, MORE, BODY, DONE)) is None


def test_a_recording_that_breaks_a_rule_can_still_be_altered() -> None:
    events = [
        EMPTY
        | {"seq": 1, "kind": "line", "lane": "loop", "function": "f", "frame": 1, "text": "a"},
        EMPTY
        | {"seq": 2, "kind": "line", "lane": "loop", "function": "g", "frame": 1, "text": "b"},
    ]
    assert impossible(events)
    assert reversed_pair(Order(events), 0, 1)


# ------------------------------------------------------------------ what is taken along


def test_without_its_call_nothing_of_a_frame_is_left() -> None:
    order = order_of("answers")
    for made in without(order, place(order, kind="call", function="read_item")):
        assert not any(e.get("function") in {"read_item", "price"} for e in made)
        assert any(e.get("function") == "get_user" for e in made)


def test_without_its_resume_a_generator_stays_suspended() -> None:
    order = order_of("answers")
    made = without(order, place(order, kind="resume", function="get_db"))[0]
    assert [e["kind"] for e in made if e.get("function") == "get_db"][-1] == "yield"
    assert not any("closed" in e["states"].values() for e in made)


def test_without_the_head_there_is_no_response() -> None:
    order = order_of("answers")
    (made,) = without(order, place(order, asgi="http.response.start"))
    assert not any(e["kind"] in {"response", "complete"} for e in made)
    assert not any(e.get("asgi") == "http.response.body" for e in made)


def test_without_a_piece_the_client_has_the_rest() -> None:
    order = order_of("streams")
    pieces = [at for at, e in enumerate(order.events) if e["kind"] == "chunk"]
    (made,) = without(order, pieces[1])
    assert [e["detail"]["body"] for e in made if e["kind"] == "complete"] == ["onethree"]


@pytest.mark.parametrize("kind", ["request", "scope"])
def test_what_the_scenario_does_is_never_left_out_or_repeated(kind: str) -> None:
    order = order_of("answers")
    at = place(order, kind=kind, request=1)
    assert without(order, at) == []
    assert repeated(order, at) == []


def test_what_changes_may_change_by_something_else() -> None:
    order = order_of("answers")
    runs = without(order, place(order, kind="line", text="await db.close()"))
    closed = [any("closed" in e["states"].values() for e in made) for made in runs]
    assert closed == [False, True]


def test_a_second_frame_is_another_activation() -> None:
    order = order_of("answers")
    (made,) = repeated(order, place(order, kind="call", function="read_item"))
    numbers = {e["frame"] for e in made if e.get("function") == "read_item"}
    assert numbers == {1, 2}
    assert sum(e["kind"] == "call" and e["function"] == "price" for e in made) == 2


# ------------------------------------------------------------------ what is put in


@pytest.mark.parametrize(
    ("scenario", "filters"),
    [
        ("misfit", {"called": "read_item"}),
        ("misfit", {"function": "read_item"}),
        ("misfit", {"line": "total = price(number)"}),
        ("misfit", {"returned": "read_item"}),
        ("misfit", {"yielded": "chunks"}),
        ("misfit", {"resumed": "chunks", "at": "yield"}),
        ("answers", {"resumed": "read_item", "at": "await"}),
        ("answers", {"raised": "read_item"}),
        ("answers", {"raised": "read_item", "exception": "KeyError"}),
        ("answers", {"unwound": "read_item"}),
        ("answers", {"thrown": "get_db"}),
        ("answers", {"caught": "get_db"}),
        ("raises", {"returned": "read_item"}),
        ("answers", {"exception": "KeyError"}),
        ("answers", {"kind": "failed"}),
        ("raises", {"kind": "done", "request": 1}),
        ("answers", {"kind": "receive", "asgi": "http.disconnect"}),
        ("answers", {"asgi": "http.response.trailers"}),
        ("answers", {"kind": "print", "text": "milk"}),
        ("answers", {"kind": "warning"}),
        ("answers", {"kind": "unhandled"}),
        ("answers", {"probe": "background_task"}),
        ("answers", {"state": "lost"}),
        ("streams", {"state": "open", "of": "Session"}),
        ("answers", {"called": "get_user", "lane": "loop"}),
        ("answers", {"name": "word"}),
    ],
)
def test_a_match_is_put_in(scenario: str, filters: dict[str, Any]) -> None:
    order = order_of(scenario)
    known = words.read_words((HERE / "app.py").read_text(), "", [recorded(scenario)])
    sent = next(at for at, e in enumerate(order.events) if e.get("asgi") == "http.response.start")
    for bounds in ({}, {"before": len(order.events) - 1}, {"after": sent}):
        made = next(inserts.put_in(order, filters, bounds, known), None)
        if made is None:
            assert bounds == {"after": sent}, f"nothing was put in within {bounds}"
            continue
        assert unlawful(made) == []


# ------------------------------------------------------------------ what refuses


def _said(folder: Path, body: str) -> dict[str, Any]:
    text = '@snapshot(on=answers)\ndef p(trace):\n    """The session is closed at {closed}."""\n'
    return verdict(folder, text + "".join(f"    {line}\n" for line in body.strip().splitlines()))


def test_a_failed_lookup_does_not_refuse(tmp_path: Path) -> None:
    said = _said(
        tmp_path,
        """
closed = trace.first(state="closed")
trace.state("Session", after=trace.one(state="closed"))
assert trace.count(kind="line") >= 0
return {"closed": closed}
""",
    )
    assert said["outcome"] == "vacuous"


def test_a_crash_does_not_refuse(tmp_path: Path) -> None:
    said = _said(
        tmp_path,
        """
closed = trace.first(state="closed")
{1: "once"}[trace.count(state="closed")]
assert closed == closed
return {"closed": closed}
""",
    )
    assert said["outcome"] == "vacuous"


def test_a_lookup_before_the_assertion_does_not_keep_it_from_refusing(tmp_path: Path) -> None:
    said = _said(
        tmp_path,
        """
closed = trace.one(state="closed")
assert trace.count(state="closed") == 1
return {"closed": closed}
""",
    )
    assert said["outcome"] == "proved"


def test_it_names_a_run_that_the_proof_should_have_refused(tmp_path: Path) -> None:
    said = _said(
        tmp_path,
        """
closed = trace.first(state="closed")
sent = trace.one(asgi="http.response.body")
assert sent.status_line if False else sent.body
return {"closed": closed}
""",
    )
    assert said["outcome"] == "vacuous"
    assert said["message"].startswith(
        "{closed} is cited, and nothing that is asserted depends on it: the proof would hold as well if "
    )
    assert said["message"].endswith('`trace.count(state="closed") == 1`')


def test_it_says_where_only_a_lookup_would_fail(tmp_path: Path) -> None:
    said = _said(
        tmp_path,
        """
closed = trace.one(kind="done", request=1)
assert True
return {"closed": closed}
""",
    )
    assert said["outcome"] == "vacuous"
    assert "no assertion would fail if the return of the app's call" in said["message"]
    assert "were left out, only a lookup" in said["message"]


def test_it_says_where_what_is_asserted_is_guaranteed(tmp_path: Path) -> None:
    said = _said(
        tmp_path,
        """
closed = trace.first(state="closed")
assert trace.one(yielded="get_db") < closed
return {"closed": closed}
""",
    )
    assert said["outcome"] == "vacuous"
    assert "comes after the yield of `get_db`" in said["message"]
    assert "by the rules of ASGI and Python" in said["message"]


def test_a_caught_assertion_does_not_refuse(tmp_path: Path) -> None:
    said = _said(
        tmp_path,
        """
closed = trace.first(state="closed")
try:
    assert trace.count(state="closed") == 1
except AssertionError:
    pass
return {"closed": closed}
""",
    )
    assert said["outcome"] == "vacuous"


# ------------------------------------------------------------------ a WebSocket

CHAT: Events = [
    {"kind": "request", "lane": "client", "detail": {"upgrade": "websocket"}},
    {"kind": "scope", "asgi": "websocket"},
    {"kind": "receive", "asgi": "websocket.connect"},
    {"kind": "call", "lane": "loop", "function": "chat", "frame": 1, "text": "async def chat():"},
    {"kind": "send", "asgi": "websocket.accept"},
    {"kind": "response", "lane": "client", "detail": {"status": 101}},
    {"kind": "message", "lane": "client", "detail": {"by": "client", "text": "hi"}},
    {"kind": "receive", "asgi": "websocket.receive", "detail": {"text": "hi"}},
    {"kind": "send", "asgi": "websocket.send", "detail": {"text": "HI"}},
    {"kind": "message", "lane": "client", "detail": {"by": "server", "text": "HI"}},
    {"kind": "closed", "lane": "client", "detail": {"by": "client", "code": 1000}},
    {"kind": "receive", "asgi": "websocket.disconnect", "detail": {"code": 1000}},
    {"kind": "return", "lane": "loop", "function": "chat", "frame": 1, "text": "async def chat():"},
    {"kind": "done"},
]


@pytest.mark.parametrize(
    ("first", "second"),
    [(1, 2), (2, 4), (4, 5), (5, 6), (6, 7), (8, 9), (9, 10), (10, 11), (8, 13), (3, 12)],
)
def test_order_on_a_websocket_is_guaranteed(first: int, second: int) -> None:
    assert Order(_wire(*CHAT)).must_precede(first, second)


@pytest.mark.parametrize(("first", "second"), [(3, 4), (7, 8), (11, 12), (12, 13)])
def test_order_on_a_websocket_is_the_apps(first: int, second: int) -> None:
    assert reversed_pair(Order(_wire(*CHAT)), first, second)


@pytest.mark.parametrize(
    ("assertion", "outcome"),
    [
        ("assert got.text == 'HI'", "proved"),
        (
            "assert trace.count(asgi='websocket.send') == 1 and got > trace.one(called='chat')",
            "proved",
        ),
        ("assert trace.one(asgi='websocket.send') < got", "vacuous"),
        ("assert trace.one(asgi='websocket.send').text == got.text", "vacuous"),
        ("assert trace.one(asgi='websocket.receive').text == 'hi'", "vacuous"),
    ],
)
def test_proofs_about_a_websocket(tmp_path: Path, assertion: str, outcome: str) -> None:
    run = {"scenario": "answers", "events": _wire(*CHAT)}
    source = f'''
        @snapshot(on=answers)
        def p(trace):
            """The client has it at {{got}}."""
            got = trace.last(kind="message")
            {assertion}
            return {{"got": got}}
        '''
    said = verdict(tmp_path, source, {"answers": run})
    assert said["outcome"] == outcome, said
