"""The tracer for CPython 3.12 and newer: `sys.monitoring` (PEP 669) tells most kinds apart itself.

Only the snippet's own code objects are instrumented, so the rest of the process runs at full
speed. What remains to be told apart is a `yield` from an `await`: both are PY_YIELD.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import Any

from asrun.record.bytecode import Bytecode
from asrun.record.frames import FrameLog

_TOOL = 3
"""PEP 669 gives it no meaning: 0 is for debuggers, 1 for coverage, 2 for profilers."""


class MonitoringTracer:
    """Follows the snippet's frames with `sys.monitoring`, on every thread.

    Args:
        frames: is told what happens.
        module: the snippet's compiled module; the functions in it are followed.

    Raises:
        RuntimeError: from `start`, where another tool has taken the tool id.
    """

    def __init__(self, frames: FrameLog, module: CodeType) -> None:
        self._frames = frames
        self._bytecode = Bytecode()
        self._codes: dict[int, CodeType] = {}
        """By address: hashing a code object hashes all that is in it."""
        self._collect(module)

    def start(self) -> None:
        """Begin, on every thread."""
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        events = monitoring.events
        try:
            monitoring.use_tool_id(_TOOL, "asrun")
        except ValueError as error:
            raise RuntimeError(f"sys.monitoring's tool {_TOOL} is taken: {error}") from error
        own = {
            events.PY_START: self._started,
            events.LINE: self._line,
            events.PY_YIELD: self._yielded,
            events.PY_RESUME: self._resumed,
            events.PY_RETURN: self._returned,
        }
        # These three cannot be asked for by code object, and may not be answered with DISABLE.
        everywhere = {
            events.PY_THROW: self._thrown,
            events.PY_UNWIND: self._unwound,
            events.RAISE: self._raised,
        }
        for event, callback in {**own, **everywhere}.items():
            monitoring.register_callback(_TOOL, event, callback)
        for code in self._codes.values():
            monitoring.set_local_events(_TOOL, code, sum(own))
        monitoring.set_events(_TOOL, sum(everywhere))

    def stop(self) -> None:
        """End, on every thread."""
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        monitoring.set_events(_TOOL, 0)
        for code in self._codes.values():
            monitoring.set_local_events(_TOOL, code, 0)
        monitoring.free_tool_id(_TOOL)

    def _collect(self, code: CodeType) -> None:
        if self._frames.wants(code):
            self._codes[id(code)] = code
        for const in code.co_consts:
            if isinstance(const, CodeType):
                self._collect(const)

    # -- callbacks: the frame that an event is about is the one that called

    def _started(self, code: CodeType, offset: int) -> None:
        self._frames.guarded(self._frames.started, sys._getframe(1))

    def _line(self, code: CodeType, line: int) -> None:
        self._frames.guarded(self._frames.line, sys._getframe(1), line)

    def _yielded(self, code: CodeType, offset: int, value: object) -> None:
        how = self._bytecode.suspension(code, offset)
        self._frames.guarded(self._frames.suspended, sys._getframe(1), how, value)

    def _resumed(self, code: CodeType, offset: int) -> None:
        self._frames.guarded(self._frames.resumed, sys._getframe(1))

    def _returned(self, code: CodeType, offset: int, value: object) -> None:
        self._frames.guarded(self._frames.ended, sys._getframe(1), value)

    def _thrown(self, code: CodeType, offset: int, error: BaseException) -> None:
        if id(code) in self._codes:
            self._frames.guarded(self._frames.thrown, sys._getframe(1), error)

    def _raised(self, code: CodeType, offset: int, error: BaseException) -> None:
        if id(code) in self._codes and not self._bytecode.is_noise(code, offset, error):
            self._frames.guarded(self._frames.raised, sys._getframe(1), error)

    def _unwound(self, code: CodeType, offset: int, error: BaseException) -> None:
        if id(code) in self._codes:
            self._frames.guarded(self._frames.unwound, sys._getframe(1))
