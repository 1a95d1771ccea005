"""Folding events into steps: what makes a step, what belongs to one, and what a step is called."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asrun.model import Event, Trace
from asrun.narrate import step_of, tell_run
from asrun.recording import from_text, of_trace, text_of
from asrun.story import Run
from tests import traces
from tests.traces import EVERY, Script


def tell(script: Script, *cited: int) -> Run:
    return tell_run(script.lesson(), script.trace(), cited=frozenset(cited))


def actions(run: Run) -> list[str]:
    return [step.action for step in run.steps]


@pytest.mark.parametrize("name", EVERY)
def test_every_event_is_in_exactly_one_step(name: str) -> None:
    script = EVERY[name]()
    told = [event.seq for step in tell(script).steps for event in step.events]
    assert sorted(told) == [event.seq for event in script.trace().events]


@given(st.data())
def test_whatever_a_trace_holds_no_event_is_lost(data: st.DataObject) -> None:
    script = EVERY[data.draw(st.sampled_from(sorted(EVERY)))]()
    events = data.draw(st.lists(st.sampled_from(script.trace().events), min_size=1, max_size=40))
    numbered = tuple(e.model_copy(update={"seq": n}) for n, e in enumerate(events, 1))
    trace = script.trace().model_copy(update={"events": numbered})
    cited = data.draw(st.frozensets(st.integers(1, len(numbered)), max_size=3))
    run = tell_run(script.lesson(), trace, cited=cited)
    assert sorted(e.seq for s in run.steps for e in s.events) == list(range(1, len(numbered) + 1))
    assert [step.n for step in run.steps] == list(range(1, len(run.steps) + 1))
    assert all(step.before and step.after and step.action and step.what for step in run.steps)
    assert len({step.key for step in run.steps}) == len(run.steps)


def test_a_generator_dependency_is_told_in_seventeen_steps() -> None:
    assert actions(tell(traces.answers())) == [
        "GET /items/0",
        "scope http GET /items/0",
        "solve_dependencies(read_item)",
        "get_db()",
        "db = AsyncSession(engine)",
        "yield db",
        "read_item(number=0, db=AsyncSession#1)",
        "names = (await db.scalars(query)).all()",
        "return names[number]",
        "serialize_response",
        "http.response.start 200",
        'http.response.body "apple"',
        '200 "apple"',
        "resumed after yield db",
        "await db.close()",
        "get_db() ends",
        "app(scope) returned",
    ]


def test_a_raise_and_the_end_of_its_frame_are_one_step() -> None:
    run = tell(traces.raises())
    assert actions(run)[8:12] == [
        "return names[number]",
        "IndexError thrown at yield db",
        "await db.close()",
        "get_db() ends with IndexError",
    ]
    assert [e.kind for e in run.steps[8].events if e.kind != "line"] == ["raise", "unwind", "probe"]


def test_a_wait_belongs_to_the_change_that_it_ends_with() -> None:
    run = tell(traces.answers())
    assert [e.kind for e in run.steps[7].events] == ["line", "wait", "set"]


def test_a_wait_stands_alone_where_something_else_runs_meanwhile() -> None:
    run = tell(traces.concurrent())
    waits = [step for step in run.steps if step.events[-1].kind == "wait"]
    assert [step.action for step in waits] == ["await asyncio.sleep(1)"] * 2


def test_a_set_while_the_frame_goes_on_is_one_step_with_it() -> None:
    app = traces.SLEEPERS.replace("await asyncio.sleep(1)", "n = await asyncio.sleep(1, 2)")
    script = Script(app)
    script.arrive("/sleep", endpoint="sleep")
    frame = (
        script.frame("sleep")
        .call("async def sleep():")
        .line("n = await asyncio.sleep(1, 2)")
        .wait()
    )
    script.arrive("/sleep", request=2)
    frame.resume().set(n="2")
    frame.line('return "slept"').returns("'slept'")
    run = tell(script)
    goes_on = step_of(run, script.seq(kind="resume"))
    assert goes_on == step_of(run, script.seq(kind="set"))
    assert goes_on != step_of(run, script.seq(kind="wait"))
    assert goes_on.before == ("request 1: sleep waiting at await", "request 1: n unbound")
    assert goes_on.after == ("request 1: sleep running", "request 1: n = 2")


def test_a_statement_without_a_change_folds_into_the_next_of_its_frame() -> None:
    script = traces.threads()
    run = tell(script)
    assert step_of(run, script.seq(text="time.sleep(0.1)")).action == 'return f"user {user_id}"'


def test_a_cited_statement_makes_its_own_step() -> None:
    script = traces.threads()
    cited = script.seq(text="time.sleep(0.1)")
    step = step_of(tell(script, cited), cited)
    assert step.action == "time.sleep(0.1)"
    assert step.before == step.after == ("get_user running",)


def test_a_statement_that_a_proof_names_makes_its_own_step_judged_or_not() -> None:
    script = traces.threads()
    lesson = replace(script.lesson(), source='blocked = trace.one(line="time.sleep(0.1)", after=x)')
    run = tell_run(lesson, script.trace())
    assert step_of(run, script.seq(text="time.sleep(0.1)")).action == "time.sleep(0.1)"
    assert len(run.steps) == len(tell(script).steps) + 1


def test_a_citation_of_what_is_in_its_own_step_changes_nothing() -> None:
    script = traces.answers()
    line = script.seq(kind="line", text="await db.close()")
    assert tell(script, line).steps == tell(script).steps


def test_a_single_chunk_is_no_step_and_several_are() -> None:
    single = traces.answers()
    assert not any(step.action.startswith("chunk") for step in tell(single).steps)
    assert [a for a in actions(tell(traces.stream())) if a.startswith("chunk")] == [
        "chunk 0",
        "chunk 1",
    ]


def test_a_single_chunk_belongs_to_the_whole_that_follows() -> None:
    script = Script(traces.SLEEPERS)
    script.arrive("/sleep")
    script.wire("send", "http.response.start", status=200, headers=[])
    script.wire("send", "http.response.body", body="x", more_body=True)
    script.client("chunk", body="x")
    script.wire("send", "http.response.body", body="", more_body=False)
    script.client("complete", status=200, body="x")
    run = tell(script)
    assert step_of(run, script.seq(kind="chunk")) == step_of(run, script.seq(kind="complete"))


def test_the_head_that_the_client_has_belongs_to_the_message_that_brought_it() -> None:
    script = traces.answers()
    step = step_of(tell(script), script.seq(kind="response"))
    assert step.action == "http.response.start 200"


def test_a_generator_that_yields_again_is_told_by_what_it_does() -> None:
    run = tell(traces.stream())
    assert not any(a.startswith("resumed") for a in actions(run))
    again = [s for s in run.steps if s.action == "for i in range(2):"][1]
    assert [e.kind for e in again.events] == ["resume", "line", "set"]


def test_errors_of_validation_belong_to_the_probe_that_found_nothing_else_to_do() -> None:
    run = tell(traces.invalid())
    assert [e.what for e in run.steps[2].events] == [
        "solve_dependencies start read_item",
        "solve_dependencies end read_item",
    ]


def test_errors_that_are_found_after_a_dependency_ran_are_a_step() -> None:
    script = Script(traces.THREADS)
    script.arrive("/plain/7", endpoint="plain")
    user = script.frame("get_user", lane="worker").call(
        "def get_user(user_id: int) -> str:", user_id="7"
    )
    user.line('return f"user {user_id}"').returns("'user 7'")
    script.solved("plain", errors=2)
    script.respond(422, "{}")
    step = step_of(
        tell(script),
        script.seq(
            detail={"probe": "solve_dependencies", "phase": "end", "for": "plain", "errors": 2}
        ),
    )
    assert step.action == "solve_dependencies(plain): errors"
    assert (
        "".join(p.value for p in step.what) == "FastAPI has found 2 errors in what plain asks for."
    )


def test_what_a_statement_prints_is_a_step_with_it() -> None:
    script = Script(traces.SLEEPERS.replace("await asyncio.sleep(1)", 'print("hello")'))
    script.arrive("/sleep", endpoint="sleep")
    frame = script.frame("sleep").call("async def sleep():").line('print("hello")')
    script.add("print", "loop", unit=1, request=1, detail={"text": "hello"})
    frame.line('return "slept"').returns("'slept'")
    run = tell(script)
    step = step_of(run, script.seq(kind="print"))
    assert step.action == 'print("hello")'
    assert step.line == script.line_of('print("hello")')
    assert step == step_of(run, script.seq(kind="line", text='print("hello")'))
    assert step.after == ("printed: hello",)


def test_a_startup_in_which_nothing_of_the_app_runs_is_one_step() -> None:
    script = Script(traces.SLEEPERS)
    script.wire("scope", "lifespan", None)
    script.wire("receive", "lifespan.startup", None)
    script.wire("send", "lifespan.startup.complete", None)
    script.arrive("/sleep")
    script.wire("receive", "lifespan.shutdown", None)
    script.wire("send", "lifespan.shutdown.complete", None)
    script.wire("done", None, None)
    run = tell(script)
    assert [p.name for p in run.phases] == ["startup", "request", "shutdown"]
    assert [(p.first, p.last) for p in run.phases] == [(1, 1), (2, 3), (4, 4)]
    assert run.steps[0].after == ("app started",)
    assert run.steps[3].before == ("app started",)


def test_a_key_says_what_a_step_is_and_not_where_it_stands() -> None:
    after = {step.key: step.n for step in tell(traces.answers()).steps}
    before = {step.key: step.n for step in tell(traces.answers(cleanup_first=True)).steps}
    assert after.keys() == before.keys()
    assert [key for key in after if after[key] != before[key]] == [
        "1|send||http.response.start|1",
        "1|send||http.response.body|1",
        "1|complete|||1",
        "1|resume|get_db|yield db|1",
        "1|set|get_db|await db.close()|1",
        "1|return|get_db||1",
    ]


def test_the_same_statement_again_has_another_key() -> None:
    keys = [s.key for s in tell(traces.stream()).steps if s.action == "for i in range(2):"]
    assert keys == ["1|set|numbers|for i in range(2):|1", "1|set|numbers|for i in range(2):|2"]


@pytest.mark.parametrize("name", EVERY)
def test_an_accepted_recording_has_no_lines_and_reads_in_the_same_steps(name: str) -> None:
    script = EVERY[name]()
    trace = script.trace()
    accepted = trace.model_copy(update={"events": from_text(text_of(of_trace(trace))).events})
    assert all(event.line is None for event in accepted.events)
    run = tell_run(script.lesson(), accepted)
    assert [s.key for s in run.steps] == [s.key for s in tell(script).steps]


def test_the_address_of_another_versions_step_names_the_version() -> None:
    script = traces.answers()
    run = tell_run(script.lesson(), script.trace(), version="0.110.0")
    assert run.steps[6].address == "answers-7@0.110.0"
    assert tell(script).steps[6].address == "answers-7"


def test_the_digest_changes_with_behaviour_and_with_nothing_else() -> None:
    script = traces.answers()
    trace = script.trace()

    def digest(*events: Event) -> str:
        return tell_run(script.lesson(), trace.model_copy(update={"events": events})).digest

    shown = [
        e.model_copy(update={"line": 99, "shown": {"text": "other words"}}) for e in trace.events
    ]
    changed = [
        e.model_copy(update={"names": {"db": "None"}}) if e.names else e for e in trace.events
    ]
    assert digest(*shown) == digest(*trace.events)
    assert digest(*changed) != digest(*trace.events)


def test_a_trace_without_events_is_refused() -> None:
    script = Script(traces.SLEEPERS)
    with pytest.raises(ValueError, match="no events"):
        tell_run(script.lesson(), script.trace())


def test_an_event_that_is_in_no_step_is_not_found() -> None:
    trace: Trace = traces.answers().trace()
    with pytest.raises(KeyError):
        step_of(tell(traces.answers()), len(trace.events) + 1)
