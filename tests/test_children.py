"""Zygotes and their children: what happens where one of them ends, or never begins."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asrun import lessons, recorder
from asrun.cache import Cache
from asrun.children import Children, Ended, Job, Start, Zygote, ZygoteDied, can_fork
from tests.conftest import Project, environment

ENTRY = "asrun.record.child:main"
BARE = frozenset(
    (
        "user",
        "limits",
        "landlock",
        "seccomp",
        "hook",
        "session",
        "alarm",
        "watchdog",
        "folder",
        "sweep",
    )
)
"""Every means of isolation: what is left without them can harm the zygote."""

APP = """
from fastapi import FastAPI

app = FastAPI()


def get_resource():
    pass


@app.get("/items/0")
def read():
    {body}
"""

needs_fork = pytest.mark.skipif(not can_fork(), reason="there is no zygote where there is no fork")


def job(project: Project, name: str, body: str, **more: Any) -> Job:
    """A job that records a scenario whose endpoint does something."""
    app = APP.format(body=body)
    project.add_lesson(name, app=app)
    folder = project.root / "snippets/lending" / name
    return Job(name, ENTRY, {"folder": str(folder), "scenario": "answers"}, **more)


def statuses(ended: Iterable[Ended]) -> dict[str, str]:
    """How each job ended, in a word."""
    found = {}
    for one in ended:
        found[one.job.key] = (
            "lost" if one.lost else "hung" if one.hung else (one.result or {}).get("status", "none")
        )
    return found


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


# ---------------------------------------------------------------- how children are started


@pytest.mark.parametrize("start", [pytest.param("fork", marks=needs_fork), "spawn"])
def test_jobs_run(start: Any, project: Project, temporary: Path) -> None:
    jobs = [job(project, f"lesson-{n}", "return 'done'") for n in range(3)]
    with Children(start=start) as children:
        assert statuses(children.run(jobs)) == {f"lesson-{n}": "recorded" for n in range(3)}
    assert list(temporary.iterdir()) == []


def test_the_environment_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASRUN_START", "spawn")
    assert Children().start == "spawn"


def test_both_ways_record_the_same(project: Project) -> None:
    [lesson] = lessons.find(project.root).lessons
    done = {}
    starts: list[Start] = ["fork", "spawn"] if can_fork() else ["spawn"]
    for start in starts:
        with Children(lesson.imports, start) as children:
            done[start] = recorder.record([lesson], Cache(None), children).done
    first, *others = [[r.events for r in told] for told in done.values()]
    assert all(other == first for other in others)


@pytest.mark.parametrize("start", [pytest.param("fork", marks=needs_fork), "spawn"])
def test_no_interpreter(start: Any, project: Project, temporary: Path) -> None:
    why = "/nowhere/python cannot be started: No such file"
    with (
        Children(start=start, python="/nowhere/python") as children,
        pytest.raises(ZygoteDied, match=why),
    ):
        list(children.run([job(project, "lesson", "return 1")]))
    assert list(temporary.iterdir()) == []


@needs_fork
def test_an_interpreter_without_fastapi(tmp_path: Path, temporary: Path) -> None:
    bare = tmp_path / "bare/bin/python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    with pytest.raises(ZygoteDied, match="No module named 'fastapi'"):
        Zygote(python=str(bare)).__enter__()
    assert list(temporary.iterdir()) == []


@needs_fork
def test_no_zygote_is_one_problem_however_many_lessons(project: Project) -> None:
    project.add_lesson("second")
    found = lessons.find(project.root).lessons
    with Children(python="/nowhere/python") as children:
        problems = recorder.record(found, Cache(None), children).problems
    assert [p.kind for p in problems] == ["recorder-failed"]
    assert "cannot be started" in problems[0].message
    assert "asrun doctor" in problems[0].todo


# ---------------------------------------------------------------- how they end


@needs_fork
def test_a_job_that_kills_the_zygote_harms_no_other(project: Project, temporary: Path) -> None:
    kills = "import os; os.kill(os.getppid(), 9)"
    jobs = [
        job(project, "before", "return 1"),
        job(project, "kills", kills, without=BARE),
        job(project, "after", "return 2"),
    ]
    with Children(parallel=2) as children:
        ended = statuses(children.run(jobs))
    assert ended == {"before": "recorded", "kills": "lost", "after": "recorded"}
    assert list(temporary.iterdir()) == []


@needs_fork
def test_whoever_brings_the_zygote_down_is_told(project: Project) -> None:
    [lesson] = lessons.find(project.root).lessons

    class Lost:
        def run(self, jobs: Iterable[Job], started: Any = None) -> Iterator[Ended]:
            return (
                Ended(one, None, lost=True, how="the zygote was ended by SIGKILL") for one in jobs
            )

    problems = recorder.record([lesson], Cache(None), Lost()).problems
    assert [(p.kind, p.scenario) for p in problems] == [
        ("crashed", "answers"),
        ("crashed", "raises"),
    ]
    assert "brought the recorder down" in problems[0].message


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name
)
@pytest.mark.parametrize("start", [pytest.param("fork", marks=needs_fork), "spawn"])
def test_an_interrupted_build_leaves_nothing_running(
    start: str, number: signal.Signals, project: Project, temporary: Path
) -> None:
    mark = project.root / "snippets/lending/hangs"
    job(project, "hangs", "import select; select.select([], [], [], 60)")
    command = [sys.executable, "-m", "asrun", "check", "lending/hangs"]
    environ = environment(ASRUN_START=start, ASRUN_DEADLINE="50")
    build = subprocess.Popen(command, cwd=project.root, env=environ, start_new_session=True)
    children = _wait_for_children(build.pid, temporary)
    time.sleep(0.5)  # let it hang
    os.killpg(build.pid, number)  # as a terminal does it: to the whole group
    build.wait(20)
    assert build.returncode == (130 if number == signal.SIGINT else -number)
    _wait_for_end(children)
    if start == "fork" or number == signal.SIGINT:
        assert list(temporary.iterdir()) == []
    assert mark.exists()


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_what_a_killed_run_has_left_goes_with_the_next(
    start: str, project: Project, temporary: Path
) -> None:
    """Nothing of it could clean up: the whole of it was killed, as a system without memory does."""
    job(project, "hangs", "import select; select.select([], [], [], 60)")
    command = [sys.executable, "-m", "asrun", "check", "lending/hangs"]
    environ = environment(ASRUN_START=start, ASRUN_DEADLINE="50")
    build = subprocess.Popen(command, cwd=project.root, env=environ, start_new_session=True)
    children = _wait_for_children(build.pid, temporary)
    for pid in children:
        os.kill(pid, signal.SIGSTOP)
    for pid in (build.pid, *children):
        os.kill(pid, signal.SIGKILL)
    build.wait(20)
    _wait_for_end(children)
    (left,) = temporary.iterdir()
    assert list(left.glob("*/work"))
    others = [temporary / "asrun-of-someone-else", temporary / "unrelated"]
    for folder in others:
        folder.mkdir()
    assert project.asrun("check", project.id).code == 1  # nothing is accepted
    assert sorted(temporary.iterdir()) == others


def test_a_run_that_lives_is_left_alone(temporary: Path) -> None:
    with Zygote(parallel=1):
        mine = set(temporary.iterdir())
        assert len(mine) == 1
        with Zygote(parallel=1):
            assert mine < set(temporary.iterdir())
        assert set(temporary.iterdir()) == mine
    assert list(temporary.iterdir()) == []


def _wait_for_children(pid: int, temporary: Path) -> set[int]:
    """Wait until a build has a job under way, and return the processes that it has started."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if list(temporary.glob("asrun-*/*/work")):
            return _descendants(pid)
        time.sleep(0.05)
    raise AssertionError("no job has begun")


def _descendants(pid: int) -> set[int]:
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        with contextlib.suppress(OSError):
            inner = Path(f"/proc/{one}/task/{one}/children").read_text().split()
            waiting += map(int, inner)
            found |= set(map(int, inner))
    return found


def _wait_for_end(processes: set[int]) -> None:
    assert processes
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in processes):
        time.sleep(0.05)
    left = [pid for pid in processes if Path(f"/proc/{pid}").exists()]
    assert not left


def test_two_builds_at_once(accepted: Project, temporary: Path) -> None:
    command = [sys.executable, "-m", "asrun", "check", "--format", "json"]
    builds = [
        subprocess.Popen(command, cwd=accepted.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    reports = [json.loads(build.communicate(timeout=60)[0]) for build in builds]
    assert reports[0] == reports[1]
    assert reports[0]["ok"]
    assert accepted.asrun("check").code == 0
    assert list(temporary.iterdir()) == []


# ---------------------------------------------------------------- in which order


def test_the_longest_goes_first(project: Project, tmp_path: Path) -> None:
    lengths = {"resource": 0.2, "short": 0.1, "long": 0.9}
    for name in ("short", "long"):
        project.add_lesson(name)
    store = Cache(tmp_path / "cache")
    seen: list[str] = []

    class Timed:
        """Real children that take as long as they are told."""

        def __init__(self, real: Children) -> None:
            self._real = real

        def run(self, jobs: Iterable[Job], started: Any = None) -> Iterator[Ended]:
            given = list(jobs)
            seen.extend(one.key[0].name for one in given if one.key[1].name == "answers")
            for ended in self._real.run(given):
                seconds = lengths[ended.job.key[0].name]
                yield Ended(ended.job, ended.result, seconds=seconds)

    def build() -> list[str]:
        seen.clear()
        found = lessons.find(project.root).lessons
        with Children() as children:
            assert not recorder.record(found, store, Timed(children)).problems
        return seen[:]

    assert build() == ["resource", "short", "long"]  # nothing is known yet: as they are listed
    for name in lengths:
        with (project.root / f"snippets/lending/{name}/app.py").open("a") as file:
            file.write("# changed\n")
    assert build() == ["long", "resource", "short"]
    project.add_lesson("new")
    lengths["new"] = 0.5
    for name in lengths:
        with (project.root / f"snippets/lending/{name}/app.py").open("a") as file:
            file.write("# again\n")
    assert build() == ["new", "long", "resource", "short"]
