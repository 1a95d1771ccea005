"""The recorder in a child: which tracer, what it must notice, and that it never harms the app."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from asrun.model import KINDS
from tests.recorded import ROOT, Case, all_cases, lines_of, record, trace_of

LESSON = """
from asrun import scenario, watch

{watch}

@scenario("One request")
async def run(client):
    response = await client.get("/")
    assert response.status_code == {status}, response.text
"""


def recording(
    folder: Path, app: str, watch: str = "", status: int = 200, **options: Any
) -> dict[str, Any]:
    """Record one request to `/` of an app."""
    head = "from fastapi import FastAPI\n\napp = FastAPI()\n"
    (folder / "app.py").write_text(head + dedent(app))
    (folder / "lesson.py").write_text(LESSON.format(watch=dedent(watch), status=status))
    case = Case(folder, "run")
    return record([case], options=options)[case.id]


def lines(folder: Path, answer: dict[str, Any]) -> list[str]:
    return lines_of(Case(folder, "run"), answer)


PLAIN = """
@app.get("/")
async def read() -> int:
    return 1
"""


def test_the_tracer_says_why_it_was_chosen(tmp_path: Path) -> None:
    reason = recording(tmp_path, PLAIN)["tracer"]
    if sys.version_info >= (3, 12):
        assert reason.startswith("monitoring: CPython 3.")
    else:
        assert reason == "settrace: CPython 3.11 has no sys.monitoring, which came with 3.12"


def test_both_tracers_see_the_same(tmp_path: Path) -> None:
    """On 3.12 and newer, where both exist; what each sees alone is in the cases."""
    if not hasattr(sys, "monitoring"):
        answer = recording(tmp_path, PLAIN, tracer="monitoring")
        assert answer["status"] == "ended"
        assert "CPython 3.11 has no sys.monitoring" in answer["message"]
        return
    # From 3.12 on settrace tells of a resumption late, so not where generators delegate; the
    # recorder uses it on 3.11 only.
    names = {"dependency-order", "threads", "background-tasks", "values"}
    cases = [c for c in all_cases() if c.folder.name in names]
    told = [record(cases, options={"tracer": name}) for name in ("settrace", "monitoring")]
    for case in cases:
        assert lines_of(case, told[0][case.id]) == lines_of(case, told[1][case.id]), case.id


@pytest.mark.parametrize("call", ["sys.settrace(None)", "threading.settrace(print)"])
def test_an_app_that_sets_a_trace_function_is_noticed(call: str, tmp_path: Path) -> None:
    answer = recording(
        tmp_path,
        f"""
        import sys
        import threading


        @app.get("/")
        async def read() -> int:
            try:
                {call}
            except BaseException:
                pass
            return 1
        """,
    )
    assert answer["status"] == "crashed"
    assert "sets a trace function" in answer["message"]
    assert answer["stack"][-1][0] == "app.py"


def test_an_error_of_the_recorder_fails_the_recording_and_not_the_app(tmp_path: Path) -> None:
    """The app breaks what the recorder uses; it goes on, and the recording does not count."""
    answer = recording(
        tmp_path,
        """
        from asrun.record.frames import FrameLog
        from asrun.record.probes import _Cache


        def broken(self, *args):
            raise ZeroDivisionError("the recorder's own")


        FrameLog._observe = broken


        @app.get("/")
        async def read() -> int:
            answer = 1
            return answer
        """,
    )
    assert answer["status"] == "ended"  # the scenario's own assertion, of a 200, has passed
    assert "ZeroDivisionError: the recorder's own" in answer["message"]
    assert "AssertionError" not in answer["message"]


WATCHED = """
class Box:
    def __init__(self) -> None:
        self.full = False

    def is_full(self) -> bool:
        return self.full


@app.get("/")
async def read() -> int:
    box = Box()
    box.full = True
    return 1
"""


def test_what_a_watch_function_calls_is_no_event(tmp_path: Path) -> None:
    watch = """
    @watch("Box")
    def state(box):
        return "full" if box.__dict__.get("full") and box.is_full() else "empty"
    """
    told = lines(tmp_path, recording(tmp_path, WATCHED, watch))
    assert [line.split("state:")[1] for line in told if "state:" in line] == [
        'Box#1="empty"',
        'Box#1="full"',
    ]
    assert not any("is_full" in line.split('"')[0] for line in told)


def test_a_watch_function_that_raises_is_the_lessons_error(tmp_path: Path) -> None:
    watch = """
    @watch("Box")
    def state(box):
        return 1 // 0
    """
    answer = recording(tmp_path, WATCHED, watch)
    assert (answer["status"], answer["stack"][-1][0]) == ("crashed", "lesson.py")
    assert '@watch("Box") raised ZeroDivisionError' in answer["message"]


@pytest.mark.parametrize(
    ("app", "status", "message"),
    [
        ("app = None", "lesson-invalid", "app.py has no `app`"),
        ("def (", "lesson-invalid", "syntax error"),
        ("1 // 0", "crashed", "importing app.py raised ZeroDivisionError"),
        ("raise SystemExit(3)", "crashed", "SystemExit"),
        (PLAIN.replace("return 1", "raise SystemExit(3)"), "crashed", "sys.exit"),
    ],
)
def test_what_is_wrong_with_an_app_is_told_with_its_line(
    app: str, status: str, message: str, tmp_path: Path
) -> None:
    answer = recording(tmp_path, app)
    assert (answer["status"], answer["stack"][-1][0]) == (status, "app.py")
    assert message in answer["message"]


def test_every_kind_of_event_is_in_some_case(tmp_path: Path) -> None:
    cases = all_cases()
    found = {
        line.split()[3]
        for c in cases
        for line in (c.folder / f"{c.scenario}.txt").read_text().splitlines()
    }
    assert set(KINDS) - found == set()


def test_what_is_caught_is_shown_and_not_compared(tmp_path: Path) -> None:
    answer = recording(
        tmp_path,
        """
        from fastapi import HTTPException

        @app.get("/")
        def read() -> int:
            try:
                raise HTTPException(418, "short and stout")
            except HTTPException:
                return 1
        """,
    )
    (caught,) = [e for e in trace_of(Case(tmp_path, "run"), answer).events if e.kind == "catch"]
    assert caught.detail == {}
    assert caught.shown == {
        "exception": "HTTPException",
        "status": 418,
        "text": "HTTPException(418, 'short and stout')",
    }


def test_the_virtual_time_of_an_event_is_shown_and_not_compared(tmp_path: Path) -> None:
    answer = recording(
        tmp_path,
        """
        import asyncio


        @app.get("/")
        async def read() -> int:
            await asyncio.sleep(90)
            return 1
        """,
    )
    events = trace_of(Case(tmp_path, "run"), answer).events
    assert events[0].shown == {}
    assert events[-1].shown == {"time": 90.0}
    assert not any("90.0" in line for line in lines(tmp_path, answer))


def test_the_names_of_the_recorder_do_not_show(tmp_path: Path) -> None:
    answer = recording(
        tmp_path,
        """
        import asyncio
        from collections.abc import Awaitable, Callable


        class Middleware:
            def __init__(self, app) -> None:
                self.app = app

            async def __call__(self, scope, receive, send) -> None:
                inner, loop = self.app, asyncio.get_running_loop()
                await self.app(scope, receive, send)


        app.add_middleware(Middleware)


        @app.get("/")
        async def read() -> int:
            return 1
        """,
    )
    told = "\n".join(lines(tmp_path, answer))
    assert 'name:receive="<function receive>"' in told
    assert 'name:loop="EventLoop#1"' in told
    assert "Wire" not in told


def test_a_scenario_records_in_a_few_milliseconds() -> None:
    """25 ms of CPU a scenario is the plan; what 20 scenarios take must not be far from it."""
    code = f"""
import resource, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.recorded import all_cases, record
cases = [c for c in all_cases() if c.folder.name in ("routing", "endpoints", "http-exceptions", "uploads")]
record(cases[:1])
before = resource.getrusage(resource.RUSAGE_CHILDREN)
record(cases)
after = resource.getrusage(resource.RUSAGE_CHILDREN)
record(cases * 4)
last = resource.getrusage(resource.RUSAGE_CHILDREN)
spent = lambda a, b: b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime
print((spent(after, last) - spent(before, after)) / (3 * len(cases)))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(ran.stdout) < 0.1
