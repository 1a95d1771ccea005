"""What is said of a step: only what events, states and source show, with the steps that show it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asrun.narrate import step_of, tell_run
from asrun.story import Note, Run, Step, Text
from tests import traces
from tests.traces import EVERY, Script


def tell(script: Script) -> Run:
    return tell_run(script.lesson(), script.trace())


def plain(text: Text) -> str:
    return "".join(piece.value for piece in text)


def told(step: Step) -> tuple[str, str]:
    return plain(step.what), plain(step.why)


def noted(step: Step, by: str) -> list[str]:
    return [plain(note.text) for note in step.notes if note.by == by]


def cited(text: Text) -> list[str]:
    return [piece.target for piece in text if piece.kind == "step"]


def test_the_run_of_a_generator_dependency_reads_so() -> None:
    assert [told(step) for step in tell(traces.answers()).steps] == [
        ("The client sends its request.", "Nothing of the app has run for it yet."),
        (
            "The server calls the app with the scope of the request.",
            "For this request app.py runs on the event loop, in one task.",
        ),
        (
            "FastAPI solves the dependencies of read_item.",
            "read_item depends on get_db, so get_db runs first.",
        ),
        (
            "FastAPI calls the dependency get_db.",
            "What stands before its yield runs now; what stands after it, once it is resumed.",
        ),
        ("db is now AsyncSession#1, which is open.", "db is a local variable of get_db."),
        (
            "get_db lends db and is suspended.",
            "The frame keeps its place and its variables, and waits.",
        ),
        (
            "FastAPI calls the endpoint read_item.",
            (
                "Its db is the very object that get_db lent at step 6. "
                "It is an async def: it runs on the event loop itself."
            ),
        ),
        (
            "names is now ['apple', 'pear'] and AsyncSession#1 goes from open to in transaction.",
            "names is a local variable of read_item.",
        ),
        (
            "The endpoint read_item returns 'apple'.",
            "Its frame ends here. get_db is still suspended at its yield.",
        ),
        ("FastAPI turns 'apple' into what will be sent.", "read_item returned it at step 9."),
        (
            "The status 200 and the headers are sent.",
            "From here on the status can’t be changed any more: it is on the wire.",
        ),
        (
            "The body is sent: 7 bytes.",
            "more_body is false: as far as ASGI goes, the response is complete.",
        ),
        (
            "The client has the whole response, with the status 200.",
            "get_db is still suspended at its yield. Nothing that stands after it has run.",
        ),
        (
            "get_db is resumed where it was suspended.",
            "The whole response has left (steps 11 and 12). What stands after its yield runs now.",
        ),
        (
            "AsyncSession#1 goes from in transaction to closed.",
            "It stands in finally: it runs whether or not an exception came before.",
        ),
        ("get_db ends.", "What stands after its yield has run to the end; its frame is gone."),
        (
            "The app’s call returns: as far as the app goes, the request is over.",
            "The client has had its response since step 13, 4 steps ago.",
        ),
    ]


def test_that_the_response_has_left_is_said_only_where_it_has() -> None:
    script = traces.answers(cleanup_first=True)
    run = tell(script)
    resumed = step_of(run, script.seq(kind="resume"))
    assert plain(resumed.why).startswith("Nothing of the response has been sent yet.")
    sent = step_of(run, script.seq(asgi="http.response.start"))
    assert noted(sent, "engine") == ["Ended before: get_db (step 13)."]
    complete = step_of(run, script.seq(kind="complete"))
    assert plain(complete.why) == "Every function of app.py that ran for it so far has ended."


def test_an_exception_is_followed_from_frame_to_frame() -> None:
    steps = tell(traces.raises()).steps
    assert [told(step) for step in (*steps[8:10], steps[11], steps[15])] == [
        (
            "IndexError is raised in read_item and ends its frame.",
            "No except of read_item catches it. get_db is still suspended at its yield.",
        ),
        (
            "IndexError is thrown into get_db at its yield.",
            (
                "read_item ended with IndexError at step 9. Nothing of the response has been sent yet. "
                "finally comes next."
            ),
        ),
        (
            "get_db ends with IndexError.",
            "IndexError was thrown in at step 10, and no except of get_db has caught it.",
        ),
        (
            "The app’s call ends with IndexError, which is raised into the server.",
            "The client has had its response since step 15.",
        ),
    ]


def test_where_a_function_runs_is_said_with_its_thread() -> None:
    script = traces.threads()
    run = tell(script)
    assert plain(run.steps[1].why) == (
        "For this request app.py runs on the event loop, in one task, and in worker threads 1 and 2."
    )
    called = step_of(run, script.seq(kind="call", function="plain"))
    assert called.lane_label == "worker thread 2"
    assert plain(called.why) == (
        "Its user is what get_user returned at step 5. Its limit is what get_limit returned at step 8. "
        "It is a def, not an async def: it runs in worker thread 2, and the event loop stays free."
    )


def test_a_request_that_does_not_fit_is_told_with_what_never_ran() -> None:
    run = tell(traces.invalid())
    assert told(run.steps[2]) == (
        "FastAPI reads and checks what read_item asks for: 1 error.",
        "Something that its signature asks for is missing from the request, or does not fit.",
    )
    assert run.steps[2].after == ("1 validation error",)
    assert noted(run.steps[3], "engine") == ["read_item has not been called."]
    assert noted(run.steps[-1], "engine") == ["read_item was never called."]
    assert plain(run.steps[1].why) == "No function of app.py runs for it."


def test_a_stream_is_told_after_its_endpoint() -> None:
    script = traces.stream()
    run = tell(script)
    started = step_of(run, script.seq(kind="call", function="numbers"))
    assert told(started) == (
        "numbers starts: it makes the body of the response.",
        "stream returned at step 5. The status 200 has left (step 6), the response is not complete.",
    )
    chunk = next(s for s in run.steps if s.action == "chunk 0")
    assert plain(chunk.why) == (
        "The response is not complete: the app is still at it. numbers is still suspended at its yield."
    )


def test_a_wait_says_what_ran_meanwhile() -> None:
    run = tell(traces.concurrent())
    first = next(s for s in run.steps if s.action == "await asyncio.sleep(1)")
    back = next(s for s in run.steps if s.action == 'return "slept"')
    assert plain(first.what) == "Request 1: sleep waits at its await."
    assert plain(first.why) == (
        f"The event loop is free: steps {first.n + 1} to {back.n - 1} run before it goes on at step {back.n}."
    )
    assert cited(first.why) == [f"two_at_once-{n}" for n in (first.n + 1, back.n - 1, back.n)]


def test_a_dependency_of_a_dependency_is_followed_to_the_one_that_runs() -> None:
    app = """
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


async def outer():
    return 1


async def inner(o: Annotated[int, Depends(outer)]):
    return o


@app.get("/")
async def read(i: int = Depends(inner)):
    return i
"""
    script = Script(app)
    script.arrive("/", endpoint="read")
    script.frame("outer").call("async def outer():").line("return 1").returns("1")
    run = tell(script)
    assert (
        plain(run.steps[2].why) == "read depends on inner, and inner on outer, so outer runs first."
    )


def test_no_order_is_claimed_where_no_dependency_ran() -> None:
    script = Script(traces.GENERATOR)
    script.arrive("/items/0", endpoint="read_item")
    assert plain(tell(script).steps[2].why) == "read_item depends on get_db."


def test_an_endpoint_outside_of_the_app_is_not_said_to_be_never_called() -> None:
    script = Script(traces.SLEEPERS)
    script.arrive("/openapi.json", endpoint="openapi")
    script.solved("openapi", errors=0)
    script.respond(200, "{}")
    script.wire("done")
    notes = [note for step in tell(script).steps for note in noted(step, "engine")]
    assert notes == ["In ASGI, one call of the app is one request."]


def test_a_body_that_the_trace_holds_only_in_part_is_not_counted() -> None:
    script = Script(traces.SLEEPERS)
    script.arrive("/sleep")
    script.respond(200, "a long body…")
    run = tell(script)
    sent = step_of(run, script.seq(asgi="http.response.body"))
    assert plain(sent.what) == "The body is sent."
    assert sent.after == ("200 complete",)


def test_a_function_of_which_nothing_is_known_gets_no_role() -> None:
    script = Script("def helper():\n    return 1\n")
    script.arrive("/")
    script.frame("helper").call("def helper():").line("return 1").returns("1")
    run = tell(script)
    assert plain(run.steps[2].what) == "helper is called."
    assert plain(run.steps[3].what) == "helper returns 1."


def test_a_recorded_value_is_never_taken_for_anything_else() -> None:
    evil = "'`db` {lent} <b>{n}</b>'"
    script = Script(traces.SLEEPERS)
    script.arrive("/sleep?`x`{n}", endpoint="sleep")
    frame = script.frame("sleep").call("async def sleep():", evil=evil)
    frame.line('return "slept"').returns(evil)
    script.respond(200, evil)
    run = tell(script)
    returned = step_of(run, script.seq(kind="return"))
    assert [(p.kind, p.value) for p in returned.what] == [
        ("words", "The endpoint "),
        ("code", "sleep"),
        ("words", " returns "),
        ("code", evil),
        ("words", "."),
    ]
    assert run.steps[0].action == "GET /sleep?`x`{n}"
    assert not any(
        piece.kind == "words" and ("{" in piece.value or "`" in piece.value)
        for step in run.steps
        for text in (step.what, step.why, *(note.text for note in step.notes))
        for piece in text
    )


def test_the_authors_note_stands_where_its_line_runs_and_only_there() -> None:
    run = tell(traces.answers())
    own = [(step.n, note) for step in run.steps for note in step.notes if note.by == "author"]
    (at, note) = own[0]
    assert at == 5
    assert note == Note(note.text, "author")
    assert plain(note.text) == "It connects when it is first used"
    assert len(own) == 1


def test_a_note_on_an_except_clause_stands_where_it_catches() -> None:
    app = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def read():
    try:
        n = int("x")
    except ValueError:
        n = 0
    return n
"""
    script = Script(app, notes={"except ValueError:": "Only this one"})
    script.arrive("/", endpoint="read")
    read = script.frame("read").call("async def read():").line('n = int("x")').raises("ValueError")
    read.catch("except ValueError:", "ValueError").assign("n = 0", n="0")
    read.line("return n").returns("0")
    run = tell(script)
    noted_at = [step.n for step in run.steps if noted(step, "author") == ["Only this one"]]
    assert noted_at == [step_of(run, script.seq(kind="catch")).n]


def test_a_note_on_a_yield_is_not_said_again_when_the_frame_is_resumed() -> None:
    script = traces.answers()
    lesson = replace(script.lesson(), notes={script.line_of("yield db"): "Lent, not given"})
    run = tell_run(lesson, script.trace())
    assert [step.n for step in run.steps if noted(step, "author")] == [6]


def test_the_engines_notes_are_computed() -> None:
    steps = tell(traces.answers()).steps
    assert noted(steps[5], "engine") == ["What stands after yield has not run."]
    assert noted(steps[7], "engine") == ["Suspended at await meanwhile: the event loop was free."]
    assert noted(steps[10], "engine") == ["Still suspended: get_db."]
    assert noted(steps[12], "engine") == ["AsyncSession#1 is in transaction."]
    assert noted(steps[13], "engine") == ["The same frame, 8 steps later."]
    assert noted(steps[16], "engine") == ["No generator is left suspended."]


def test_a_generator_that_is_never_resumed_is_said_to_be_left() -> None:
    script = Script(traces.GENERATOR)
    script.arrive("/items/0", endpoint="read_item")
    get_db = script.frame("get_db").call("async def get_db():")
    get_db.line("yield db").yields("None")
    script.wire("done")
    run = tell(script)
    assert noted(run.steps[-1], "engine")[-1] == "Left suspended: get_db."


def test_an_exception_that_no_response_preceded_is_the_servers_500() -> None:
    script = Script(traces.SLEEPERS)
    script.arrive("/sleep")
    script.wire("failed", exception="ValueError")
    script.client("response", status=500)
    script.client("complete", status=500, body="Internal Server Error")
    run = tell(script)
    assert told(run.steps[2])[1] == "The app has sent no response of its own."
    assert told(run.steps[3])[1] == "The server made it: the app has sent no response of its own."
    assert [e.kind for e in run.steps[3].events] == ["response", "complete"]


def test_what_is_sent_to_a_client_that_has_left_reaches_no_one() -> None:
    script = Script(traces.SLEEPERS)
    script.arrive("/sleep")
    script.client("left")
    script.wire("send", "http.response.start", status=200, headers=[])
    run = tell(script)
    assert noted(run.steps[-1], "engine") == ["The client has left: no one receives it."]


@pytest.mark.parametrize("name", EVERY)
def test_every_citation_leads_to_a_step_of_the_run(name: str) -> None:
    run = tell(EVERY[name]())
    addresses = {step.address: str(step.n) for step in run.steps}
    pieces = [
        piece
        for step in run.steps
        for text in (step.what, step.why, *(note.text for note in step.notes))
        for piece in text
        if piece.kind == "step"
    ]
    assert pieces
    assert all(addresses[piece.target] == piece.value for piece in pieces)
