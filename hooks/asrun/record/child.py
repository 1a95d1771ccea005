"""The recording child's first lines: it records one scenario, and says what went wrong with it."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from asrun.record import hook, limits, report, where
from asrun.record.limits import Limits
from asrun.record.where import Place

_PATIENCE = 0.2
"""Seconds of real time that a thread of the lesson has to end, once the scenario is over."""

Data = dict[str, Any]
Met = tuple[str, str, str]
"""A limit that was met: the kind of problem, what the scenario does, what to do about it."""


def main(request: Data) -> Data:
    """Record one scenario.

    Args:
        request: `folder`, the lesson's; `scenario`, its name; `project`, the project's root;
            `limits`. What else `session.record` takes by name may be in `options`.

    Returns:
        The recording as `session.record` gives it, with `"status": "recorded"` and `"files"`, the
        files of the project that it opened; or `{"status": kind of problem, "message": …,
        "todo": …, "stack": [[file, line, function], …]}`.
    """
    from asrun.record import session
    from asrun.record.log import Log

    bounds = Limits(**request.get("limits", {}))
    Log.most, Log.overflow = bounds.events, staticmethod(partial(_overflow, bounds))
    name = f"`{request['scenario']}`"
    try:
        recording = session.record(
            Path(request["folder"]), request["scenario"], **request.get("options", {})
        )
    except session.AuthorError as error:
        cause = error.__cause__
        stack = error.stack or (_stack(cause) if cause else [])
        met = _met(cause, bounds)
        if met is None:
            return _wrong(error.kind, str(error), "", stack)
        return _wrong(met[0], f"{name} {met[1]}", met[2], stack)
    except (SystemExit, KeyboardInterrupt, GeneratorExit) as error:
        what = f"{name} raises {type(error).__name__}, which ends the process"
        return _wrong("crashed", what, "Take it out.", _stack(error))
    except Exception as error:
        met = _met(error, bounds) or _met_by_recorder(str(error), bounds)
        if met is None:
            raise
        return _wrong(met[0], f"{name} {met[1]}", met[2], _stack(error))
    return (
        _met_in(recording["events"], name, bounds)
        or _left_running(name)
        or {"status": "recorded", **recording, "files": hook.opened()}
    )


def _overflow(bounds: Limits) -> None:
    """End this process, at the event that is one too many."""
    report.end("refused", *limits.too_many_events(bounds), where.anywhere(sys._getframe()))


def _wrong(kind: str, message: str, todo: str, stack: Iterable[Place]) -> Data:
    return {"status": kind, "message": message, "todo": todo, "stack": [list(p) for p in stack]}


def _limit(exception: str, text: str, bounds: Limits) -> Met | None:
    found = limits.exceeded(exception, text, bounds)
    if found is None:
        return None
    # Recursion is bounded by every interpreter, and not by the sandbox.
    return ("crashed" if exception == "RecursionError" else "refused", *found)


def _met(error: BaseException | None, bounds: Limits) -> Met | None:
    """The limit that an exception speaks of."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if error is None:
        return None
    text = f"OSError({error.errno}, …)" if isinstance(error, OSError) else f"({error.args})"
    return _limit(type(error).__name__, text, bounds)


def _met_by_recorder(traceback: str, bounds: Limits) -> Met | None:
    """The limit that the recorder itself met, in the lesson's place."""
    last = traceback.strip().splitlines()[-1:] or [""]
    return _limit(last[0].partition(":")[0], "", bounds)


def _met_in(events: Iterable[Data], name: str, bounds: Limits) -> Data | None:
    """The first limit that an exception in a recording speaks of, though the app caught it."""
    for event in events:
        if event["kind"] not in ("raise", "throw"):
            continue
        exception = str(event.get("detail", {}).get("exception", ""))
        met = _limit(exception, str(event.get("shown", {}).get("text", "")), bounds)
        if met is not None:
            function = event.get("function") or ""
            place = (event.get("file") or "app.py", event.get("line") or 1, function)
            return _wrong(met[0], f"{name} {met[1]}", met[2], [place])
    return None


def _left_running(name: str) -> Data | None:
    """A thread of the lesson's that goes on though the scenario is over."""
    left: list[Place] = []
    for _ in range(int(_PATIENCE / 0.01)):
        left = where.other_thread()
        if not left:
            return None
        select.select([], [], [], 0.01)  # real time: `time.sleep` is the lesson's, and virtual
    what = f"{name} leaves a thread running, in `{left[-1][2]}`, when it is over"
    return _wrong("hung", what, "Let it end, and wait for it, before the scenario ends.", left)


def _stack(error: BaseException) -> list[Place]:
    """The author's frames of an exception, innermost last."""
    found: list[Place] = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if where.file_of(code):
            found.append((where.file_of(code), traceback.tb_lineno, where.function_of(code)))
        traceback = traceback.tb_next
    return found or where.on_stack(sys._getframe())
