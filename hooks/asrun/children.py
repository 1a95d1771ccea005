"""The parent's side of the zygote: start one, give it jobs, read how they ended.

See `record/zygote.py` for what happens on the other side.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asrun.record.zygote import GRACE, HUNG

DEADLINE = 10.0
"""Seconds of real time that a job may take."""
_START_UP = 60.0
_ENGINE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done in a child.

    Attributes:
        key: what the caller knows it by.
        entry: `module:function`, called with `request` in the child.
        request: JSON data.
        deadline: seconds of real time.
    """

    key: Any
    entry: str
    request: dict[str, Any]
    deadline: float = DEADLINE


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended.

    Attributes:
        job: the job.
        result: what its entry returned; None where it did not return.
        hung: whether it outlived its deadline.
        stack: where it hung: (file, line, function) of the author's frames, innermost last.
        code: the child's exit status; negative for a signal.
        output: the end of what it wrote to standard output and standard error.
    """

    job: Job
    result: dict[str, Any] | None
    hung: bool = False
    stack: tuple[tuple[str, int, str], ...] = ()
    code: int = 0
    output: str = ""


class ZygoteDied(RuntimeError):
    """The zygote ended, or stopped answering: an error of the engine or of the environment."""


def scrubbed_environment() -> dict[str, str]:
    """The environment of children: what an interpreter needs, and nothing of the user's."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")}
    return kept | {
        "PYTHONPATH": str(_ENGINE),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "TZ": "UTC",
    }


@dataclass
class Zygote:
    """A running zygote; a context manager.

    Args:
        preload: modules that it imports before the first job.
        python: the interpreter of its environment.
        parallel: how many jobs run at once.

    Raises:
        ZygoteDied: from `run`, where the zygote ends or does not answer.
    """

    preload: Iterable[str] = ()
    python: str = sys.executable
    parallel: int = field(default_factory=lambda: os.cpu_count() or 1)

    def __enter__(self) -> Zygote:
        self._folder = Path(tempfile.mkdtemp(prefix="asrun-"))
        self._errors = (self._folder / "zygote.txt").open("w+b")
        self._process = subprocess.Popen(
            [self.python, "-m", "asrun.record.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=scrubbed_environment(),
            cwd=self._folder,
            start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends all of it
        )
        self._selector = selectors.DefaultSelector()
        assert self._process.stdout is not None
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self._buffer = b""
        self._serial = 0
        try:
            self._order({"preload": sorted(set(self.preload))})
            self._answer(_START_UP)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.close()  # the zygote kills what still runs, and ends
            self._process.wait(5)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._selector.close()
        self._errors.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, jobs: Iterable[Job], started: Callable[[Job], None] | None = None) -> Iterator[Ended]:
        """Run jobs, as many at once as `parallel` says; yields each as it ends."""
        waiting = list(jobs)[::-1]
        running: dict[int, Job] = {}
        while waiting or running:
            while waiting and len(running) < self.parallel:
                job = waiting.pop()
                self._serial += 1
                folder = self._folder / str(self._serial)
                folder.mkdir()
                self._order(
                    {
                        "id": self._serial,
                        "entry": job.entry,
                        "request": job.request,
                        "folder": str(folder),
                        "deadline": job.deadline,
                    }
                )
                running[self._serial] = job
                if started is not None:
                    started(job)
            answer = self._answer(max(j.deadline for j in running.values()) + GRACE + 10)
            folder = self._folder / str(answer["id"])
            yield _read(running.pop(answer["id"]), answer["code"], folder)
            shutil.rmtree(folder, ignore_errors=True)

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
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "the zygote ended without a word"


class Children:
    """One zygote for a build, started when the first job comes; a context manager.

    Args:
        preload: modules that the zygote imports before the first job.
    """

    def __init__(self, preload: Iterable[str] = ()) -> None:
        self._preload = preload
        self._zygote: Zygote | None = None

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._zygote is not None:
            self._zygote.__exit__(*exc)

    def run(self, jobs: Iterable[Job], started: Callable[[Job], None] | None = None) -> Iterator[Ended]:
        """See `Zygote.run`.

        Raises:
            ZygoteDied: the zygote cannot be started, ends or does not answer.
        """
        if self._zygote is None:
            self._zygote = Zygote(self._preload).__enter__()
        return self._zygote.run(jobs, started)


def _read(job: Job, code: int, folder: Path) -> Ended:
    output = _tail(folder / "output.txt")
    try:
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return Ended(job, result, code=code, output=output)
    except (OSError, ValueError):
        pass
    stack = _stack(folder)
    hung = code == HUNG or stack is not None or code == -9
    return Ended(job, None, hung=hung, stack=stack or (), code=code, output=output)


def _stack(folder: Path) -> tuple[tuple[str, int, str], ...] | None:
    """Where a child hung, by its own report or by faulthandler's dump; None where neither was written."""
    try:
        found = json.loads((folder / "stacks.txt").read_text(encoding="utf-8"))
        return tuple((str(f), int(n), str(w)) for f, n, w in found)
    except (OSError, ValueError):
        pass
    frames = []
    for line in _tail(folder / "stacks.dump").splitlines():
        # faulthandler writes: File "…/app.py", line 12 in get_db   (innermost first)
        parts = line.strip().split('"')
        if len(parts) == 3 and parts[1].endswith(("/app.py", "/lesson.py")) and "site-packages" not in parts[1]:
            number, _, function = parts[2].removeprefix(", line ").partition(" in ")
            frames.append((Path(parts[1]).name, int(number), function))
    return tuple(frames[::-1]) or None


def _tail(path: Path, limit: int = 8_000) -> str:
    try:
        with path.open("rb") as f:
            f.seek(0, os.SEEK_END)
            f.seek(max(0, f.tell() - limit))
            return f.read().decode(errors="replace")
    except OSError:
        return ""
