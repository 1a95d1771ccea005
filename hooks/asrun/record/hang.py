"""The deadline inside a child: an alarm that says where the child hangs, and ends it.

Two alarms, since the first needs a running interpreter: a signal handler that can name the
coroutines that wait, and, a moment later, a watchdog in C that dumps what stands on each
thread's stack. Should both fail, the zygote kills.
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from asrun.record.zygote import HUNG

_AUTHOR = ("app.py", "lesson.py")
_dump: Any = None


def arm(seconds: float, report: Path) -> None:
    """End this process after `seconds` of real time, with `report` saying where it hangs.

    Args:
        seconds: the deadline.
        report: written as a line of JSON, `[["app.py", 12, "get_db"], …]` innermost last, by the
            first alarm; as faulthandler's text by the second.
    """
    global _dump

    def tell(signum: int, frame: FrameType | None) -> None:
        report.write_text(json.dumps(_stack(frame)))
        os._exit(HUNG)

    signal.signal(signal.SIGALRM, tell)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    _dump = report.with_suffix(".dump").open("w")
    faulthandler.dump_traceback_later(seconds + 0.7, exit=True, file=_dump)


def disarm() -> None:
    """Call it off."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    faulthandler.cancel_dump_traceback_later()


def _stack(frame: FrameType | None) -> list[tuple[str, int, str]]:
    """The author's frames that hang: on this stack, else in a task that waits, else in another thread."""
    here = _author_frames(_outwards(frame))
    if here:
        return here
    try:
        tasks = asyncio.all_tasks(asyncio.get_event_loop_policy().get_event_loop())
    except RuntimeError:
        tasks = set()
    waiting = [found for task in tasks if (found := _author_frames(_awaited(task.get_coro())))]
    threads = [
        found
        for ident, top in sys._current_frames().items()
        if top is not frame and (found := _author_frames(_outwards(top)))
    ]
    # A task of the app says more than the scenario that waits for it.
    candidates = threads + waiting
    candidates.sort(key=lambda stack: stack[-1][0] != "app.py")
    return candidates[0] if candidates else []


def _outwards(frame: FrameType | None) -> list[FrameType]:
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1]


def _awaited(coroutine: Any) -> list[FrameType]:
    """The frames of a suspended coroutine and of what it awaits, outermost first."""
    frames = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None)
        if frame is not None:
            frames.append(frame)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)
    return frames


def _author_frames(frames: list[FrameType]) -> list[tuple[str, int, str]]:
    found = []
    for frame in frames:
        path = Path(frame.f_code.co_filename)
        if path.name in _AUTHOR and "site-packages" not in path.parts:
            found.append((path.name, frame.f_lineno, frame.f_code.co_name))
    return found
