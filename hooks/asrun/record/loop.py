"""The event loop of a recording: time is virtual, and threads go on when it has nothing to do."""

from __future__ import annotations

import asyncio
import selectors
import weakref
from collections.abc import Callable
from typing import Any

from asrun.record.log import request_id
from asrun.record.turns import Turns

_POLL = 0.02
"""Seconds of real time between two looks, where nothing virtual is left that could happen."""
_SAME = 1e-9
"""Seconds within which two times are one: the event loop's arithmetic is no better."""


class _Selector(selectors.DefaultSelector):
    """Where the event loop waits: threads take their turns; then time jumps instead of passing."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self._turns = turns

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        turns = self._turns
        deadline = None if timeout is None else turns.clock.elapsed + timeout
        while True:
            quiet = turns.settle()
            reports = turns.reports()
            for tell in reports:
                tell()
            ready = super().select(0)
            if ready or reports:
                return ready
            if turns.grant():
                continue
            if not quiet:
                # A thread waits where it cannot be seen, or computes for long: no time passes.
                ready = super().select(_POLL)
                if ready:
                    return ready
                continue
            due = turns.next_due()
            if due is not None and (deadline is None or (due.until or 0.0) <= deadline + _SAME):
                turns.expire(due)
                continue
            if deadline is not None:
                turns.clock.jump(deadline)
                return super().select(0)
            # Nothing is left that could happen: a deadlock, which the deadline ends and reports.
            ready = super().select(_POLL)
            if ready:
                return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a `Clock`'s.

    Args:
        turns: decides when threads go on.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._requests: weakref.WeakKeyDictionary[Any, int | None] = weakref.WeakKeyDictionary()
        super().__init__(_Selector(turns))

    def create_task(self, coro: Any, **kwargs: Any) -> asyncio.Task[Any]:
        """As every event loop does; remembers for which request."""
        task: asyncio.Task[Any] = super().create_task(coro, **kwargs)
        context = kwargs.get("context")
        self._requests[task] = request_id.get() if context is None else context.get(request_id)
        return task

    def request_of(self, task: object) -> int | None:
        """The request that a task was made for; None for what is no task of this loop."""
        return self._requests.get(task) if isinstance(task, asyncio.Task) else None

    def time(self) -> float:
        """Virtual seconds; see `Clock.monotonic`."""
        return self._turns.clock.monotonic()

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.Handle:
        """What a thread reports to the loop; under "fifo" it comes when all threads are done."""
        if self._turns.hold != "fifo" or self._turns.is_main():
            return super().call_soon_threadsafe(callback, *args, context=context)
        handle = asyncio.Handle(callback, list(args), self, context)
        self._turns.hold_back(lambda: self._ready.append(handle))  # type: ignore[attr-defined]
        return handle


VirtualLoop.__name__ = "EventLoop"  # a snippet sees it
