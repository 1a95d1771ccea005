"""Every recorded case is told: no kind of event without a sentence, and nothing that is not so."""

from __future__ import annotations

import re
from functools import cache

import pytest

from asrun.model import Lesson, Scenario
from asrun.narrate import reasons, tell_run
from asrun.recording import FORMAT, Recording
from asrun.story import Run, Step, Text
from tests.recorded import CASES, Case, all_cases
from tests.traces import VERSIONS

EVERY = [case for case in all_cases() if (case.folder / f"{case.scenario}.txt").exists()]


def recorded(case: Case) -> tuple[Lesson, Recording]:
    """A case as it was accepted."""
    lines = (case.folder / f"{case.scenario}.txt").read_text(encoding="utf-8").splitlines()
    name = f"cases/{case.folder.name}"
    texts = [(case.folder / file).read_text(encoding="utf-8") for file in ("app.py", "lesson.py")]
    scenario = Scenario(case.scenario, case.scenario, 1)
    lesson = Lesson(name, case.folder, "", "", "", texts[0], texts[1], (scenario,), (), ())
    kept = Recording(FORMAT, name, case.scenario, case.scenario, VERSIONS, tuple(lines))
    return lesson, kept


@cache
def told(case: Case) -> Run:
    lesson, kept = recorded(case)
    return tell_run(lesson, kept.trace)


def plain(text: Text) -> str:
    return "".join(piece.value for piece in text)


def step(name: str, action: str, nth: int = 0) -> Step:
    """A step of a case by what ran."""
    folder, _, scenario = name.partition("/")
    found = [s for s in told(Case(CASES / folder, scenario)).steps if s.action == action]
    return found[nth]


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.id)
def test_every_step_is_told(case: Case) -> None:
    run = told(case)
    for one in run.steps:
        said = plain(one.what)
        assert re.search(r"[.:]", said), one
        assert "FastAPI is at" not in said
        assert one.action.strip(), one
        assert one.before
        assert one.after


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.id)
def test_every_event_of_every_step_has_its_rule(case: Case) -> None:
    lesson, kept = recorded(case)
    found = reasons(lesson, kept.trace)
    assert [one.step for one in found] == list(told(case).steps)
    ruled = [seq for one in found for seq in one.rules]
    assert sorted(ruled) == [e.seq for e in kept.trace.events]
    for one in found:
        assert all((one.lane, one.row, one.phase, *one.rules.values()))


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.id)
def test_what_is_said_to_be_on_the_wire_is_on_the_wire(case: Case) -> None:
    """A message that a middleware was handed is not sent, however often it is handed on."""
    for one in told(case).steps:
        within = one.action.startswith("within ")
        on_wire = one.row == "wire"
        assert not (within and on_wire)
        if within:
            assert one.before == one.after
            assert not re.search(r"\b(is|are) sent\b", plain(one.what)), one


@pytest.mark.parametrize(
    ("name", "action", "what", "after"),
    [
        ("websockets/client_closes", "message a", "The client sends the message a.", "client has sent a message"),
        ("websockets/client_closes", "message A", "The client has the message A.", "client has had a message"),
        ("websockets/client_closes", "websocket.accept", "The app accepts the connection.", "connection accepted"),
        ("websockets/client_closes", "websocket.receive a", "The app receives the message a.", "connection accepted"),
        ("websockets/client_closes", "websocket.send A", "The app sends the message A.", "connection accepted"),
        (
            "websockets/client_closes", "closed by the client 4000",
            "The client closes the connection, with the code 4000.", "client has closed the connection",
        ),
        (
            "websockets/client_closes", "websocket.disconnect 4000",
            "The app receives websocket.disconnect, with the code 4000.", "connection closed by the client",
        ),
        (
            "websockets/server_closes", "websocket.accept",
            "The app accepts the connection, with the subprotocol numbers.", "connection accepted",
        ),
        (
            "websockets/server_closes", "websocket.close 1001",
            "The app closes the connection, with the code 1001 and the reason no more.",
            "connection closed by the app",
        ),
        (
            "websockets/server_ends", "closed by the server 1006",
            "The connection ends for the client, with the code 1006.", "connection closed by the server",
        ),
        (
            "websocket-dependencies/websocket_exception", "websocket.close 1008",
            "The app refuses the connection, with the code 1008 and the reason who are you?.", "connection refused",
        ),
        (
            "http-middleware/through", "within outer: scope http GET /",
            "outer calls the app within it.", "nothing sent",
        ),
        (
            "http-middleware/through", "within inner: http.response.start 200",
            "The app within inner hands it the status 200 and the headers.", "nothing sent",
        ),
        (
            "http-middleware/through", 'within inner: http.response.body "session"',
            "The app within inner hands it the body: 9 bytes.", "nothing sent",
        ),
        ("http-middleware/through", "http.response.start 200", "The status 200 and the headers are sent.", "200 sent"),
        (
            "http-middleware/fails", "within outer: app(scope) raised LookupError",
            "The app within outer ends with LookupError, which is raised into outer.", "nothing sent",
        ),
        (
            "dependency-order/diamond", "dependency(count)",
            "Request 1: FastAPI takes the value of count from its cache: count is not called again.",
            "request 1: value of count taken from the cache",
        ),
    ],
)  # fmt: skip
def test_what_is_said_of_a_step(name: str, action: str, what: str, after: str) -> None:
    found = step(name, action)
    assert plain(found.what) == what
    assert after in found.after


def test_a_body_that_passes_two_middlewares_is_counted_once() -> None:
    whole = [s.after for s in told(Case(CASES / "http-middleware", "through")).steps]
    sizes = {w for after in whole for w in after if "bytes of body" in w}
    assert sizes == {"200 sent, 9 bytes of body", "200 complete, 9 bytes of body"}
