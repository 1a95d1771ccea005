"""What the sandbox refuses here: acts that do no harm, tried inside it for `asrun doctor`."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asrun.record import job, privileges
from asrun.record.limits import Limits


def kernel(request: dict[str, Any]) -> dict[str, Any]:
    """Try what the kernel has to refuse; to be run without the hook, which would refuse first.

    Args:
        request: `outside`, a file that whoever runs asrun may read; `limits`.

    Returns:
        `missing`: means that could not be put up as they should be, and why; `done`: by means, acts
        that should have been refused and were not.
    """
    outside = Path(request["outside"])
    bounds = Limits(**request["limits"])
    acts: dict[str, dict[str, Callable[[], Any]]] = {
        "user": {"it is still root": _fail_unless(privileges.is_root)},
        "limits": {
            "it may open more files": lambda: _open_files(bounds.open_files),
            "it may have more memory": lambda: bytes(2 * bounds.memory),
        },
        "landlock": {
            "it can read a file elsewhere": outside.read_bytes,
            "it can write a file elsewhere": lambda: outside.open("ab").close(),
        },
        "seccomp": {
            "it can open a socket": lambda: socket.socket().close(),
            "it can send signals": lambda: os.kill(os.getppid(), 0),
            "it can change a file's mode": lambda: Path().chmod(0o700),
        },
    }
    done = {means: [what for what, act in its.items() if _can(act)] for means, its in acts.items()}
    return {"missing": job.missing, "done": done}


def hook(request: dict[str, Any]) -> dict[str, Any]:
    """Try what the audit hook has to refuse; see `kernel`."""
    opens = _can(lambda: socket.socket().close())
    missing = {"hook": job.missing["hook"]} if "hook" in job.missing else {}
    return {"missing": missing, "done": {"hook": ["it can open a socket"] if opens else []}}


def hang(request: dict[str, Any]) -> dict[str, Any]:
    """Outlive the deadline, though not by much."""
    select.select([], [], [], 30)
    return {}


def _open_files(number: int) -> None:
    held: list[int] = []
    try:
        while len(held) < number:
            held.append(os.dup(1))
    finally:
        for descriptor in held:  # or the acts after this one fail for want of descriptors
            os.close(descriptor)


def _can(act: Callable[[], Any]) -> bool:
    try:
        act()
    except (OSError, MemoryError):
        return False
    return True


def _fail_unless(test: Callable[[], bool]) -> Callable[[], None]:
    def act() -> None:
        if not test():
            raise PermissionError

    return act
