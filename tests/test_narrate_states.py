"""What is so before and after a step: frames, variables, objects, the response, and the tracker."""

from __future__ import annotations

from asrun.narrate import step_of, tell_run
from asrun.story import FrameState, Run, Step, TrackerRow
from tests import traces
from tests.traces import DB, Script


def tell(script: Script) -> Run:
    return tell_run(script.lesson(), script.trace())


def frame(step: Step, label: str) -> FrameState:
    return next(f for f in step.frames if f.label == label)


def row(run: Run, label: str, of: str) -> TrackerRow:
    return next(r for r in run.tracker.rows if (r.label, r.of) == (label, of))


def test_a_step_says_what_it_changed_and_nothing_else() -> None:
    steps = tell(traces.answers()).steps
    changes = [(s.before, s.after) for s in steps]
    assert changes == [
        (("request not sent",), ("request sent",)),
        (("app not called",), ("app running",)),
        (("FastAPI running",), ("FastAPI solving the dependencies of read_item",)),
        (("get_db not called",), ("get_db running",)),
        (("db unbound", f"no {DB}"), (f"db = {DB}", f"{DB} open")),
        (("get_db running",), ("get_db suspended at yield, line 11",)),
        (("read_item not called",), (f"read_item running, number = 0, db = {DB}",)),
        (("names unbound", f"{DB} open"), ("names = ['apple', 'pear']", f"{DB} in transaction")),
        (("read_item running",), ("read_item returned",)),
        (("return value not serialized",), ("return value serialized",)),
        (("nothing sent", "request sent"), ("200 sent", "client has the status 200")),
        (("200 sent",), ("200 complete, 7 bytes of body",)),
        (("client has the status 200",), ("client has the whole response",)),
        (("get_db suspended at yield, line 11",), ("get_db running",)),
        ((f"{DB} in transaction",), (f"{DB} closed",)),
        (("get_db running",), ("get_db ended",)),
        (("app running",), ("app returned",)),
    ]


def test_an_exception_stays_raised_until_it_is_caught_or_ends_the_frame() -> None:
    script = traces.raises()
    run = tell(script)
    thrown = step_of(run, script.seq(kind="throw"))
    assert thrown.after == ("get_db running, IndexError raised",)
    closed = step_of(run, script.seq(kind="set", states={DB: "closed"}))
    assert frame(closed, "get_db()").words == "running, IndexError raised"
    ended = step_of(run, script.seq(kind="unwind", function="get_db"))
    assert ended.after == ("get_db ended by IndexError",)
    assert run.steps[-1].after == ("app raised IndexError",)


def test_catching_an_exception_binds_its_name_in_the_same_step() -> None:
    app = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def read():
    try:
        n = int("x")
    except ValueError as e:
        n = 0
    return n
"""
    script = Script(app)
    script.arrive("/", endpoint="read")
    read = script.frame("read").call("async def read():").line('n = int("x")').raises("ValueError")
    read.set(e="ValueError(…)").catch("except ValueError as e:", "ValueError")
    read.assign("n = 0", n="0", e=None)
    read.line("return n").returns("0")
    run = tell(script)
    caught = step_of(run, script.seq(kind="catch"))
    assert caught.before == ("e unbound", "read running, ValueError raised")
    assert caught.after == ("e = ValueError(…)", "read running")
    assert caught == step_of(run, script.seq(kind="set", names={"e": "ValueError(…)"}))
    after = step_of(run, script.seq(kind="set", names={"n": "0", "e": None}))
    assert after.after == ("n = 0", "e unbound")


def test_a_suspended_frame_says_since_when_and_keeps_its_variables() -> None:
    run = tell(traces.answers())
    for n in range(6, 14):
        held = frame(run.steps[n - 1], "get_db()")
        assert (held.kind, held.words) == ("sleep", "suspended at yield, line 11, since step 6")
        assert [(v.name, v.value) for v in held.variables] == [("db", DB)]
        assert held.line == 11
    assert frame(run.steps[13], "get_db()").words == "running again"
    assert frame(run.steps[-1], "get_db()").words == "ended at step 16"


def test_every_step_has_all_frames_in_the_same_places() -> None:
    run = tell(traces.answers())
    places = [[(f.key, f.label) for f in step.frames] for step in run.steps]
    assert all(place == places[0] for place in places)
    assert [label for _, label in places[0]] == ["FastAPI", "get_db()", "read_item()"]


def test_only_the_steps_own_frame_is_now() -> None:
    run = tell(traces.answers())
    now = [[f.label for f in step.frames if f.now] for step in run.steps]
    assert now[0] == []
    assert now[3:6] == [["get_db()"]] * 3
    assert now[12] == []
    assert now[13:16] == [["get_db()"]] * 3
    assert now[16] == ["FastAPI"]


def test_fastapi_waits_for_what_it_has_called() -> None:
    run = tell(traces.answers())
    words = [frame(step, "FastAPI").words for step in run.steps]
    assert words[0] == "not called yet"
    assert words[2] == "solving the dependencies of read_item"
    assert words[4] == "waiting for get_db"
    assert words[7] == "waiting for read_item"
    assert words[12] == "running"
    assert words[14] == "waiting for get_db"
    assert words[16] == "returned at step 17"


def test_a_caller_waits_for_what_it_has_called() -> None:
    app = (
        traces.INVALID.replace("return number", "return helper(number)")
        + "\n\ndef helper(n):\n    return n\n"
    )
    script = Script(app)
    script.arrive("/items/1", endpoint="read_item")
    read = script.frame("read_item").call("async def read_item(number: int):", number="1")
    read.line("return helper(number)")
    helper = script.frame("helper").call("def helper(n):", n="1")
    called = script.seq(kind="call", function="helper")
    helper.line("return n").returns("1")
    read.returns("1")
    run = tell(script)
    during = step_of(run, called)
    assert frame(during, "read_item()").words == "waiting for helper"
    assert during.before == ("helper not called",)
    assert "".join(p.value for p in during.what) == "read_item calls helper."
    assert frame(run.steps[-1], "read_item()").words.startswith("returned at step")


def test_an_endpoint_that_is_not_called_has_its_place_all_the_same() -> None:
    run = tell(traces.invalid())
    states = [frame(step, "read_item()") for step in run.steps]
    assert {(s.kind, s.words) for s in states} == {("idle", "never called")}
    assert next(r for r in run.rows if r.label == "read_item()").marks == ()


def test_a_watched_object_is_new_then_changed_then_as_it_was() -> None:
    run = tell(traces.answers())
    told = [step.objects[0] for step in run.steps]
    assert {o.id for o in told} == {DB}
    assert (told[3].state, told[3].new) == ("", False)
    assert (told[4].state, told[4].new, told[4].was) == ("open", True, "")
    assert (told[7].state, told[7].new, told[7].was) == ("in transaction", False, "open")
    assert (told[8].state, told[8].was) == ("in transaction", "")
    assert (told[14].state, told[14].was) == ("closed", "in transaction")


def test_signs_say_which_variables_a_step_made_or_changed() -> None:
    run = tell(traces.stream())
    signs = [
        (v.value, v.sign)
        for step in run.steps
        if step.action == "for i in range(2):"
        for v in frame(step, "numbers()").variables
    ]
    assert signs == [("0", "new"), ("1", "changed")]


def test_two_requests_at_once_are_told_apart() -> None:
    run = tell(traces.concurrent())
    first = next(s for s in run.steps if s.after == ("request 1: sleep waiting at await",))
    second = next(s for s in run.steps if s.after == ("request 2: sleep waiting at await",))
    assert frame(second, "sleep() of request 1").kind == "wait"
    assert (
        frame(second, "sleep() of request 1").words
        == f"waiting at await, line 8, since step {first.n}"
    )
    assert frame(first, "sleep() of request 2").words == "not called yet"
    assert second.what[0].value == "Request 2: "


# ------------------------------------------------------------------ the tracker


def test_the_tracker_has_the_steps_that_changed_something_and_the_last() -> None:
    run = tell(traces.answers())
    assert run.tracker.columns == (4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 16, 17)
    assert all(len(r.cells) == 1 + len(run.tracker.columns) for r in run.tracker.rows)


def test_the_tracker_follows_an_object_a_variable_a_frame_and_the_response() -> None:
    run = tell(traces.answers())
    at = dict(
        zip(("start", *run.tracker.columns), range(len(run.tracker.columns) + 1), strict=True)
    )

    db = row(run, DB, "object").cells
    assert [(db[at[n]].value, db[at[n]].change) for n in ("start", 5, 8, 15, 17)] == [
        ("", ""),
        ("open", "new"),
        ("in transaction", "changed"),
        ("closed", "changed"),
        ("closed", ""),
    ]
    name = row(run, "db", "in get_db()").cells
    assert [(name[at[n]].value, name[at[n]].change) for n in (5, 6, 16)] == [
        (DB, "new"),
        (DB, ""),
        ("", "gone"),
    ]
    state = row(run, "get_db()", "frame").cells
    assert [state[at[n]].value for n in ("start", 4, 6, 14, 16)] == [
        "",
        "running",
        "suspended",
        "running",
        "ended",
    ]
    response = row(run, "response", "of the app").cells
    assert [response[at[n]].value for n in ("start", 11, 12)] == [
        "nothing sent",
        "200 sent",
        "200 complete",
    ]


def test_a_variable_of_a_suspended_frame_is_asleep() -> None:
    run = tell(traces.answers())
    asleep = [
        n
        for n, cell in zip(
            ("start", *run.tracker.columns), row(run, "db", "in get_db()").cells, strict=True
        )
        if cell.asleep
    ]
    assert asleep == [6, 7, 8, 9, 11, 12]
