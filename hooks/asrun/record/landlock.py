"""Landlock: which files this process may read and write, held by the kernel (Linux 5.13 and up).

See docs.kernel.org/userspace-api/landlock.html. Each version of its interface (ABI) adds rights;
what the running kernel does not know is left out, and `restrict` says so.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from functools import cache

from asrun.record import linux

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE = 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_ALL_OF_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL = (1 << 16) - 1  # from ABI 5 on
_NET = 0b11  # bind and connect of TCP, from ABI 4 on
_SCOPES = 0b11  # abstract UNIX sockets and signals, from ABI 6 on

_READ = _READ_FILE | _READ_DIR
_OWN = (
    _READ | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE
    | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER
)  # fmt: skip
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE


@cache
def abi() -> int:
    """The version that this kernel speaks; 0 where it has no Landlock, or has it switched off."""
    try:
        return linux.syscall(_CREATE, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def missing() -> str:
    """What a newer kernel would hold in addition, in words; "" where this one holds all."""
    holds = {2: "renames between folders", 3: "truncating", 4: "TCP", 5: "devices", 6: "signals"}
    return ", ".join(what for version, what in holds.items() if abi() < version)


def restrict(read: Iterable[str], write: Iterable[str], own: Iterable[str]) -> None:
    """Leave this process nothing but these files; no way leads back.

    Args:
        read: files and folders that it may read.
        write: files that it may read and write.
        own: folders in which it may do anything but run programs and make sockets and devices.

    Paths that do not exist are left out. The process must have no new privileges to gain
    (`PR_SET_NO_NEW_PRIVS`) and only one thread.

    Raises:
        OSError: the kernel has no Landlock.
    """
    version = abi()
    if version == 0:
        raise OSError("this kernel has no Landlock, or has it switched off")
    handled = _ALL_OF_ABI.get(version, _ALL)
    fields = [handled]
    if version >= 4:
        fields.append(_NET)
    if version >= 6:
        fields.append(_SCOPES)
    attributes = ctypes.create_string_buffer(struct.pack(f"={len(fields)}Q", *fields))
    ruleset = linux.syscall(_CREATE, ctypes.byref(attributes), 8 * len(fields), 0)
    try:
        for paths, rights in ((read, _READ), (write, _READ_FILE | _WRITE_FILE), (own, _OWN)):
            for path in paths:
                _allow(ruleset, path, rights & handled)
        linux.syscall(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_A_FILE
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, place))
        linux.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(place)
