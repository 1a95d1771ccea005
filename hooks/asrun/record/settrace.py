"""The tracer for CPython 3.11: `sys.settrace`, which has one event for several meanings.

`return` is reported for an end, an exception, a `yield` and an `await` alike; which one it is
stands in the bytecode: after YIELD_VALUE comes RESUME, whose argument says what was suspended.
"""

from __future__ import annotations

import dis
import sys
import threading
from types import CodeType, FrameType
from typing import Any

from asrun.record.frames import FrameLog

_YIELD_VALUE = dis.opmap["YIELD_VALUE"]
_RESUME = dis.opmap["RESUME"]
_RETURNS = {dis.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST", "RETURN_GENERATOR") if name in dis.opmap}
_DELEGATES = {dis.opmap[name] for name in ("SEND", "FOR_ITER", "END_ASYNC_FOR", "GET_ANEXT") if name in dis.opmap}
_AFTER_YIELD = 1


class SettraceTracer:
    """Follows the snippet's frames with `sys.settrace`, on every thread.

    Args:
        frames: is told what happens.

    Threads that are already running when it starts are not followed: start it first.
    """

    def __init__(self, frames: FrameLog) -> None:
        self._frames = frames
        self._bytecode: dict[CodeType, bytes] = {}
        self._resuming: set[FrameType] = set()
        """Frames of which it is not known yet whether they resume or are thrown into."""

    def start(self) -> None:
        """Begin, on this thread and on those that start from now on."""
        threading.settrace(self._enter)
        sys.settrace(self._enter)

    def stop(self) -> None:
        """End on this thread; others end with their next call."""
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]

    # -- the two trace functions of sys.settrace

    def _enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event != "call" or not self._frames.wants(frame.f_code):
            return None
        if self._frames.knows(frame):
            self._resuming.add(frame)
        else:
            self._frames.guarded(self._frames.started, frame)
        return self._inside

    def _inside(self, frame: FrameType, event: str, arg: Any) -> Any:
        self._frames.guarded(self._tell, frame, event, arg)
        return self._inside

    def _tell(self, frame: FrameType, event: str, arg: Any) -> None:
        if frame in self._resuming:
            self._resuming.discard(frame)
            if event == "exception" and self._op(frame) in (_YIELD_VALUE, _RESUME) and self._yielded(frame):
                self._frames.thrown(frame, arg[1])
                return
            self._frames.resumed(frame)
        if event == "line":
            self._frames.line(frame, frame.f_lineno)
        elif event == "exception":
            if not self._is_noise(frame, arg[0]):
                self._frames.raised(frame, arg[1])
        elif event == "return":
            op = self._op(frame)
            if op in (_YIELD_VALUE, _RESUME):
                self._frames.suspended(frame, "yield" if self._yielded(frame) else "await", arg)
            elif op in _RETURNS:
                self._frames.ended(frame, arg)
            else:
                self._frames.unwound(frame)

    # -- bytecode

    def _code(self, frame: FrameType) -> bytes:
        code = frame.f_code
        found = self._bytecode.get(code)
        if found is None:
            found = self._bytecode[code] = code.co_code
        return found

    def _op(self, frame: FrameType) -> int:
        return self._code(frame)[frame.f_lasti]

    def _yielded(self, frame: FrameType) -> bool:
        """Whether the suspension at the current instruction is a `yield`, by the RESUME after it."""
        code, at = self._code(frame), frame.f_lasti
        if code[at] != _RESUME:  # CPython 3.13 points at RESUME already
            at += 2
        return code[at] == _RESUME and code[at + 1] & 3 == _AFTER_YIELD

    def _is_noise(self, frame: FrameType, kind: type[BaseException]) -> bool:
        """How a loop or an await is told that the other side has ended is no exception of the snippet."""
        return issubclass(kind, (StopIteration, StopAsyncIteration)) and self._op(frame) in _DELEGATES
