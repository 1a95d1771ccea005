"""Phases, lanes, flow and transcript: the same run, seen as a whole."""

from __future__ import annotations

import pytest

from asrun.narrate import step_of, tell_run
from asrun.story import LaneRow, Run, Text
from tests import traces
from tests.traces import EVERY, Script


def tell(script: Script) -> Run:
    return tell_run(script.lesson(), script.trace())


def plain(text: Text) -> str:
    return "".join(piece.value for piece in text)


def marks(run: Run, label: str) -> list[tuple[str, int, int]]:
    row: LaneRow = next(r for r in run.rows if r.label == label)
    return [(m.kind, m.first, m.last) for m in row.marks]


# ------------------------------------------------------------------ phases


@pytest.mark.parametrize("name", EVERY)
def test_phases_cover_the_run_without_gap_or_overlap(name: str) -> None:
    run = tell(EVERY[name]())
    covered = [n for phase in run.phases for n in range(phase.first, phase.last + 1)]
    assert covered == [step.n for step in run.steps]
    named = [phase.name for phase in run.phases for _ in range(phase.first, phase.last + 1)]
    assert named == [step.phase for step in run.steps]
    assert all(a.name != b.name for a, b in zip(run.phases, run.phases[1:], strict=False))


def test_the_cleanup_is_a_phase_wherever_it_runs() -> None:
    def phases(script: Script) -> list[tuple[str, int, int]]:
        return [(p.name, p.first, p.last) for p in tell(script).phases]

    assert phases(traces.answers()) == [
        ("request", 1, 3),
        ("dependencies", 4, 6),
        ("endpoint", 7, 9),
        ("response", 10, 13),
        ("cleanup", 14, 16),
        ("end", 17, 17),
    ]
    assert [name for name, _, _ in phases(traces.raises())] == [
        "request",
        "dependencies",
        "endpoint",
        "cleanup",
        "response",
        "end",
    ]


def test_a_helper_is_in_the_phase_of_its_caller() -> None:
    app = traces.GENERATOR + "\n\ndef connect():\n    return 1\n"
    script = Script(app)
    script.arrive("/items/0", endpoint="read_item")
    get_db = script.frame("get_db").call("async def get_db():").line("db = AsyncSession(engine)")
    script.frame("connect").call("def connect():").line("return 1").returns("1")
    get_db.set(db="1")
    run = tell(script)
    helper = step_of(run, script.seq(kind="call", function="connect"))
    assert helper.phase == "dependencies"


def test_a_helper_of_one_request_is_not_in_the_phase_of_another() -> None:
    app = traces.GENERATOR + "\n\ndef connect():\n    return 1\n"
    script = Script(app)
    script.arrive("/items/0", endpoint="read_item")
    get_db = script.frame("get_db").call("async def get_db():").line("db = AsyncSession(engine)")
    script.arrive("/items/1", request=2)
    script.frame("connect").call("def connect():").line("return 1").returns("1")
    get_db.set(db="1")
    run = tell(script)
    assert step_of(run, script.seq(kind="call", function="connect")).phase == "dependencies"


# ------------------------------------------------------------------ lanes


def test_the_lanes_of_a_generator_dependency() -> None:
    run = tell(traces.answers())
    assert [r.label for r in run.rows] == ["client", "wire", "FastAPI", "get_db()", "read_item()"]
    assert [r.code for r in run.rows] == [False, False, False, True, True]
    assert marks(run, "client") == [("out", 1, 1), ("idle", 2, 12), ("in", 13, 13)]
    assert marks(run, "wire") == [("in", 2, 2), ("out", 11, 11), ("out", 12, 12)]
    assert marks(run, "FastAPI") == [
        ("thin", 2, 3),
        ("idle", 4, 9),
        ("thin", 10, 12),
        ("idle", 13, 16),
        ("thin", 17, 17),
    ]
    assert marks(run, "get_db()") == [("run", 4, 6), ("sleep", 7, 13), ("run", 14, 16)]
    assert marks(run, "read_item()") == [("run", 7, 9)]


def test_the_lanes_are_put_into_words() -> None:
    assert tell(traces.answers()).lanes_label == (
        "Lanes over 17 steps. "
        "client: sends at step 1; receives at step 13. "
        "wire: leads into the app at step 2; leads out of the app at steps 11 and 12. "
        "FastAPI: runs at steps 2 to 3, 10 to 12 and 17. "
        "get_db(): runs at steps 4 to 6 and 14 to 16; is suspended at steps 7 to 13. "
        "read_item(): runs at steps 7 to 9. "
        "The execution table says the same, step by step."
    )


def test_a_function_in_a_worker_thread_has_its_lane() -> None:
    run = tell(traces.threads())
    lanes = {r.label: (r.lane, r.lane_label) for r in run.rows}
    assert lanes["get_user()"] == ("worker", "worker thread 1")
    assert lanes["plain()"] == ("worker", "worker thread 2")
    assert lanes["get_limit()"] == ("loop", "event loop")
    assert "plain() (worker thread 2): runs at" in run.lanes_label


def test_requests_that_overlap_have_a_row_each() -> None:
    run = tell(traces.concurrent())
    first, second = marks(run, "sleep() of request 1"), marks(run, "sleep() of request 2")
    assert [kind for kind, _, _ in first] == ["run", "wait", "run"]
    waits, runs = first[1], second[0]
    assert waits[1] <= runs[1] <= runs[2] <= waits[2]


def test_requests_one_after_the_other_share_a_row() -> None:
    script = Script(traces.SLEEPERS)
    for request in (1, 2):
        script.arrive("/sleep", request, endpoint="sleep")
        frame = script.frame("sleep", request=request).call("async def sleep():")
        frame.line('return "slept"').returns("'slept'")
        script.respond(200, "", request)
        script.wire("done", request=request)
    run = tell(script)
    assert [r.label for r in run.rows if r.code] == ["sleep()"]
    assert [kind for kind, _, _ in marks(run, "sleep()")] == ["run", "run"]
    assert run.requests == 2


@pytest.mark.parametrize("name", EVERY)
def test_every_step_stands_in_a_row_and_is_marked_there(name: str) -> None:
    run = tell(EVERY[name]())
    rows = {r.key: r for r in run.rows}
    for step in run.steps:
        kinds = {m.kind for m in rows[step.row].marks if m.first <= step.n <= m.last}
        assert kinds & {"out", "in", "run", "thin"}, (step.n, kinds)


# ------------------------------------------------------------------ flow


@pytest.mark.parametrize("name", EVERY)
def test_the_flow_has_five_to_nine_nodes_over_the_whole_run(name: str) -> None:
    run = tell(EVERY[name]())
    assert 5 <= len(run.flow) <= 9
    covered = [n for node in run.flow for n in range(node.first, node.last + 1)]
    assert covered == [step.n for step in run.steps]
    rows = {r.key: r.label for r in run.rows}
    for node in run.flow:
        assert node.first <= node.step <= node.last
        assert (run.steps[node.step - 1].row, rows[node.row]) == (node.row, node.row_label)


def test_the_flow_and_its_caption_follow_the_run() -> None:
    run = tell(traces.answers())
    assert [(n.row_label, plain(n.title), plain(n.detail), n.step) for n in run.flow] == [
        ("client", "The client sends its request", "GET /items/0", 1),
        ("get_db()", "get_db starts", "its code before yield, on the event loop", 4),
        ("get_db()", "get_db lends db", "suspended at line 11", 6),
        ("read_item()", "read_item runs", "on the event loop, number = 0, db = AsyncSession#1", 7),
        ("wire", "The response 200 is sent", "the status at 11, the body at 12", 11),
        ("get_db()", "get_db is resumed", "its code after yield runs", 14),
        ("get_db()", "get_db ends", "AsyncSession#1 closed", 16),
        ("FastAPI", "The app returns", "the request is over", 17),
    ]
    assert plain(run.caption) == (
        "In this run get_db lends db, read_item runs, the response 200 is sent, and then get_db is resumed."
    )
    earlier = tell(traces.answers(cleanup_first=True))
    assert plain(earlier.caption) == (
        "In this run get_db lends db, read_item runs, get_db is resumed, and then the response 200 is sent."
    )


def test_the_flow_of_many_dependencies_stays_short() -> None:
    names = [f"dep_{i}" for i in range(8)]
    functions = "".join(f"async def {n}():\n    yield {i}\n\n\n" for i, n in enumerate(names))
    asked = ", ".join(f"{n}_=Depends({n})" for n in names)
    header = f"async def read({asked}):"
    app = "from fastapi import Depends, FastAPI\n\napp = FastAPI()\n\n\n"
    script = Script(f'{app}{functions}@app.get("/")\n{header}\n    return 1\n')
    script.arrive("/", endpoint="read")
    for i, name in enumerate(names):
        script.frame(name).call(f"async def {name}():").line(f"yield {i}").yields(f"{i}")
    script.frame("read").call(header).line("return 1").returns("1")
    script.respond(200, "1")
    script.wire("done")
    flow = tell(script).flow
    assert len(flow) == 9
    assert (flow[0].step, plain(flow[-1].title)) == (1, "The app returns")


def test_the_flow_of_many_requests_stays_short() -> None:
    script = Script(traces.SLEEPERS)
    for request in range(1, 7):
        script.arrive("/sleep", request, endpoint="sleep")
        frame = script.frame("sleep", request=request).call("async def sleep():")
        frame.line('return "slept"').returns("'slept'")
        script.respond(200, "", request)
        script.wire("done", request=request)
    assert len(tell(script).flow) <= 9


# ------------------------------------------------------------------ stage and transcript


def test_the_stage_stands_at_the_first_yield_or_at_the_endpoint() -> None:
    assert tell(traces.answers()).stage == 6
    threads = traces.threads()
    assert (
        tell(threads).stage == step_of(tell(threads), threads.seq(kind="call", function="plain")).n
    )
    assert (
        tell(traces.invalid())
        .steps[tell(traces.invalid()).stage - 1]
        .action.startswith("solve_dependencies")
    )


@pytest.mark.parametrize("name", EVERY)
def test_the_transcript_tells_every_step_with_its_states(name: str) -> None:
    run = tell(EVERY[name]())
    assert [p.phase for p in run.transcript] == [p.name for p in run.phases]
    pieces = [piece for p in run.transcript for piece in p.text]
    cited = [piece.target for piece in pieces if piece.kind == "step"]
    words = " ".join(plain(p.text) for p in run.transcript)
    for step in run.steps:
        assert step.address in cited
        assert step.action in words
        assert plain(step.what) in words
        assert plain(step.why) in words
        for before, after in zip(step.before, step.after, strict=True):
            assert before == after or f"{before} becomes {after}" in words
