"""The cases below `tests/cases`, and their recordings: one batch of children for all of them."""

from __future__ import annotations

import ast
import fcntl
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asrun import trace
from asrun.children import Children
from asrun.jobs import DEADLINE, Job
from asrun.model import Lesson, Scenario, Trace
from asrun.recording import event_line

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases"
PRELOAD = ("aiosqlite", "fastapi.sse", "python_multipart", "sqlalchemy.ext.asyncio")


@dataclass(frozen=True)
class Case:
    """A scenario of a folder with an `app.py` and a `lesson.py`."""

    folder: Path
    scenario: str

    @property
    def id(self) -> str:
        return f"{self.folder.name}/{self.scenario}"


def scenarios_of(folder: Path) -> list[Case]:
    """The scenarios of a case's or lesson's folder."""
    tree = ast.parse((folder / "lesson.py").read_text(encoding="utf-8"))
    return [
        Case(folder, node.name)
        for node in tree.body
        if isinstance(node, ast.AsyncFunctionDef)
        and any(
            isinstance(d, ast.Call) and getattr(d.func, "id", "") == "scenario"
            for d in node.decorator_list
        )
    ]


def all_cases() -> list[Case]:
    """Every scenario of every case."""
    return [c for app in sorted(CASES.glob("*/app.py")) for c in scenarios_of(app.parent)]


def all_lessons() -> list[Case]:
    """Every scenario of every lesson of the site."""
    return [c for app in sorted(ROOT.glob("snippets/*/*/app.py")) for c in scenarios_of(app.parent)]


def job(case: Case, deadline: float = DEADLINE, **request: Any) -> Job:
    """What a child is asked for in order to record a case.

    Args:
        case: is the job's key.
        deadline: seconds of real time that it may take.
        request: what else the child is told.
    """
    told = {"folder": str(case.folder), "scenario": case.scenario, "project": str(ROOT)}
    return Job(case, "asrun.record.child:main", {**told, **request}, deadline)


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that keep the processors busy."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def seeded(folder: Path, seed: int) -> Path:
    """An interpreter, made in a folder, that runs under a hash seed."""
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\nPYTHONHASHSEED={seed} exec "{sys.executable}" "$@"\n', encoding="utf-8"
    )
    python.chmod(0o755)
    return python


def record(
    cases: Iterable[Case],
    *,
    preload: Iterable[str] = PRELOAD,
    options: dict[str, Any] | None = None,
    **children: Any,
) -> dict[str, dict[str, Any]]:
    """Record cases in children of one zygote; what each child answered, by the case's id.

    Args:
        cases: what to record.
        preload: modules that the zygote imports.
        options: what else `session.record` takes by name.
        children: what else a `Zygote` takes.
    """
    jobs = [job(case, options=options or {}) for case in cases]
    answers: dict[str, dict[str, Any]] = {}
    with Children(preload, **children) as run:
        for ended in run.run(jobs):
            said = {
                "status": "ended",
                "message": f"{ended.how} {ended.output}",
                "stack": ended.stack,
            }
            answers[ended.job.key.id] = ended.result or said
    return answers


def record_once(cases: list[Case], folder: Path, name: str) -> dict[str, dict[str, Any]]:
    """`record`, but the processes of one test run share one batch.

    Args:
        cases: what to record.
        folder: which they share.
        name: of the batch.
    """
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = folder / f"{name}.json"
        if not kept.exists():
            kept.write_text(json.dumps(record(cases)), encoding="utf-8")
        answers: dict[str, dict[str, Any]] = json.loads(kept.read_text(encoding="utf-8"))
        return answers


def trace_of(case: Case, answer: dict[str, Any]) -> Trace:
    """The trace of a case that was recorded; fails where it was not."""
    assert answer["status"] == "recorded", f"{case.id}: {answer}"
    lesson = Lesson(f"cases/{case.folder.name}", case.folder, "", "", "", "", "", (), (), ())
    scenario = Scenario(case.scenario, case.scenario, 1)
    return trace.stabilise(lesson, scenario, answer["events"], answer["versions"])


def lines_of(case: Case, answer: dict[str, Any]) -> list[str]:
    """The trace's compared fields, an event a line."""
    return [event_line(event) for event in trace_of(case, answer).events]
