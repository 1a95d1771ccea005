"""Give up root: a child that is started by the super-user goes on as a user that owns nothing."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from asrun.record import linux

_FIRST_USER = 0x70000000
"""User ids from here on belong to no one: neither to users, nor to what container and service
managers hand out. One for each job that runs at once, so that the jobs can't reach each other,
and so that the kernel's limit on a user's processes counts one job's alone."""
NOBODY = 65534

_CAPABILITIES_VERSION = 0x20080522
_CAP_DAC_READ_SEARCH = 2


def is_root() -> bool:
    """Whether this process is the super-user."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def user_of(slot: int) -> int:
    """The user id of the job in a slot; slots are numbered from 0."""
    return _FIRST_USER + (os.getpid() % 0x8000) * 0x100 + slot % 0x100


def drop(user: int, folder: Path, needed: Iterable[str]) -> str:
    """Go on as another user and group, with no capability.

    Args:
        user: the id to take; where the system does not know it, `NOBODY`.
        folder: becomes that user's.
        needed: files and folders that it has to be able to read. Where one of them lies in a
            folder that is closed to others (an interpreter in root's home), it keeps the capability
            to read and search everywhere; what it may read is then for Landlock to bound.

    Returns:
        What it kept, in words; "" for nothing.

    Raises:
        OSError: it can't; then only its capabilities are gone, if those.
    """
    keep = [path for path in needed if not open_to_all(path)]
    error: OSError | None = None
    for candidate in (user, NOBODY):
        try:
            _become(candidate, folder, keep=bool(keep))
            break
        except OSError as refused:
            error = error or refused
    else:
        _set_capabilities(0)
        assert error is not None
        raise error
    return f"reads {keep[0]}, which is closed to others" if keep else ""


def _become(user: int, folder: Path, *, keep: bool) -> None:
    os.chown(folder, user, user)
    linux.prctl(linux.PR_SET_KEEPCAPS, int(keep))
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    _set_capabilities(1 << _CAP_DAC_READ_SEARCH if keep else 0)


def _set_capabilities(mask: int) -> None:
    head = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITIES_VERSION, 0))
    # Effective and permitted, then inheritable, for the lower and the upper 32 capabilities.
    data = ctypes.create_string_buffer(struct.pack("=6I", mask, mask, 0, 0, 0, 0))
    linux.call("capset", head, data)


@cache
def open_to_all(path: str) -> bool:
    """Whether everyone may read what is at a path; one that does not exist is no obstacle."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return True
    real = os.path.realpath(path)
    return bool(mode & stat.S_IROTH) and _reachable(
        real if stat.S_ISDIR(mode) else os.path.dirname(real)
    )


@cache
def _reachable(folder: str) -> bool:
    """Whether everyone may pass through a folder, which is no link, and those above it."""
    above = os.path.dirname(folder)
    here = bool(os.stat(folder).st_mode & stat.S_IXOTH)
    return here and (above == folder or _reachable(above))
