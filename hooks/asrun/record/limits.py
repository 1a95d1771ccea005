"""How much a child may use: memory, CPU, processes, threads, open files, output.

The kernel holds most of it by `setrlimit`, the audit hook holds the threads, the zygote the
temporary folder's size. A snippet meets a limit as an exception; `exceeded` says which one it was.
"""

from __future__ import annotations

import errno
import sys
from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one job may use.

    Attributes:
        memory: bytes of address space beyond what the zygote has.
        threads: Python threads at once.
        open_files: file descriptors at once.
        file_size: bytes of one file; of the recording, too.
        folder_size: bytes in the job's temporary folder.
        folder_files: files and folders in it.
        cpu: seconds of CPU time beyond the deadline.
        events: events of one recording.
    """

    memory: int = 1024 * MIB
    threads: int = 64
    open_files: int = 128
    file_size: int = 16 * MIB
    folder_size: int = 64 * MIB
    folder_files: int = 5_000
    cpu: int = 1
    events: int = 30_000

    def to_json(self) -> dict[str, int]:
        """Plain data; `Limits(**data)` is the way back."""
        return asdict(self)


def impose(limits: Limits, deadline: float) -> None:
    """Set the limits of this process that the kernel holds.

    Args:
        limits: what it may use.
        deadline: seconds of real time that it has; CPU time is bounded by it.

    Raises:
        OSError: the kernel takes none of them; on a platform without `resource`, all.
    """
    try:
        import resource
    except ImportError:
        raise OSError(errno.ENOSYS, "this platform has no resource limits") from None

    def bound(which: int, soft: int, beyond: int = 0) -> None:
        hard = resource.getrlimit(which)[1]
        most = soft + beyond
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(which, (min(soft, most), most))

    bound(resource.RLIMIT_CORE, 0)
    bound(resource.RLIMIT_NOFILE, limits.open_files)
    bound(resource.RLIMIT_FSIZE, limits.file_size)
    # At the soft limit a signal asks the child where it is, at the hard one the kernel ends it.
    bound(resource.RLIMIT_CPU, max(1, ceil(deadline) + limits.cpu), 2)
    used = _address_space()
    if used is not None:
        # Address space: RLIMIT_DATA leaves out shared mappings, which `mmap` makes.
        bound(resource.RLIMIT_AS, used + limits.memory)
    elif hasattr(resource, "RLIMIT_DATA"):
        bound(resource.RLIMIT_DATA, limits.memory)


def impose_processes(limits: Limits) -> None:
    """Bound processes and threads of this process's user id, which no other process has."""
    import resource

    most = (
        limits.threads + 16
    )  # threads that no Python code has started: watchdogs, a library's own
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def _address_space() -> int | None:
    """Bytes of address space that this process has; None where the platform does not tell."""
    if sys.platform != "linux":
        return None
    try:
        import resource

        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
        return int(pages) * resource.getpagesize()
    except (OSError, ValueError):
        return None


def exceeded(exception: str, text: str, limits: Limits) -> tuple[str, str] | None:
    """What an exception says of a limit or of the sandbox.

    Args:
        exception: the exception's class name.
        text: the exception as `repr` tells it: `OSError(24, 'Too many open files')`.
        limits: what was allowed.

    Returns:
        What the scenario does, as a sentence without its subject, and what to do about it; None
        for an exception that has to do with neither.
    """
    if exception == "MemoryError":
        return _memory(limits)
    if exception == "RecursionError":
        return endless_recursion()
    if exception == "RuntimeError" and "can't start new thread" in text:
        return more_threads(limits)
    number = _errno(text)
    if number == errno.ENOMEM:
        return _memory(limits)
    if number == errno.EMFILE:
        what = f"has more than {limits.open_files} files open at once"
        return what, "Close each file once it has been used: `with open(…) as f`."
    if number == errno.EFBIG:
        what = f"writes more than {mib(limits.file_size)} into one file"
        return what, "Write less; output counts as a file."
    if number in (errno.EPERM, errno.EACCES):
        what = "does what the sandbox refuses"
        return what, "docs/sandbox.md says what a lesson may do, and why."
    return None


def _memory(limits: Limits) -> tuple[str, str]:
    what = f"needs more than {mib(limits.memory)} of memory"
    return what, "Make do with less: what a lesson shows needs no large data."


def endless_recursion() -> tuple[str, str]:
    """What is wrong with a function that never comes to an end of calling itself."""
    return "calls a function that calls itself without end", "Let the recursion end."


def more_threads(limits: Limits) -> tuple[str, str]:
    """What is wrong with one thread more."""
    return f"runs more than {limits.threads} threads at once", "Start fewer, or wait for them."


def too_much_cpu(seconds: float) -> tuple[str, str]:
    """What is wrong with a job that computes for too long."""
    return f"computes for more than {seconds:g} seconds", "Compute less, and on one thread."


def too_many_files(limits: Limits) -> tuple[str, str]:
    """What is wrong with a job whose temporary folder grows and grows."""
    most = f"{mib(limits.folder_size)} or {limits.folder_files:,} files"
    return f"writes more than {most} to its temporary folder", "Write less."


def too_many_events(limits: Limits) -> tuple[str, str]:
    """What is wrong with a scenario that goes on and on."""
    events = f"makes more than {limits.events:,} events"
    what = f"{events}: it goes round a loop without end, or for too long"
    return what, "Let the loop end, or end sooner: no one reads so many steps."


def recording_too_large(limits: Limits) -> tuple[str, str]:
    """What is wrong with a scenario in which far too much happens."""
    what = f"makes a recording of more than {mib(limits.file_size)}"
    return what, "Show less: fewer requests, shorter loops."


def mib(size: int) -> str:
    """A size in words."""
    return f"{size / MIB:g} MiB"


_NUMBERED = {"OSError", "PermissionError", "BlockingIOError", "OperationalError"}


def _errno(text: str) -> int | None:
    """The error number in the `repr` of an `OSError`."""
    name, _, rest = text.partition("(")
    number = rest.partition(",")[0]
    return int(number) if name in _NUMBERED and number.isdecimal() else None


def of(order: dict[str, Any]) -> Limits:
    """The limits that an order asks for."""
    return Limits(**order.get("limits", {}))
