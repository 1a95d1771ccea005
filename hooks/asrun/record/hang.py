"""The deadline inside a child: an alarm that says where the child hangs, and ends it.

Two alarms, since the first needs a running interpreter: a signal handler that can name the
coroutines that wait, and, a moment later, a watchdog in C that dumps what stands on each
thread's stack. Should both fail, or be switched off by the snippet, the zygote kills.

The same handler says where a child is that computes or writes too much, and the watchdog's file
is where a crash in C code leaves its stack.
"""

from __future__ import annotations

import faulthandler
import signal
from types import FrameType
from typing import IO

from asrun.record import limits, report, where
from asrun.record.limits import Limits

SECOND = 0.7
"""Seconds from the first alarm to the second."""
TODO = "Nothing may wait for what never comes. Sleeping is no trouble: the clock is virtual."

_dump: IO[str] | None = None


def arm(
    seconds: float, bounds: Limits, dump: IO[str], without: frozenset[str] = frozenset()
) -> None:
    """End this process after `seconds` of real time, and tell where it hangs.

    Args:
        seconds: the deadline.
        bounds: what the process may use.
        dump: where the second alarm, or a crash in C code, writes what is on the stacks.
        without: "alarm" or "watchdog", to leave one out; for tests.
    """
    global _dump  # noqa: PLW0603 - kept open for as long as the process lives
    _dump = dump
    faulthandler.enable(dump, all_threads=False)
    if "alarm" not in without and hasattr(signal, "setitimer"):
        _on(signal.SIGALRM, "hung", ("", TODO))
        _on(signal.SIGXCPU, "refused", limits.too_much_cpu(seconds))
        _on(signal.SIGUSR1, "refused", limits.too_many_files(bounds))
        signal.setitimer(signal.ITIMER_REAL, seconds)
    if "watchdog" not in without:
        faulthandler.dump_traceback_later(seconds + SECOND, exit=True, file=dump)


def disarm() -> None:
    """Call it off."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    faulthandler.cancel_dump_traceback_later()


def _on(number: int, kind: str, told: tuple[str, str]) -> None:
    def tell(signum: int, frame: FrameType | None) -> None:
        report.end(kind, *told, where.anywhere(frame))

    signal.signal(number, tell)
