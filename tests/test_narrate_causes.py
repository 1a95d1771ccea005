"""The causal order of a run's steps: what could have come in another order, and what could not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from asrun.judge.guarantees import Order
from asrun.model import Event, Trace
from asrun.narrate import tell_run
from asrun.narrate.causes import causes
from asrun.narrate.steps import Group, group
from tests import traces
from tests.recorded import Case, all_cases, all_lessons, record, record_once, trace_of
from tests.traces import Script

Answers = dict[str, dict[str, Any]]
EVERY = [*all_cases(), *all_lessons()]
SHARED = [
    c
    for c in EVERY
    if c.folder.name
    in {"concurrent-clients", "threads", "own-threads", "which-thread", "worker-limit"}
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trace]:
    """Every case and lesson, recorded: the folder's name and the scenario's."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    answers = record_once(EVERY, shared, "every")
    return {case.id: trace_of(case, answers[case.id]) for case in EVERY}


class Steps:
    """A run's steps by what they do, and which of two has to come first."""

    def __init__(self, trace: Trace) -> None:
        self.groups = group(trace.events)
        self.causes = causes(trace, self.groups)
        self.before: dict[int, set[int]] = {}
        for n, direct in enumerate(self.causes, 1):
            self.before[n] = set(direct).union(*(self.before[c] for c in direct))
        self.names = list(named(self.groups))

    def free(self, first: str, second: str) -> bool:
        """Whether the second of two steps could have come before the first."""
        assert {first, second} <= set(self.names), self.names
        a, b = self.names.index(first) + 1, self.names.index(second) + 1
        assert a < b, self.names
        return a not in self.before[b]


def named(groups: Sequence[Group]) -> Iterator[str]:
    """Steps in words: `yield get_db`, `r2 complete`, `set work#2`."""
    for held in groups:
        e = held.anchor
        who = e.function or (e.asgi or "").rpartition("http.")[2] or e.detail.get("probe", "")
        number = f"#{e.frame}" if (e.frame or 1) > 1 else ""
        via = f" at {e.detail['boundary']}" if e.detail.get("boundary") else ""
        request = f"r{e.request} " if (e.request or 1) > 1 else ""
        yield f"{request}{e.kind} {who}{number}{via}".strip()


# What is recorded in one order, and whether it could have come in the other.
PAIRS = [
    # One task does one thing after the other.
    ("async-generator/answers", "yield get_db", "call read_item", False),
    ("async-generator/answers", "return read_item", "send response.start", False),
    ("async-generator/answers", "send response.body", "resume get_db", False),
    ("async-generator/answers", "return get_db", "done", False),
    # The client has what was sent; when, no one in the app waits for.
    ("async-generator/answers", "request", "scope http", False),
    ("async-generator/answers", "send response.body", "complete", False),
    ("async-generator/answers", "complete", "resume get_db", True),
    ("async-generator/answers", "complete", "done", True),
    ("async-generator/raises", "unwind get_db", "send response.start", False),
    # FastAPI waits for what it runs in a worker thread.
    ("which-thread/def_endpoint", "return get_user", "call get_limit", False),
    ("which-thread/def_endpoint", "wait get_limit", "call plain", False),
    ("which-thread/def_endpoint", "return plain", "send response.start", False),
    # Two threads at once; who began them waits for both.
    ("threads/executor", "call work", "call work#2", True),
    ("threads/executor", "return work#2", "return work", True),
    ("threads/executor", "call work#2", "return work#2", False),
    ("threads/executor", "return work", "return executor", False),
    ("threads/to_thread", "return work", "resume to_thread", False),
    ("threads/from_thread", "call back_and_forth", "call name_of_task", False),
    ("threads/from_thread", "return name_of_task", "return back_and_forth", False),
    ("own-threads/thread", "set thread", "call waits", True),
    ("own-threads/thread", "return waits", "return thread", False),
    # A task that is not awaited.
    ("forgotten-tasks/task", "return task", "call work", False),
    ("forgotten-tasks/task", "send response.start", "call work", True),
    ("forgotten-tasks/failing", "wait failing", "call fails", False),
    ("forgotten-tasks/failing", "raise fails", "resume failing", True),
    # Clients at once, and one after the other.
    ("concurrent-clients/coroutines", "request", "r2 request", True),
    ("concurrent-clients/coroutines", "call session", "r2 scope http", True),
    ("concurrent-clients/coroutines", "r2 request", "r2 call session", False),
    ("threads/to_thread", "complete", "r2 request", False),
    ("threads/to_thread", "done", "r2 request", True),
    ("threads/to_thread", "r2 done", "r2 return work", True),
    # Middlewares, each with a task of its own.
    ("http-middleware/through", "wait outer", "scope http at outer", False),
    ("http-middleware/through", "send response.start at inner", "set inner", False),
    ("http-middleware/through", "send response.body at inner", "set inner", True),
    ("http-middleware/through", "return outer", "send response.start", False),
    ("http-middleware/through", "send response.start", "resume session", True),
    ("http-middleware/through", "return session", "done", True),
    ("http-middleware/fails", "raise fails", "raise inner", False),
    ("http-middleware/fails", "raise inner", "raise outer", False),
    # A stream goes on whether or not the client has read it.
    ("streaming-response/asynchronous", "send response.start", "call numbers", False),
    ("streaming-response/asynchronous", "return asynchronous", "call numbers", False),
    ("streaming-response/asynchronous", "chunk", "return numbers", True),
    ("streaming-response/asynchronous", "return numbers", "resume session", False),
    ("client-leaves/before_the_answer", "wait slow", "left", True),
    ("client-leaves/in_mid_stream", "left", "receive disconnect", False),
    # WebSockets.
    ("websockets/client_closes", "message", "resume echo", False),
    ("websockets/client_closes", "send websocket.send", "closed", False),
    ("websockets/server_closes", "message", "send websocket.close", True),
    # The lifespan is around all requests.
    ("lifespan/two_requests", "send lifespan.startup.complete", "request", False),
    ("lifespan/two_requests", "done", "receive lifespan.shutdown", False),
    ("lifespan/two_requests", "r2 complete", "receive lifespan.shutdown", False),
    ("background-tasks/both", "complete", "call on_loop", True),
    ("background-tasks/both", "return on_loop", "call in_thread", False),
    ("background-tasks/both", "send response.body", "call on_loop", False),
]


@pytest.mark.parametrize(("run", "first", "second", "free"), PAIRS)
def test_what_could_have_come_in_another_order(
    run: str, first: str, second: str, free: bool, recorded: dict[str, Trace]
) -> None:
    assert Steps(recorded[run]).free(first, second) is free


@pytest.mark.parametrize(
    ("script", "first", "second", "free"),
    [
        (traces.answers(), "complete", "resume get_db", True),
        (traces.answers(cleanup_first=True), "return get_db", "send response.start", False),
        (traces.raises(), "throw get_db", "send response.start", False),
        (traces.threads(), "return get_user", "call get_limit", False),
        (traces.stream(), "yield numbers", "send response.body", False),
        (traces.concurrent(), "wait sleep", "r2 scope http", True),
    ],
)
def test_of_a_trace_written_by_hand(script: Script, first: str, second: str, free: bool) -> None:
    assert Steps(script.trace()).free(first, second) is free


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.id)
def test_each_run_obeys_its_own_order(case: Case, recorded: dict[str, Trace]) -> None:
    steps = Steps(recorded[case.id])
    assert len(steps.causes) == len(steps.groups)
    for n, direct in enumerate(steps.causes, 1):
        assert all(c < n for c in direct)
        assert list(direct) == sorted(set(direct))
        # What a cause needs, too, is not said again.
        assert not any(a in steps.before[b] for a in direct for b in direct)
        assert direct or n == 1 or steps.groups[n - 1].anchor.kind == "request"


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.id)
def test_what_any_run_guarantees_is_in_the_order(case: Case, recorded: dict[str, Trace]) -> None:
    trace = recorded[case.id]
    steps = Steps(trace)
    order = Order([{"unit": 0, **e.model_dump(exclude_defaults=True)} for e in trace.events])
    place = {e.seq: p for p, e in enumerate(trace.events)}
    anchors: list[Event] = [held.anchor for held in steps.groups]
    for b, later in enumerate(anchors, 1):
        for a, earlier in enumerate(anchors[: b - 1], 1):
            # What passes inside of the app, and what a real client would not wait for, is read here alone.
            inside = earlier.detail.get("boundary") or later.detail.get("boundary")
            if inside or earlier.request != later.request:
                continue
            middleware = any(e.detail.get("boundary") for e in trace.events)
            if not middleware and order.must_precede(place[earlier.seq], place[later.seq]):
                assert a in steps.before[b], (steps.names[a - 1], steps.names[b - 1])


def identities(trace: Trace) -> list[tuple[Any, ...]]:
    """The steps of a run, known again in another run of it: threads are numbered as they come."""
    seen: dict[tuple[Any, ...], int] = {}
    found = []
    for held in group(trace.events):
        e = held.anchor
        key = (e.kind, e.request, e.function, e.text, e.asgi, e.detail.get("probe"))
        mine = key if e.function is None or e.lane == "loop" else (*key, e.detail.get("value"))
        seen[mine] = seen.get(mine, 0) + 1
        found.append((*mine, seen[mine]))
    return found


@pytest.mark.parametrize("hold", ["fifo", "lifo"])
def test_orders_that_really_came_are_allowed(hold: str, recorded: dict[str, Trace]) -> None:
    answers = record(SHARED, options={"hold": hold})
    compared = 0
    for case in SHARED:
        steps, other = Steps(recorded[case.id]), trace_of(case, answers[case.id])
        own, theirs = identities(recorded[case.id]), identities(other)
        if own == theirs or sorted(map(str, own)) != sorted(map(str, theirs)):
            continue
        compared += 1
        at = {identity: n for n, identity in enumerate(theirs)}
        for n, direct in enumerate(steps.causes, 1):
            for cause in direct:
                assert at[own[cause - 1]] < at[own[n - 1]], (case.id, own[cause - 1], own[n - 1])
    assert compared


def test_a_told_run_has_its_causes() -> None:
    script = traces.answers()
    run = tell_run(script.lesson(), script.trace())
    assert run.causes == Steps(script.trace()).causes
    assert run.causes[0] == ()
    assert run.gist().causes == ()
