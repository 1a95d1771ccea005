"""Lessons for the judge: the ones in this folder, and small ones that a test writes."""

from __future__ import annotations

import ast
import json
import shutil
import textwrap
from pathlib import Path
from typing import Any

from asrun.judge.child import judge

HERE = Path(__file__).parent
KINDS = {"key_moment", "quiz", "snapshot", "exit_line"}

HEAD = """
from asrun import Moment, Option, Options, Trace, exit_line, key_moment, quiz, snapshot
from tests.proofs.scenarios import answers, misfit, notes, raises, streams, twice
"""


def recorded(scenario: str) -> dict[str, Any]:
    """A recorded trace of `app.py`, as plain data."""
    data: dict[str, Any] = json.loads((HERE / "runs" / f"{scenario}.json").read_text())
    return data


def statements(source: str) -> list[dict[str, Any]]:
    """What a lesson says, as a request to judge it has it."""
    found = []
    for node in ast.parse(source).body:
        for decorator in getattr(node, "decorator_list", ()):
            kind = getattr(getattr(decorator, "func", None), "id", "")
            if isinstance(decorator, ast.Call) and kind in KINDS:
                on = next(k.value for k in decorator.keywords if k.arg == "on")
                runs = on.elts if isinstance(on, ast.Tuple) else [on]
                found.append(
                    {
                        "name": getattr(node, "name", ""),
                        "kind": kind,
                        "on": [ast.unparse(run) for run in runs],
                    }
                )
    return found


def judged(
    folder: Path, source: str, traces: dict[str, dict[str, Any]] | None = None
) -> dict[str, Any]:
    """The judge's answer on a lesson.

    Args:
        folder: an empty folder, for the lesson's files.
        source: `lesson.py`.
        traces: its runs; those of `app.py` by default.
    """
    shutil.copy(HERE / "app.py", folder / "app.py")
    (folder / "lesson.py").write_text(source)
    asked = statements(source)
    names = {name for statement in asked for name in statement["on"]}
    runs = {name: recorded(name) for name in names} if traces is None else traces
    app = (folder / "app.py").read_text()
    request = {"folder": str(folder), "source": source, "app": app, "traces": runs}
    return judge({**request, "statements": asked})


def verdict(
    folder: Path, source: str, traces: dict[str, dict[str, Any]] | None = None
) -> dict[str, Any]:
    """The verdict on a lesson's only statement; its first line is line 5 of `lesson.py`.

    Args:
        folder: an empty folder, for the lesson's files.
        source: the statement, decorator included.
        traces: its runs; those of `app.py` by default.
    """
    answer = judged(folder, f"{HEAD}\n{textwrap.dedent(source).strip()}\n", traces)
    assert answer["failed"] is None
    (only,) = answer["verdicts"]
    assert isinstance(only, dict)
    return only
