"""Jobs in fresh interpreters, where there is no fork: slower, and the same in all else.

See `record/spawned.py` for the other side.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from asrun import endings
from asrun.jobs import (
    ENTRIES,
    CannotStart,
    Ended,
    Job,
    Started,
    command,
    cores,
    order_of,
    scrubbed_environment,
)
from asrun.record import folders
from asrun.record.limits import Limits
from asrun.record.zygote import GRACE
from asrun.run_folder import RunFolder

_LOOK = 0.01
"""Seconds between two looks at whether a job has ended."""
_LOOK_AT_FOLDER = 0.25
_START_UP = 10.0
"""Seconds that an interpreter may take to begin, beyond the job's deadline, which begins then."""


@dataclass
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    folder: Path
    started: float
    looked: float = 0.0
    warned: float = 0.0
    """When it was asked to end, since it writes too much; 0 where it was not."""


@dataclass
class Spawner:
    """Starts an interpreter for each job; a context manager.

    Args:
        preload: modules that each of them imports before its job begins.
        python: the interpreter of the environment.
        parallel: how many jobs run at once.
        limits: what a job may use.
        path: folders that modules are imported from, beside the engine's own. For what is put into
            children from outside, such as a fault whose discovery is tested.
    """

    preload: Iterable[str] = ()
    python: str = field(default_factory=lambda: sys.executable)
    parallel: int = field(default_factory=cores)
    limits: Limits = field(default_factory=Limits)
    path: Sequence[Path] = ()

    def __enter__(self) -> Self:
        self._made = RunFolder()
        self._folder = self._made.path
        self._running: dict[int, _Running] = {}
        return self

    def __exit__(self, *exc: object) -> None:
        for running in self._running.values():
            _end(running.process)
        self._made.remove()

    def run(self, jobs: Iterable[Job], started: Started | None = None) -> Iterator[Ended]:
        """Run jobs, as many at once as `parallel` says; yields each as it ends.

        Raises:
            ZygoteDied: no interpreter can be started.
        """
        waiting = list(jobs)[::-1]
        serial = 0
        while waiting or self._running:
            while waiting and len(self._running) < self.parallel:
                serial += 1
                job = waiting.pop()
                self._running[serial] = self._start(job, serial)
                if started is not None:
                    started(job)
            for number, running in list(self._running.items()):
                if self._over(running):
                    del self._running[number]
                    yield self._read(running)
            time.sleep(_LOOK)

    def _start(self, job: Job, serial: int) -> _Running:
        folder = self._folder / str(serial)
        folder.mkdir(mode=0o711)
        order = order_of(job, serial, folder, self.limits)
        order["preload"] = sorted({*self.preload, *ENTRIES})
        # Its own words before the job has begun are those of an engine that failed.
        with (folder / "output.txt").open("wb") as output:
            try:
                process = subprocess.Popen(
                    command(self.python, "asrun.record.spawned"),
                    stdin=subprocess.PIPE, stdout=output, stderr=output,
                    env=scrubbed_environment(self.path), cwd=folder, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise CannotStart(f"{self.python} cannot be started: {error.strerror}") from error
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.close()
        return _Running(job, process, folder, time.monotonic())

    def _over(self, running: _Running) -> bool:
        if _has_ended(running.process):
            return True
        now = time.monotonic()
        if now - running.started > running.job.deadline + GRACE + _START_UP:
            _end(running.process)
            return True
        if now - running.looked > _LOOK_AT_FOLDER:
            running.looked = now
            most = self.limits.folder_files
            size, count = folders.measure(running.folder, most)
            if size > self.limits.folder_size or count > most:
                asked, running.warned = running.warned, running.warned or now
                if (asked and now - asked > GRACE) or not hasattr(signal, "SIGUSR1"):
                    _end(running.process)
                    return True
                running.process.send_signal(signal.SIGUSR1)
        return False

    def _read(self, running: _Running) -> Ended:
        _end(running.process)  # what it started and left behind
        seconds = round(time.monotonic() - running.started, 4)
        lesson = running.job.request.get("folder", "")
        ending = endings.read(running.folder, lesson, running.process.returncode, seconds)
        if running.warned:
            ending = endings.overflowed(ending, self.limits)
        folders.remove(running.folder)
        return Ended.of(running.job, ending)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process has ended. It is not waited for, so its id stays its own until `_end`."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    how = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, how) is not None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a job's process, and its group where there are groups."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
