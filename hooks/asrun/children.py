"""The parent's side: start a zygote, give it jobs, and read how they ended.

See `record/zygote.py` for what happens on the other side, `record/spawned.py` for what is done
where there is no fork, and `endings.py` for how the results are read.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from asrun import endings, spawner
from asrun.endings import Ending
from asrun.jobs import (
    DEADLINE,
    ENTRIES,
    CannotStart,
    Ended,
    Job,
    Runner,
    Started,
    ZygoteDied,
    command,
    cores,
    order_of,
    scrubbed_environment,
)
from asrun.record import folders
from asrun.record.limits import Limits
from asrun.record.zygote import GRACE
from asrun.run_folder import RunFolder

__all__ = ["DEADLINE", "Children", "Ended", "Job", "Start", "Zygote", "ZygoteDied", "can_fork"]

_START_UP = 60.0


def can_fork() -> bool:
    """Whether a zygote can be used here: processes can be forked, and waited for together."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


@dataclass
class Zygote:
    """A running zygote; a context manager.

    Args:
        preload: modules that it imports before the first job.
        python: the interpreter of its environment.
        parallel: how many jobs run at once.
        limits: what a job may use.
        path: folders that modules are imported from, beside the engine's own. For what is put into
            children from outside, such as a fault whose discovery is tested.

    Raises:
        ZygoteDied: it cannot be started; from `run`, where it ends or does not answer.
    """

    preload: Iterable[str] = ()
    python: str = field(default_factory=lambda: sys.executable)
    parallel: int = field(default_factory=cores)
    limits: Limits = field(default_factory=Limits)
    path: Sequence[Path] = ()

    def __enter__(self) -> Self:
        self._made = RunFolder()
        self._folder = self._made.path
        self._errors = (self._folder / "zygote.txt").open("w+b")
        self._buffer = b""
        self._serial = 0
        self._selector = selectors.DefaultSelector()
        try:
            self._process = subprocess.Popen(
                command(self.python, "asrun.record.zygote"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=scrubbed_environment(self.path),
                cwd=self._folder,
                # Ctrl-C reaches the parent alone, which then ends all of it.
                start_new_session=True,
            )
        except OSError as error:
            self._remove()
            raise CannotStart(f"{self.python} cannot be started: {error.strerror}") from error
        try:
            assert self._process.stdout is not None
            self._selector.register(self._process.stdout, selectors.EVENT_READ)
            self._order({"preload": [*sorted(set(self.preload)), *ENTRIES]})
            self._answer(_START_UP)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # The zygote takes the end of its input as the end: it kills what still runs.
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._remove()

    def _remove(self) -> None:
        self._selector.close()
        self._errors.close()
        self._made.remove()

    @property
    def pid(self) -> int:
        """The zygote's process id."""
        return self._process.pid

    def run(self, jobs: Iterable[Job], started: Started | None = None) -> Iterator[Ended]:
        """Run jobs, as many at once as `parallel` says; yields each as it ends."""
        waiting = list(jobs)[::-1]
        running: dict[int, Job] = {}
        while waiting or running:
            while waiting and len(running) < self.parallel:
                job = waiting.pop()
                self._serial += 1
                folder = self._folder / str(self._serial)
                folder.mkdir(mode=0o711)
                self._order(order_of(job, self._serial, folder, self.limits))
                running[self._serial] = job
                if started is not None:
                    started(job)
            answer = self._answer(max(j.deadline for j in running.values()) + GRACE + 10)
            job, folder = running.pop(answer["id"]), self._folder / str(answer["id"])
            lesson = job.request.get("folder", "")
            ending = endings.read(folder, lesson, answer["code"], answer["seconds"])
            if answer["overflow"]:
                ending = endings.overflowed(ending, self.limits)
            folders.remove(folder)
            yield Ended.of(job, ending)

    def _order(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise ZygoteDied(self._last_words()) from error

    def _answer(self, patience: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        while b"\n" not in self._buffer:
            if not self._selector.select(patience):
                raise ZygoteDied(f"the zygote did not answer for {patience:.0f} seconds")
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                raise ZygoteDied(self._last_words())
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        self._errors.seek(0)
        lines = endings.clean(self._errors.read().decode(errors="replace")).strip().splitlines()
        code = self._process.returncode
        how = Ending(None, code=code).how if code is not None else "closed its output"
        return lines[-1] if lines else f"the zygote {how} without a word"


Start = Literal["fork", "spawn"]


class Children:
    """The children of a build, started when the first job comes; a context manager.

    Args:
        preload: modules that are imported before the first job.
        start: "fork" for a zygote, "spawn" for a fresh interpreter for each job; None for what
            suits this platform. The environment variable ASRUN_START may say it.
        options: what else a `Zygote` takes.

    A job that takes the zygote with it harms no other: those that ran are tried again, one by one.
    """

    def __init__(
        self, preload: Iterable[str] = (), start: Start | None = None, **options: Any
    ) -> None:
        self._preload = tuple(preload)
        asked = start or os.environ.get("ASRUN_START")
        self.start: Start = "spawn" if asked == "spawn" or not can_fork() else "fork"
        self._options = options
        self._runner: Runner | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._stop()

    def run(self, jobs: Iterable[Job], started: Started | None = None) -> Iterator[Ended]:
        """Run jobs; yields each as it ends.

        Raises:
            ZygoteDied: the zygote cannot be started.
        """
        left = list(jobs)
        under_way: list[Job] = []

        def begins(job: Job) -> None:
            under_way.append(job)
            if started is not None:
                started(job)

        def attempt(batch: list[Job]) -> Iterator[Ended]:
            under_way.clear()
            for ended in self._running().run(batch, begins):
                under_way.remove(ended.job)
                left.remove(ended.job)
                yield ended

        while left:
            try:
                yield from attempt(left[:])
            except CannotStart:
                raise
            except ZygoteDied:
                if self._runner is None:
                    raise
                self._stop()
                for suspect in under_way[:] or left[:1]:
                    try:
                        yield from attempt([suspect])
                    except ZygoteDied as error:
                        if self._runner is None:
                            raise
                        self._stop()
                        left.remove(suspect)
                        yield Ended(suspect, None, how=str(error), lost=True)

    def _running(self) -> Runner:
        if self._runner is None:
            if self.start == "fork":
                self._runner = Zygote(self._preload, **self._options).__enter__()
            else:
                self._runner = spawner.Spawner(self._preload, **self._options).__enter__()
        return self._runner

    def _stop(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.__exit__(None, None, None)
