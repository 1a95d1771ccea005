"""The virtual clock: time stands still while anything runs, and jumps when all wait for it.

The clock jumps only when nothing is ready on the event loop and no worker is busy. A worker
thread is idle only while it waits on an empty queue (anyio, executors and aiosqlite feed their
threads by queues) or in `time.sleep`; `install_queues` therefore replaces the queue classes, and
has to run before anything else imports them.
"""

from __future__ import annotations

import asyncio
import queue
import selectors
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

EPOCH = 1_767_225_600.0
"""Seconds since 1970 at which every recording starts: 2026-01-01T00:00:00Z."""
_START = 1_000.0
"""What the monotonic clocks say at the start; not 0, which is easily taken for "unset"."""
_POLL = 0.02
"""Seconds of real time between two looks at a busy worker."""

_idle: dict[int, Any] = {}
"""Thread to the queue on which it waits. Entered before the wait; left under the queue's own lock
in the moment an item is taken, so that no thread that has work can be seen as idle."""


class _WatchedQueue(queue.Queue):  # type: ignore[type-arg]
    """A queue that knows who waits on it. Stands in for `queue.Queue` and `queue.SimpleQueue`."""

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        # SimpleQueue may be put to from a destructor, in the middle of a put: the lock has to be reentrant.
        self.mutex = threading.RLock()  # type: ignore[assignment]
        self.not_empty = threading.Condition(self.mutex)
        self.not_full = threading.Condition(self.mutex)
        self.all_tasks_done = threading.Condition(self.mutex)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        me = threading.get_ident()
        if block and timeout is None:
            _idle[me] = self
        try:
            return super().get(block, timeout)
        finally:
            _idle.pop(me, None)

    def _get(self) -> Any:
        _idle.pop(threading.get_ident(), None)
        return super()._get()


def install_queues() -> None:
    """Replace `queue.Queue` and `queue.SimpleQueue`. Call before fastapi, anyio or an executor is imported."""
    queue.Queue = _WatchedQueue  # type: ignore[misc]
    queue.SimpleQueue = _WatchedQueue  # type: ignore[misc, assignment]


class Clock:
    """Virtual time, shared by the event loop and the threads of one scenario.

    All times are in seconds. It starts at `EPOCH`.
    """

    def __init__(self) -> None:
        self._elapsed = 0.0
        self._main = threading.get_ident()
        self._lock = threading.Lock()
        self._sleepers: dict[int, tuple[float, threading.Event]] = {}
        self._real_sleep = time.sleep

    def monotonic(self) -> float:
        """What `time.monotonic` and the event loop say."""
        return _START + self._elapsed

    def wall(self) -> float:
        """What `time.time` says."""
        return EPOCH + self._elapsed

    def install(self) -> None:
        """Replace the functions of the `time` module, for what is imported from now on."""

        def ns(get: Callable[[], float]) -> Callable[[], int]:
            return lambda: round(get() * 1_000_000_000)

        time.time, time.time_ns = self.wall, ns(self.wall)
        time.monotonic, time.monotonic_ns = self.monotonic, ns(self.monotonic)
        time.perf_counter, time.perf_counter_ns = self.monotonic, ns(self.monotonic)
        time.sleep = self.sleep

    def sleep(self, seconds: float) -> None:
        """Stand in for `time.sleep`: on the event loop's thread everyone waits, in a worker only it."""
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        if threading.get_ident() == self._main:
            self.advance(seconds)
            return
        woken = threading.Event()
        with self._lock:
            self._sleepers[threading.get_ident()] = (self._elapsed + seconds, woken)
        woken.wait()

    def advance(self, seconds: float) -> None:
        """Let time pass; threads whose sleep ends on the way run until they wait again."""
        until = self._elapsed + seconds
        while True:
            due = [(at, who) for who, (at, _) in self._sleepers.items() if at <= until]
            if not due:
                break
            at, who = min(due)
            self._wake(at, who)
            while self.busy():
                self._real_sleep(0.0005)
        self._elapsed = max(self._elapsed, until)

    def busy(self) -> bool:
        """Whether any thread but the event loop's has something to do."""
        frames = sys._current_frames()
        for thread in threading.enumerate():
            ident = thread.ident
            if ident is None or ident == self._main or ident not in frames:
                continue
            with self._lock:
                if ident in self._sleepers:
                    continue
            on = _idle.get(ident)
            if on is None:
                return True
            with on.mutex:
                if _idle.get(ident) is not on or on.qsize():
                    return True
        return False

    def next_sleeper(self) -> float | None:
        """Seconds until the first sleeping thread is due, or None."""
        with self._lock:
            return min((at - self._elapsed for at, _ in self._sleepers.values()), default=None)

    def wake_next(self) -> None:
        """Jump to the first sleeping thread's time and wake it."""
        with self._lock:
            at, who = min((at, who) for who, (at, _) in self._sleepers.items())
        self._wake(at, who)

    def _wake(self, at: float, who: int) -> None:
        with self._lock:
            _, woken = self._sleepers.pop(who)
            self._elapsed = max(self._elapsed, at)
        woken.set()


class _Selector(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
    """Where the event loop waits: instead of waiting, time jumps, once nobody is busy."""

    clock: Clock

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        while True:
            # Asked before the look: a worker says that it is done before it goes idle.
            busy = self.clock.busy()
            ready = super().select(0)
            if ready:
                return ready
            if busy:
                ready = super().select(_POLL)
                if ready:
                    return ready
                continue
            sleeper = self.clock.next_sleeper()
            if sleeper is not None and (timeout is None or sleeper <= timeout):
                self.clock.wake_next()
                continue
            if timeout is not None:
                self.clock.advance(timeout)
                return super().select(0)
            # Nothing is left that could happen: a deadlock, which the deadline ends and reports.
            super().select(_POLL)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a `Clock`'s."""

    def __init__(self, clock: Clock) -> None:
        selector = _Selector()
        selector.clock = clock
        self._virtual = clock
        super().__init__(selector)

    def time(self) -> float:
        """Virtual seconds; see `Clock.monotonic`."""
        return self._virtual.monotonic()
