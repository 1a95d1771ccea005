"""The tracer for CPython 3.11: `sys.settrace`, which has one event for several meanings.

`return` is reported for an end, an exception, a `yield` and an `await` alike; which one it is
stands in the bytecode (`bytecode.py`).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from asrun.record.bytecode import RESUME, RETURNS, SUSPENDS, Bytecode
from asrun.record.frames import FrameLog

_TELLS_THROWS = sys.version_info < (3, 12)
"""Whether a frame that is called again is at RESUME when it just goes on, and at YIELD_VALUE when
something is thrown into it. Later interpreters, which have `sys.monitoring`, do not tell."""


class SettraceTracer:
    """Follows the snippet's frames with `sys.settrace`, on every thread.

    Args:
        frames: is told what happens.

    Threads that are already running when it starts are not followed: start it first.
    """

    def __init__(self, frames: FrameLog) -> None:
        self._frames = frames
        self._bytecode = Bytecode()
        self._resuming: set[FrameType] = set()
        """Frames of which it is not known yet whether they resume or are thrown into."""
        self._failed_at: dict[FrameType, int] = {}
        """Frames in which an exception arrived and no line has run since, and where it did."""
        self._arrived: dict[FrameType, set[int]] = {}
        """Where exceptions arrived in each frame, while it lives."""
        self._stops: tuple[Callable[[Any], None], ...] = ()

    def start(self) -> None:
        """Begin, on this thread and on those that start from now on."""
        self._stops = (sys.settrace, threading.settrace)
        for settrace in self._stops:
            settrace(self._enter)

    def stop(self) -> None:
        """End on this thread; others end with their next call."""
        for settrace in self._stops:
            settrace(None)

    # -- the two trace functions of sys.settrace

    def _enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event != "call" or not self._frames.wants(frame.f_code):
            return None
        if self._frames.knows(frame):
            if _TELLS_THROWS and self._bytecode.op(frame.f_code, frame.f_lasti) == RESUME:
                self._frames.guarded(self._frames.resumed, frame)
            else:
                self._resuming.add(frame)
        else:
            self._frames.guarded(self._frames.started, frame)
        return self._inside

    def _inside(self, frame: FrameType, event: str, arg: Any) -> Any:
        self._frames.guarded(self._tell, frame, event, arg)
        return self._inside

    def _tell(self, frame: FrameType, event: str, arg: Any) -> None:
        code, at = frame.f_code, frame.f_lasti
        failed_at = self._failed_at.pop(frame, None)
        if frame in self._resuming:
            self._resuming.discard(frame)
            if event == "exception" and self._bytecode.op(code, at) in SUSPENDS:
                self._failed_at[frame] = at
                self._arrived.setdefault(frame, set()).add(at)
                self._frames.thrown(frame, arg[1])
                return
            self._frames.resumed(frame)
        if event == "line":
            self._frames.line(frame, frame.f_lineno)
        elif event == "exception":
            if not self._bytecode.is_noise(code, at, arg[1]):
                self._failed_at[frame] = at
                self._arrived.setdefault(frame, set()).add(at)
                self._frames.raised(frame, arg[1])
        elif event == "return":
            op = self._bytecode.op(code, at)
            if op in SUSPENDS and failed_at != at and not self._reraises(frame, at, arg):
                self._frames.suspended(frame, self._bytecode.suspension(code, at), arg)
            elif op in RETURNS:
                self._frames.ended(frame, arg)
            else:
                self._frames.unwound(frame)
            if not self._frames.knows(frame):
                self._arrived.pop(frame, None)

    def _reraises(self, frame: FrameType, at: int, arg: Any) -> bool:
        """Whether a frame that seems suspended ends: what is raised again says where it first arrived.

        RERAISE, at the end of `finally` and of `with`, sets the place back to the `yield` or `await`
        at which the exception came in.
        """
        arrived = at in self._arrived.get(frame, ())
        return arrived and arg is None and self._frames.is_failing(frame)
