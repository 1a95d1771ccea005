"""`threading.Lock` and `RLock` for the snippet: a thread that waits for one gives up its turn.

Without them a thread could keep its turn while it waits for a lock whose holder waits for that
turn. Locks that were made before the snippet was imported stay what they are.
"""

from __future__ import annotations

import threading
from _thread import allocate_lock
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asrun.record.turns import Turns, Waiter


def install(turns: Turns) -> None:
    """Replace `threading.Lock` and `threading.RLock`; for the life of the process."""

    class Lock:
        """A lock whose waits `turns` decides."""

        def __init__(self) -> None:
            self._lock = allocate_lock()
            self._waiters: deque[Waiter] = deque()

        def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
            if turns.is_plain():
                return self._lock.acquire(blocking, timeout)
            until = None if timeout < 0 else turns.clock.elapsed + timeout
            while not self._lock.acquire(False):
                if not blocking:
                    return False
                left = None if until is None else until - turns.clock.elapsed
                if left is not None and left <= 0:
                    return False
                waiter = turns.waiter(left)
                self._waiters.append(waiter)
                if not self._lock.locked():
                    turns.wake(waiter)  # it was released since: nobody else would say so
                if not turns.block(waiter) and waiter in self._waiters:
                    self._waiters.remove(waiter)
            return True

        def release(self) -> None:
            self._lock.release()
            while self._waiters:
                waiter = self._waiters.popleft()
                if not waiter.order:
                    turns.wake(waiter)
                    return

        def locked(self) -> bool:
            return self._lock.locked()

        def _at_fork_reinit(self) -> None:
            self._lock = allocate_lock()
            self._waiters.clear()

        def __enter__(self) -> bool:
            return self.acquire()

        def __exit__(self, *exc: object) -> None:
            self.release()

    plain: Any = vars(threading)["_RLock"]

    class RLock(plain):  # type: ignore[misc]
        """The standard library's own RLock in Python, on such a lock."""

        def __init__(self) -> None:
            super().__init__()
            self._block = Lock()

    module: Any = threading
    module.Lock, module.RLock = Lock, RLock
