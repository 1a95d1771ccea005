"""From raw events to a stable trace: each normaliser by itself, and a trace lane by lane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asrun import trace
from asrun.model import Event, Lesson, Scenario, Trace, Versions
from tests.recorded import CASES, all_cases

VERSIONS = {"fastapi": "0", "starlette": "0", "pydantic": "0", "anyio": "0", "python": "3"}


def raw(kind: str, **fields: Any) -> trace.RawEvent:
    """A raw event of frame 7 of `read`, at a line."""
    frame = {"function": "read", "frame": 7, "line": 3, "text": "await x"}
    return {"kind": kind, "lane": "loop", "unit": 4, "request": 1, **frame, **fields}


def wire(kind: str = "send", request: int | None = 1, **fields: Any) -> trace.RawEvent:
    return {"kind": kind, "lane": "wire", "unit": 0, "request": request, **fields}


def resumed(**fields: Any) -> trace.RawEvent:
    return raw("resume", detail={"after": "await"}, **fields)


def kinds(events: list[trace.RawEvent]) -> list[str]:
    return [e["kind"] for e in events]


def test_addresses_are_hidden_wherever_a_text_holds_them() -> None:
    text = "<Token at 0x7f8f8f8f>"
    (event,) = trace.addresses(
        [raw("set", names={"a": text, "b": None}, detail={"x": [text, 1]}, shown={"text": text})]
    )
    assert event["names"] == {"a": "<Token at 0x…>", "b": None}
    assert event["detail"] == {"x": ["<Token at 0x…>", 1]}
    assert event["shown"] == {"text": "<Token at 0x…>"}
    short = raw("set", names={"a": "0xff"})
    assert trace.addresses([short]) == [short]


def test_lines_that_do_nothing_are_dropped() -> None:
    assert kinds(
        trace.silent_lines([raw("line", silent=True), raw("line"), raw("call", silent=True)])
    ) == ["line", "call"]


def test_a_statement_over_several_lines_is_one_line() -> None:
    other = raw("line", frame=8)
    events = [raw("line"), raw("line"), other, raw("line"), raw("line", line=5), raw("line")]
    assert [(e["frame"], e["line"]) for e in trace.repeated_lines(events)] == [
        (7, 3),
        (8, 3),
        (7, 5),
        (7, 3),
    ]


def test_closing_a_generator_in_which_no_code_waits_for_it_is_dropped() -> None:
    closed = [raw("throw", closing=True), raw("unwind", closing=True)]
    assert trace.silent_closes([raw("yield"), *closed]) == [raw("yield")]
    seen = [raw("throw", closing=True), raw("line", line=9), raw("unwind", closing=True)]
    assert trace.silent_closes(seen) == seen
    thrown = [raw("throw"), raw("unwind")]
    assert trace.silent_closes(thrown) == thrown


def test_of_a_stack_that_waits_the_innermost_frame_is_kept() -> None:
    events = [raw("wait", frame=9), raw("wait"), resumed(), resumed(frame=9)]
    assert [e["frame"] for e in trace.outer_waits(events)] == [9, 9]


def test_a_caller_that_waited_with_it_does_not_go_on_once_an_exception_has_ended_it() -> None:
    ended = [raw("raise", frame=9), raw("unwind", frame=9), resumed(), raw("raise")]
    events = trace.outer_waits([raw("wait", frame=9), raw("wait"), *ended])
    assert [(e["kind"], e["frame"]) for e in events] == [
        ("wait", 9), ("raise", 9), ("unwind", 9), ("raise", 7),
    ]  # fmt: skip
    alone = [raw("wait"), raw("call", frame=9), resumed()]
    assert trace.outer_waits(alone) == alone


def test_waits_of_one_statement_are_one() -> None:
    again = [raw("wait"), resumed(), raw("wait"), resumed(), raw("line", line=4)]
    assert kinds(trace.waits(again)) == ["wait", "line"]


def test_a_wait_stays_around_what_else_happens_to_the_request() -> None:
    events = [raw("wait"), resumed(), wire(), raw("wait"), resumed(), raw("line", line=4)]
    assert kinds(trace.waits(events)) == ["wait", "send", "resume", "line"]
    others = [raw("wait"), wire(request=2), resumed()]
    assert kinds(trace.waits(others)) == ["wait", "send"]


def test_a_frame_that_never_resumes_keeps_its_wait() -> None:
    assert kinds(trace.waits([raw("wait"), raw("raise")])) == ["wait", "raise"]


def test_a_lifespan_in_which_nothing_happens_is_dropped() -> None:
    quiet = [wire("scope", None), wire("receive", None), wire(), wire("done", None)]
    assert trace.quiet_lifespan(quiet) == [wire()]
    loud = [*quiet, raw("print", request=None)]
    assert trace.quiet_lifespan(loud) == loud


def test_frames_are_numbered_by_function_and_request() -> None:
    events = [
        raw("call", frame=5),
        raw("call", frame=9),
        raw("return", frame=5),
        raw("call", frame=3, request=2),
        wire(),
    ]
    assert [e.get("frame") for e in trace.frame_numbers(events)] == [1, 2, 1, 1, None]


def test_tasks_are_numbered_within_their_request_and_threads_among_all() -> None:
    events = [
        raw("call", unit=30), raw("call", unit=20), raw("call", unit=30, request=2),
        raw("call", lane="worker", unit=8), raw("call", lane="worker", unit=6, request=2), raw("call", unit=0),
    ]  # fmt: skip
    assert [e["unit"] for e in trace.unit_numbers(events)] == [1, 2, 1, 1, 2, 0]


def test_each_normaliser_is_told_of() -> None:
    seen: list[str] = []
    lesson = Lesson("cases/x", Path(), "", "", "", "", "", (), (), ())
    made = trace.stabilise(
        lesson,
        Scenario("s", "S", 1),
        [raw("call")],
        VERSIONS,
        lambda name, before, after: seen.append(name),
    )
    assert seen == [n.__name__.replace("_", "-") for n in trace.NORMALISERS]
    assert (made.events[0].seq, made.events[0].frame, made.events[0].file) == (1, 1, "app.py")


def told(*events: Event) -> Trace:
    return Trace(
        lesson="x", scenario="s", title="S", versions=Versions(**VERSIONS),
        events=tuple(e.model_copy(update={"seq": n}) for n, e in enumerate(events, 1)),
    )  # fmt: skip


def worker(request: int, frame: int, unit: int, session: str) -> Event:
    return Event(
        seq=1, kind="call", lane="worker", unit=unit, request=request, function="read", frame=frame,
        names={"s": session}, states={session: "open"},
    )  # fmt: skip


def test_lanes_are_the_same_in_whatever_order_threads_run() -> None:
    one = told(worker(1, 1, 1, "Session#1"), worker(2, 1, 2, "Session#2"))
    other = told(worker(2, 1, 1, "Session#1"), worker(1, 1, 2, "Session#2"))
    assert one.events != other.events
    assert trace.lanes(one) == trace.lanes(other)
    assert list(trace.lanes(one)) == ["r1 worker.1", "r2 worker.1"]


def test_two_frames_of_one_request_may_swap() -> None:
    def frames(*values: str) -> Trace:
        return told(
            *(
                worker(1, n, n, "S#1").model_copy(update={"names": {"v": v}})
                for n, v in enumerate(values, 1)
            )
        )

    assert trace.lanes(frames("1", "2")) == trace.lanes(frames("2", "1"))
    assert trace.lanes(frames("1", "2")) != trace.lanes(frames("1", "1"))


def test_what_falls_between_a_wait_and_its_end_is_of_other_lanes() -> None:
    def of_loop(kind: str, unit: int = 1, **detail: str) -> Event:
        where = {"lane": "loop", "request": 1, "function": f"f{unit}", "frame": 1}
        return Event(seq=1, kind=kind, unit=unit, detail=detail, **where)

    waits, goes_on = of_loop("wait"), of_loop("resume", after="await")
    between = told(waits, of_loop("call", 2), goes_on)
    before = told(of_loop("call", 2), waits)
    assert trace.lanes(between) == trace.lanes(before)
    lent = told(of_loop("yield"), of_loop("resume", after="yield"))
    assert len(trace.lanes(lent)["r1 loop.1"]) == 2


def test_a_lane_in_another_order_is_another() -> None:
    a, b = (Event(seq=1, kind=kind, lane="wire", request=1) for kind in ("send", "done"))
    assert trace.lanes(told(a, b)) != trace.lanes(told(b, a))


def test_every_accepted_trace_numbers_frames_from_one() -> None:
    for case in all_cases():
        seen: dict[tuple[str, str], int] = {}
        for line in (CASES / case.folder.name / f"{case.scenario}.txt").read_text().splitlines():
            _, request, who, kind = line.split()[:4]
            function, _, frame = who.rpartition("#")
            if kind == "call":
                assert int(frame) == seen.get((request, function), 0) + 1, line
                seen[request, function] = int(frame)
