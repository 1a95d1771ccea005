"""Jobs for children, and how they are told: what the ways to start a child have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from asrun.endings import Ending, Place, Said
from asrun.record.job import PLAIN
from asrun.record.limits import Limits


def _deadline() -> float:
    try:
        return max(0.5, float(os.environ["ASRUN_DEADLINE"]))
    except (KeyError, ValueError):
        return 10.0


DEADLINE = _deadline()
"""Seconds of real time that a job may take. The environment variable ASRUN_DEADLINE says another
number, for a machine that is very slow."""
ENTRIES = ("asrun.record.session", "asrun.record.child", "asrun.judge.child")
"""What every child needs of the engine."""
_ENGINE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done in a child.

    Attributes:
        key: what the caller knows it by.
        entry: `module:function`, called with `request` in the child.
        request: JSON data; `folder` in it is the lesson's, `project` the project's root.
        deadline: seconds of real time.
        without: means of isolation that are left out. For tests, which see that each is needed:
            those of `record/sandbox.py`, and "session", "alarm", "watchdog", "folder", "sweep".
    """

    key: Any
    entry: str
    request: dict[str, Any]
    deadline: float = DEADLINE
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended.

    Attributes:
        job: the job.
        result: what its entry returned; None where it did not return.
        hung: whether it outlived its deadline.
        stack: where it hung or crashed: (file, line, function) of the author's frames, innermost
            last.
        code: the child's exit status; negative for a signal.
        output: the end of what it wrote to standard output and standard error.
        said: what it told of its own accord: acts that the sandbox refused, first of all.
        how: how the process ended, in words.
        failed: whether the engine itself failed in it.
        lost: whether the zygote ended with it, each time that it was tried.
        seconds: of real time that it took.
    """

    job: Job
    result: dict[str, Any] | None
    hung: bool = False
    stack: tuple[Place, ...] = ()
    code: int = 0
    output: str = ""
    said: tuple[Said, ...] = ()
    how: str = ""
    failed: bool = False
    lost: bool = False
    seconds: float = 0.0

    @classmethod
    def of(cls, job: Job, ending: Ending) -> Ended:
        """From what was read."""
        stack = ending.said[0].stack if ending.said else ending.stack
        return cls(
            job, ending.result, ending.hung, stack, ending.code, ending.output, ending.said,
            ending.how, ending.failed, False, ending.seconds,
        )  # fmt: skip


class ZygoteDied(RuntimeError):
    """The zygote ended, or stopped answering: an error of the engine or of the environment."""


class CannotStart(ZygoteDied):
    """No child can be started at all."""


Started = Callable[[Job], None]


class Runs(Protocol):
    """Runs jobs in children."""

    def run(self, jobs: Iterable[Job], started: Started | None = None) -> Iterator[Ended]:
        """Run jobs, as many at once as suits; yields each as it ends."""
        ...


class Runner(Runs, Protocol):
    """Runs jobs in children of its own, which end with it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


def scrubbed_environment(path: Iterable[Path] = ()) -> dict[str, str]:
    """The environment of children: what an interpreter needs, and nothing of the user's.

    Args:
        path: folders that modules are imported from, beside the engine's own.
    """
    kept = {k: v for k, v in os.environ.items() if k.upper() in _KEPT}
    return kept | {
        "PATH": os.environ.get("PATH", "") if os.name == "nt" else os.defpath,
        "PYTHONPATH": os.pathsep.join(map(str, (_ENGINE, *path))),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        # Each arena takes 64 MiB of the address space that a job may have.
        "MALLOC_ARENA_MAX": "2",
        **PLAIN,
    }


_KEPT = ("LD_LIBRARY_PATH", "SYSTEMROOT")


def command(python: str, module: str) -> list[str]:
    """How a child's interpreter is started."""
    # -P: what lies in the folder that it starts in is not importable. The option: compiled code
    # that asks not to be compared with its source is compared.
    return [python, "-P", "--check-hash-based-pycs", "always", "-m", module]


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def order_of(job: Job, serial: int, folder: Path, limits: Limits) -> dict[str, Any]:
    """A job as a child is told it; see `record/job.py`."""
    return {
        "id": serial,
        "entry": job.entry,
        "request": {**job.request, "limits": limits.to_json()},
        "folder": str(folder),
        "deadline": job.deadline,
        "limits": limits.to_json(),
        "without": sorted(job.without),
    }
