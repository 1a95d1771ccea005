"""The sandbox around a child: every means that this platform has, put up one after the other.

    user       root is given up (`privileges.py`)
    limits     memory, CPU, files, output (`limits.py`)
    landlock   which files may be read and written (`landlock.py`)
    seccomp    which system calls may be made (`seccomp.py`)
    hook       all of it again in Python, on every platform; names the line (`hook.py`)

A means that a platform lacks is left out; `enter` says which and why, and `asrun doctor` shows it.
What the sandbox holds and what it does not is in docs/sandbox.md.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from asrun.record import hook, landlock, limits, linux, privileges, seccomp
from asrun.record.limits import Limits

MEANS = ("user", "limits", "landlock", "seccomp", "hook")

_ENGINE = Path(__file__).resolve().parents[2]
"""The folder that holds `asrun`."""
_SYSTEM = (
    "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/local/lib",
    "/nix/store", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/etc/localtime", "/usr/share/zoneinfo", "/etc/ssl/openssl.cnf", "/etc/ssl/certs",
    "/dev/random", "/dev/urandom", "/dev/zero",
)  # fmt: skip
"""What an interpreter reads beside itself: shared libraries, time zones, certificates."""
_DEVICES = (os.devnull,)


@dataclass(frozen=True)
class Room:
    """What one job is given.

    Attributes:
        lesson: the lesson's folder, which it may read.
        work: its own temporary folder, in which it may do anything.
        project: the folder whose files are told when they are opened; "" for none.
        slot: which of the jobs that run at once it is, from 0.
        deadline: seconds of real time that it has.
        limits: what it may use.
        without: means that are left out; for tests, which see that each one is needed.
    """

    lesson: str
    work: Path
    project: str
    slot: int
    deadline: float
    limits: Limits
    without: frozenset[str] = field(default=frozenset())


def prepare() -> None:
    """Do once, before the first fork, what every child would do again."""
    for path in readable():
        privileges.open_to_all(path)
    seccomp.prepare()
    with contextlib.suppress(OSError):
        linux.libc()
    with contextlib.suppress(ImportError):
        import resource  # noqa: F401


@cache
def readable() -> tuple[str, ...]:
    """Installed code: the interpreter, its packages, the engine, the system's libraries."""
    own = (
        sys.prefix,
        sys.base_prefix,
        sys.exec_prefix,
        sys.base_exec_prefix,
        str(_ENGINE),
        *sys.path,
    )
    found = {os.path.realpath(path) for path in (*own, *_SYSTEM) if path and Path(path).exists()}
    # Where the interpreter itself is in a folder within another one that is listed, one rule does.
    return tuple(
        sorted(p for p in found if not any(p.startswith(o.rstrip("/") + "/") for o in found))
    )


def enter(room: Room) -> dict[str, str]:
    """Put the sandbox up around this process, which must have one thread only.

    Args:
        room: what it is given.

    Returns:
        Each means that is not in force as it should be, and why; an empty dict where all are.
    """
    missing: dict[str, str] = {}

    def attempt(means: str, put_up: Callable[[], str | None]) -> None:
        if means in room.without:
            missing[means] = "left out"
            return
        try:
            short_of = put_up()
        except OSError as error:
            short_of = str(error)
        if short_of:
            missing[means] = short_of

    work = os.path.realpath(room.work)
    lesson = os.path.realpath(room.lesson)
    attempt("limits", lambda: limits.impose(room.limits, room.deadline))
    if privileges.is_root():
        attempt("user", lambda: _give_up_root(room, (*readable(), lesson)))
    if sys.platform == "linux":
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS)
        # A zygote that dies takes its children along. Set now, since a change of user clears it.
        linux.prctl(linux.PR_SET_PDEATHSIG, 9)
    attempt("landlock", lambda: _bound_files((*readable(), lesson), work))
    attempt("seccomp", lambda: seccomp.restrict(os.getpid()))
    if "hook" not in room.without:
        bounds = hook.Bounds(
            read=(*readable(), lesson),
            write=work,
            devices=_DEVICES,
            project=os.path.realpath(room.project) if room.project else "",
            installed=readable(),
            limits=room.limits,
        )
        hook.install(bounds)
    else:
        missing["hook"] = "left out"
    return missing


def _give_up_root(room: Room, needed: tuple[str, ...]) -> str:
    kept = privileges.drop(privileges.user_of(room.slot), room.work, needed)
    if "limits" not in room.without:
        limits.impose_processes(room.limits)
    if kept and ("landlock" in room.without or not landlock.abi()):
        return f"it may still read every file, since it {kept}"
    return ""


def _bound_files(read: tuple[str, ...], work: str) -> str:
    landlock.restrict(read, _DEVICES, (work,))
    newer = landlock.missing()
    return f"this kernel's Landlock (ABI {landlock.abi()}) does not hold: {newer}" if newer else ""
