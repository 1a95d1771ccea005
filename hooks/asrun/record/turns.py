"""Worker threads take turns: one runs at a time, and only while the event loop has nothing to do.

Which thread runs when is otherwise for the operating system to say, and a recording would differ
from run to run. Here a thread that was woken (by an item in its queue, an event, a lock, the end
of its sleep) goes on when the event loop's thread waits and no other thread runs, in the order in
which they were woken: an order that could always have happened. Time jumps only when no thread
can go on.

Two other orders show whether a recording depends on this one. With `hold="fifo"` threads run
freely, as the operating system likes, and what they report to the event loop is held back until all
are done; it is then told in the order in which the work was handed out. With `hold="lifo"` threads
take turns, the last that was woken first. A recording that differs lane by lane between these
depends on the order of its threads.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from _thread import allocate_lock
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Literal

from asrun.record import locks
from asrun.record.clock import Clock

Hold = Literal["fifo", "lifo"] | None
PATIENCE = 1.0
"""Seconds of real time for which a thread that runs is waited for. One that waits in a way that
cannot be seen here (in C, for a process) must not stop the rest."""
_POLL = 0.02


class _SeenQueue(queue.Queue):  # type: ignore[type-arg]
    """Stands in for `queue.SimpleQueue`; waits by a Condition, which `Turns` replaces."""

    def __init__(self) -> None:
        super().__init__()
        # A destructor may put in the middle of a put: the lock has to be reentrant.
        self.mutex = threading.RLock()  # type: ignore[assignment]
        self.not_empty = threading.Condition(self.mutex)
        self.not_full = threading.Condition(self.mutex)
        self.all_tasks_done = threading.Condition(self.mutex)

    def _put(self, item: Any) -> None:
        super()._put((next(_handed_out), item))

    def _get(self) -> Any:
        # Of several threads on one queue, any may take an item: the order is the item's.
        order, item = super()._get()
        _order.value = order
        return item


_handed_out = itertools.count(1)
"""Numbers whatever hands out work: items of queues, and wakings."""
_order = threading.local()
"""When what the thread does was handed out."""


def install_queues() -> None:
    """Replace `queue.SimpleQueue` by one that waits where `Turns` can see it."""
    queue.SimpleQueue = _SeenQueue  # type: ignore[misc, assignment]


class _Thread:
    """What is known of one thread."""

    __slots__ = ("starting",)

    def __init__(self) -> None:
        self.starting = False
        """Whether it is inside `Thread.start`, whose wait is no wait of the program's."""


class Waiter:
    """One wait of one thread.

    Attributes:
        until: the virtual time at which it gives up, or None.
        began: its number among all waits.
        order: when it was woken, in the order of all wakings; 0 while it waits.
        expired: whether it was the time that woke it.
    """

    __slots__ = ("began", "expired", "lock", "order", "thread", "until")
    _serial = itertools.count(1)

    def __init__(self, thread: _Thread, until: float | None = None) -> None:
        self.began = next(self._serial)
        self.thread = thread
        self.until = until
        self.order = 0
        self.expired = False
        self.lock = allocate_lock()
        self.lock.acquire()

    def woken(self) -> bool:
        """Whether it is over, and its thread may go on once it is its turn."""
        return self.order > 0


class Turns:
    """Decides which thread goes on.

    Args:
        clock: jumps when no thread can go on.
        hold: None for turns in the order of waking; else see above.
        carried: what threads and executors take over from whoever hands them their work, in
            addition to what the libraries copy.

    The thread that makes it is taken for the event loop's.
    """

    def __init__(self, clock: Clock, hold: Hold, carried: ContextVar[Any]) -> None:
        self.clock = clock
        self.hold = hold
        self._carried = carried
        self._held: list[tuple[int, Callable[[], None]]] = []
        self._lock = allocate_lock()
        self._local = threading.local()
        self._main = self._local.thread = _Thread()
        self._waiting: set[Waiter] = set()
        self._ready: list[Waiter] = []
        """Woken, and without their turn yet."""
        self._running: set[_Thread] = set()
        self._joiners: dict[threading.Thread, list[Waiter]] = {}
        """Threads that have not ended, and who waits for their end."""
        self._settled = allocate_lock()
        self._real_sleep: Callable[[float], None] = time.sleep

    # ------------------------------------------------------------ waiting and waking

    def waiter(self, timeout: float | None = None) -> Waiter:
        """A new wait of the calling thread, for at most `timeout` virtual seconds."""
        return Waiter(self._me(), None if timeout is None else self.clock.elapsed + timeout)

    def block(self, waiter: Waiter) -> bool:
        """Wait until `waiter` is woken; returns False where its time ended first."""
        with self._lock:
            if not waiter.order:
                self._waiting.add(waiter)
            self._stopped(waiter.thread)
        if waiter.thread is self._main:
            self._run_others(waiter)
        else:
            waiter.lock.acquire()
            _order.value = waiter.order
        return not waiter.expired

    def wake(self, waiter: Waiter) -> None:
        """Let a thread go on, once it is its turn. Waking twice is waking once."""
        with self._lock:
            self._wake(waiter)

    def sleep(self, seconds: float) -> None:
        """Stand in for `time.sleep`: on the event loop's thread all wait, in a worker only it."""
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        self.block(self.waiter(seconds))

    # ------------------------------------------------------------ for the event loop's thread

    def settle(self, patience: float = PATIENCE) -> bool:
        """Wait until no thread runs; returns False where one still does after `patience`."""
        for _ in range(round(patience / _POLL)):
            with self._lock:
                if not self._running:
                    return True
                self._settled.acquire(False)  # `_stopped` releases it
            self._settled.acquire(timeout=_POLL)
        return False

    def grant(self) -> bool:
        """Give the next thread its turn; returns False where none was woken."""
        with self._lock:
            if not self._ready:
                return False
            self._go(self._ready.pop(-1 if self.hold == "lifo" else 0))
            return True

    def next_due(self) -> Waiter | None:
        """The wait whose time ends first, or None."""
        with self._lock:
            timed = [w for w in self._waiting if w.until is not None]
            return min(timed, key=lambda w: (w.until or 0.0, w.began), default=None)

    def expire(self, waiter: Waiter) -> None:
        """Jump to the time at which a wait gives up, and end it."""
        self.clock.jump(waiter.until or 0.0)
        waiter.expired = True
        self.wake(waiter)

    def is_plain(self) -> bool:
        """Whether the calling thread starts another, or starts itself: its waits are no turns."""
        found: _Thread | None = getattr(self._local, "thread", None)
        return found is None or found.starting

    def is_main(self) -> bool:
        """Whether the calling thread is the event loop's."""
        return self._me() is self._main

    def hold_back(self, report: Callable[[], None]) -> None:
        """Keep what the calling thread reports to the event loop until it asks for `reports`."""
        with self._lock:
            self._held.append((getattr(_order, "value", 0), report))

    def reports(self) -> list[Callable[[], None]]:
        """Take what was held back, in the order in which it is to be told."""
        with self._lock:
            held, self._held = self._held, []
        return [tell for _, tell in sorted(held, key=lambda h: h[0])]

    # ------------------------------------------------------------ private

    def _me(self) -> _Thread:
        found: _Thread | None = getattr(self._local, "thread", None)
        if found is None:
            found = self._local.thread = _Thread()
        return found

    def _run_others(self, waiter: Waiter) -> None:
        """The event loop's thread itself waits: the others go on meanwhile."""
        while not waiter.woken():
            self.settle()  # a thread may have woken this one meanwhile
            if waiter.woken() or self.grant():
                continue
            due = self.next_due()
            if due is not None:
                self.expire(due)
            else:
                self._real_sleep(_POLL)  # only what cannot be seen here can end this

    def _wake(self, waiter: Waiter) -> None:
        if waiter.order:
            return
        waiter.order = next(_handed_out)
        self._waiting.discard(waiter)
        if waiter.thread is self._main:
            return
        if self.hold == "fifo":
            self._go(waiter)
        else:
            self._ready.append(waiter)

    def _go(self, waiter: Waiter) -> None:
        self._running.add(waiter.thread)
        waiter.lock.release()

    def _stopped(self, thread: _Thread) -> None:
        self._running.discard(thread)
        if not self._running and self._settled.locked():
            self._settled.release()

    # ------------------------------------------------------------ what is replaced

    def install(self) -> None:
        """Replace how threads of this process wait; for the life of the process."""
        time.sleep = self.sleep  # type: ignore[assignment]
        # What is left of a limit: these took `time.monotonic` over when they were imported.
        modules: tuple[tuple[Any, str], ...] = ((queue, "time"), (threading, "_time"))
        for module, name in modules:
            setattr(module, name, self.clock.monotonic)
        self._install_condition()
        self._install_thread()
        self._install_executor()
        locks.install(self)

    def _install_condition(self) -> None:
        # The standard library's wait and notify (threading.py), with a Waiter in place of a lock:
        # queues, events, semaphores, barriers and futures all wait by them.
        turns = self
        plain_wait = threading.Condition.wait

        def wait(self: Any, timeout: float | None = None) -> bool:
            if turns.is_plain():
                return plain_wait(self, timeout)
            if not self._is_owned():
                raise RuntimeError("cannot wait on un-acquired lock")
            if timeout is not None and timeout <= 0:
                return False
            waiter = turns.waiter(timeout)
            self._waiters.append(waiter)
            saved = self._release_save()
            woken = False
            try:
                woken = turns.block(waiter)
                return woken
            finally:
                self._acquire_restore(saved)
                if not woken and waiter in self._waiters:
                    self._waiters.remove(waiter)

        def notify(self: Any, n: int = 1) -> None:
            if not self._is_owned():
                raise RuntimeError("cannot notify on un-acquired lock")
            while self._waiters and n > 0:
                waiter = self._waiters.popleft()
                if isinstance(waiter, Waiter):
                    turns.wake(waiter)
                else:
                    waiter.release()
                n -= 1

        threading.Condition.wait = wait  # type: ignore[method-assign]
        threading.Condition.notify = notify  # type: ignore[method-assign]

    def _install_thread(self) -> None:
        turns = self
        plain_start, plain_join = threading.Thread.start, threading.Thread.join

        def start(self: threading.Thread) -> None:
            run = self.run
            birth = Waiter(_Thread())
            carried = turns._carried.get()

            def in_turn() -> None:
                turns._carried.set(carried)
                del self.run
                turns._local.thread = birth.thread
                birth.lock.acquire()
                _order.value = birth.order
                try:
                    run()
                finally:
                    turns._ended(self)

            self.run = in_turn  # type: ignore[method-assign]
            turns._joiners[self] = []
            turns._me().starting = True
            try:
                plain_start(self)
            except BaseException:
                del turns._joiners[self]
                raise
            finally:
                turns._me().starting = False
            turns.wake(birth)

        def join(self: threading.Thread, timeout: float | None = None) -> None:
            waiter = turns.waiter(timeout)
            with turns._lock:
                joiners = turns._joiners.get(self)
                if joiners is not None:
                    joiners.append(waiter)
            if joiners is None or self is threading.current_thread() or turns.block(waiter):
                plain_join(self, timeout)

        threading.Thread.start = start  # type: ignore[method-assign]
        threading.Thread.join = join  # type: ignore[method-assign]

    def _install_executor(self) -> None:
        from concurrent.futures import thread

        carried, plain_submit = self._carried, thread.ThreadPoolExecutor.submit

        def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            value = carried.get()

            def carrying() -> Any:
                token = carried.set(value)
                try:
                    return fn(*args, **kwargs)
                finally:
                    carried.reset(token)

            return plain_submit(self, carrying)

        thread.ThreadPoolExecutor.submit = submit  # type: ignore[method-assign]

    def _ended(self, thread: threading.Thread) -> None:
        with self._lock:
            for waiter in self._joiners.pop(thread, ()):
                self._wake(waiter)
            self._stopped(self._me())
