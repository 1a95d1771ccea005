"""The one timeline: every source of the recording appends its raw events here, in order."""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ClassVar

from asrun.record.clock import Clock

RawEvent = dict[str, Any]
"""The fields of an `asrun.model.Event` less `seq`, with raw `unit` and `frame` serials."""

request_id: ContextVar[int | None] = ContextVar("asrun_request", default=None)
"""Which request of the scenario the code works for. A ContextVar, so that it follows into worker
threads (anyio and `asyncio.to_thread` copy the context) and into tasks that the request starts."""


class Log:
    """The raw events of one scenario.

    Args:
        clock: tells what time it is.

    The thread that makes the log is taken for the event loop's. `add` may be called from any
    thread. A task or thread gets its serial (`unit`) when it is
    first seen; `asrun.trace` turns serials into numbers that do not depend on scheduling.
    """

    most: ClassVar[int] = sys.maxsize
    """How many events there may be; the recording child says it, and what becomes of one more."""
    overflow: ClassVar[Callable[[], None]]

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.events: list[RawEvent] = []
        self.calls: dict[int | None, int] = {}
        """How many of the snippet's functions each request has called."""
        self.failure: str | None = None
        """The first error of the recorder itself, as text."""
        self.author_error: tuple[str, list[tuple[str, int, str]]] | None = None
        """What a lesson's code did wrong inside the recorder: a message, the author's frames."""
        self.open = True
        """Whether events are taken. Closed before the recorder takes itself apart."""
        self._loop_thread = threading.get_ident()
        self._tasks: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._task_serial = 0
        self._threads: dict[int, int] = {}
        self._lock = threading.Lock()

    def on_loop(self) -> bool:
        """Whether the calling code runs on the event loop's thread."""
        return threading.get_ident() == self._loop_thread

    def place(self) -> tuple[str, int]:
        """Lane and unit of the calling code."""
        if not self.on_loop():
            ident = threading.get_ident()
            with self._lock:
                return "worker", self._threads.setdefault(ident, len(self._threads) + 1)
        try:
            task = asyncio.current_task()
        except RuntimeError:
            task = None
        if task is None:
            return "loop", 0
        unit = self._tasks.get(task)
        if unit is None:
            self._task_serial += 1
            unit = self._tasks[task] = self._task_serial
        return "loop", unit

    def add(self, kind: str, *, lane: str | None = None, **fields: Any) -> RawEvent:
        """Append an event and return it, so that its source may complete it at once.

        Args:
            kind: one of `asrun.model.Kind`.
            lane: "client" or "wire"; None for code, whose lane is where it runs.
            fields: other fields of the event.
        """
        unit = 0
        if lane is None:
            lane, unit = self.place()
        event: RawEvent = {
            "kind": kind,
            "lane": lane,
            "unit": unit,
            "request": request_id.get(),
            **fields,
        }
        if self._clock.elapsed:
            event["shown"] = {**event.get("shown", {}), "time": round(self._clock.elapsed, 6)}
        if self.open:
            self.events.append(event)
            if len(self.events) > self.most:
                type(self).overflow()
        if kind == "call":
            self.calls[event["request"]] = self.calls.get(event["request"], 0) + 1
        return event

    def fail(self, error: BaseException) -> None:
        """Keep the recorder's first own error; the recording child reports it at the end."""
        if self.failure is None:
            import traceback

            self.failure = "".join(traceback.format_exception(error))
