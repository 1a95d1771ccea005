"""Time that stands still: every clock of the process reads a virtual time, which only jumps.

Who may let it jump, and when, is for `turns.py` (threads) and `loop.py` (the event loop).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

EPOCH = 1_767_225_600.0
"""Seconds since 1970 at which every recording starts: 2026-01-01T00:00:00Z."""
_START = 1_000.0
"""What the monotonic clocks say at the start; not 0, which is easily taken for "unset"."""


def install_queues() -> None:
    """Replace `queue.SimpleQueue`. Call before fastapi, anyio or an executor is imported.

    It is written in C and waits where `turns.py` cannot see it.
    """
    from asrun.record import turns

    turns.install_queues()


class Clock:
    """Virtual time, shared by the event loop and the threads of one scenario.

    All times are in seconds. It starts at `EPOCH`.
    """

    def __init__(self) -> None:
        self.elapsed = 0.0
        """Virtual seconds since the start."""

    def monotonic(self) -> float:
        """What `time.monotonic` and the event loop say."""
        return _START + self.elapsed

    def wall(self) -> float:
        """What `time.time` says."""
        return EPOCH + self.elapsed

    def jump(self, until: float) -> None:
        """Let time pass until `until` seconds after the start; it never goes back."""
        self.elapsed = max(self.elapsed, until)

    def install(self) -> None:
        """Make every clock of the process this one; for the life of the process."""
        clocks: dict[Callable[..., Any], Callable[..., Any]] = {
            time.time: self.wall,
            time.monotonic: self.monotonic,
            time.perf_counter: self.monotonic,
            time.process_time: self.monotonic,
            time.thread_time: self.monotonic,
            time.time_ns: lambda: _ns(self.wall()),
            time.monotonic_ns: lambda: _ns(self.monotonic()),
            time.perf_counter_ns: lambda: _ns(self.monotonic()),
            time.process_time_ns: lambda: _ns(self.monotonic()),
            time.thread_time_ns: lambda: _ns(self.monotonic()),
        }
        for original, replacement in clocks.items():
            setattr(time, original.__name__, replacement)

        def clock_gettime(clock: int) -> float:
            return self.wall() if clock == time.CLOCK_REALTIME else self.monotonic()

        time.clock_gettime = clock_gettime
        time.clock_gettime_ns = lambda clock: _ns(clock_gettime(clock))
        for name in ("localtime", "gmtime", "ctime"):
            setattr(time, name, self._of_now(getattr(time, name)))
        time.strftime = self._formats_now(time.strftime)
        time.asctime = self._formats_now(time.asctime)
        self._install_datetime()
        _install_stat()

    def _of_now(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`time.localtime()` and the like, which read the clock themselves when given nothing."""

        def replacement(seconds: float | None = None) -> Any:
            return original(self.wall() if seconds is None else seconds)

        return replacement

    def _formats_now(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`time.strftime(format)` and `time.asctime()`, the same."""
        needed = 1 if original.__name__ == "strftime" else 0

        def replacement(*args: Any) -> Any:
            return original(*args, time.localtime()) if len(args) == needed else original(*args)

        return replacement

    def _install_datetime(self) -> None:
        """Replace `datetime.now` and `utcnow` in the class itself.

        They read the clock in C. A subclass in their place would be another type to pydantic and
        to `isinstance`; `datetime.today` and `date.today` ask `time.time` and need nothing.
        """
        import ctypes
        import datetime as dt
        import gc

        real = dt.datetime

        def now(cls: Any, tz: Any = None) -> Any:
            return cls.fromtimestamp(self.wall(), tz)

        def utcnow(cls: Any) -> Any:
            return cls.fromtimestamp(self.wall(), dt.UTC).replace(tzinfo=None)

        # A built-in class refuses assignment; the dict behind its mappingproxy does not.
        (namespace,) = gc.get_referents(real.__dict__)
        namespace["now"] = classmethod(now)
        namespace["utcnow"] = classmethod(utcnow)
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(real))


def _install_stat() -> None:
    """Give all files one time: when they were written or checked out is of no recording."""
    import os

    def timeless(original: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def replacement(*args: Any, **kwargs: Any) -> os.stat_result:
            found = original(*args, **kwargs)
            fields = [
                getattr(found, f"st_{f}")
                for f in ("mode", "ino", "dev", "nlink", "uid", "gid", "size")
            ]
            times = {f"st_{t}time": EPOCH for t in "amc"} | {
                f"st_{t}time_ns": _ns(EPOCH) for t in "amc"
            }
            return os.stat_result([*fields, *[int(EPOCH)] * 3], times)

        return replacement

    for name in ("stat", "lstat", "fstat"):
        setattr(os, name, timeless(getattr(os, name)))


def _ns(seconds: float) -> int:
    return round(seconds * 1_000_000_000)
