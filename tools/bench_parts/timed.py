"""Run a command and write what it and all its descendants cost: `timed.py RESULT COMMAND…`.

A process by itself, so that one command's cost is never another's. Whatever a descendant leaves
behind is adopted and waited for; its CPU time counts, too. Standard library only.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
PATIENCE = 5.0
"""Seconds for what is left behind to end by itself."""


def descendants(pid: int) -> list[int]:
    """Return the process ids below a process, the nearest first."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            below = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        found += below
        for child in below:
            found += descendants(child)
    return found


def end_all() -> None:
    """Kill every descendant."""
    for pid in descendants(os.getpid()):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def main(result: str, command: list[str]) -> int:
    """Run the command; returns its exit status."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def stop(number: int, frame: object) -> None:
        end_all()
        os._exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)

    started = time.perf_counter()
    main_pid = os.posix_spawnp(command[0], command, os.environ)
    _, status = os.waitpid(main_pid, 0)
    wall = time.perf_counter() - started
    wait_for_the_rest(time.perf_counter() + PATIENCE)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = {
        "cpu_s": used.ru_utime + used.ru_stime,
        "wall_s": wall,
        "peak_mb": used.ru_maxrss / 1024,
    }
    Path(result).write_text(json.dumps(cost))
    return os.waitstatus_to_exitcode(status) % 256


def wait_for_the_rest(until: float) -> None:
    """Wait for what was left behind, and kill what does not end."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            if time.perf_counter() > until:
                end_all()
            time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
