"""seccomp: which system calls this process may make, held by the kernel.

A filter in BPF, as seccomp(2) takes it. It refuses by the lists in `syscalls.py`, with EPERM. A
call that is newer than the lists does not exist for the child (ENOSYS), so a library falls back
on what there was before.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Sequence
from functools import cache

from asrun.record import linux, syscalls

_SET_MODE_FILTER = 1
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_ERRNO = 0x00050000
_REFUSE = _ERRNO | errno.EPERM
_UNKNOWN = _ERRNO | errno.ENOSYS

# The instructions of BPF that are used: load, jump if equal, above, any bit set; and, return.
_LOAD, _IS, _IS_ABOVE, _HAS, _AND, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x54, 0x06
# Where the number, the architecture and the arguments stand in what a filter is given.
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Machine to its column in `syscalls.py` and its AUDIT_ARCH."""

_CLONE_THREAD = 0x10000
_AF_UNIX, _SOCK_STREAM, _KIND_OF_SOCKET = 1, 1, 0xF
# F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY: each has the kernel send signals.
_FCNTL_REFUSED = (8, 10, 15, 1024, 1026)
# FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, TCGETS, TIOCGWINSZ; the rest can change files and terminals.
_IOCTL_ALLOWED = (0x541B, 0x5421, 0x5450, 0x5451, 0x5401, 0x5413)


def missing() -> str:
    """Why there is no filter for this machine, in words; "" where there is one."""
    if sys.platform != "linux":
        return f"{platform.system()} has no seccomp"
    if platform.machine() not in _ARCHITECTURES or sys.maxsize < 2**32:
        return f"there is no filter for {platform.machine()} yet"
    return ""


def restrict(pid: int) -> None:
    """Refuse system calls from now on, in this process; no way leads back.

    Args:
        pid: this process's own id, to which alone signals may go.

    The process must have no new privileges to gain (`PR_SET_NO_NEW_PRIVS`).

    Raises:
        OSError: the kernel or the machine has no such filter.
    """
    why = missing()
    if why:
        raise OSError(why)
    machine = platform.machine()
    code = _common(machine) + _named(machine, pid) + _step(_RETURN, _ALLOW)
    held = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("@HP", len(code) // 8, ctypes.addressof(held))
    linux.syscall(
        _number(machine, "seccomp"), _SET_MODE_FILTER, 0, ctypes.create_string_buffer(head)
    )


def prepare() -> None:
    """Make what is the same for every process, so that no child has to."""
    if not missing():
        _common(platform.machine())


def _number(machine: str, name: str) -> int:
    return syscalls.numbers(syscalls.LOOKED_AT, _ARCHITECTURES[machine][0])[name]


@cache
def _common(machine: str) -> bytes:
    """The filter's first part, in which no process id is named."""
    column, architecture = _ARCHITECTURES[machine]
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_IS, architecture, 1, 0),
        _step(_RETURN, _KILL),  # a 32-bit call: its numbers mean other calls
        _step(_LOAD, _NUMBER),
        _step(_IS_ABOVE, syscalls.NEWEST, 0, 1),
        _step(_RETURN, _UNKNOWN),
        # A filter cannot see clone3's flags, but it can see clone's, on which libraries fall back.
        _step(_IS, _number(machine, "clone3"), 0, 1),
        _step(_RETURN, _UNKNOWN),
    ]
    for table in syscalls.REFUSED.values():
        for number in syscalls.numbers(table, column).values():
            steps += [_step(_IS, number, 0, 1), _step(_RETURN, _REFUSE)]
    steps += _looked_at(_number(machine, "clone"), 0, [_step(_HAS, _CLONE_THREAD, 1, 0)])
    connected_pair = [
        _step(_IS, _AF_UNIX, 0, 3),
        _step(_LOAD, _argument(1)),
        _step(_AND, _KIND_OF_SOCKET),
        _step(_IS, _SOCK_STREAM, 1, 0),
    ]
    steps += _looked_at(_number(machine, "socketpair"), 0, connected_pair)
    steps += _looked_at(_number(machine, "fcntl"), 1, _none_of(_FCNTL_REFUSED))
    no_tty = _ERRNO | errno.ENOTTY
    steps += _looked_at(_number(machine, "ioctl"), 1, _one_of(_IOCTL_ALLOWED), no_tty)
    return b"".join(steps)


def _named(machine: str, pid: int) -> bytes:
    """The filter's second part: signals and limits are for this process and its group alone."""
    steps = _looked_at(_number(machine, "kill"), 0, _one_of((pid, -pid, 0)))
    steps += _looked_at(_number(machine, "tgkill"), 0, _one_of((pid,)))
    steps += _looked_at(_number(machine, "prlimit64"), 0, _one_of((pid, 0)))
    return b"".join(steps)


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; `yes` and `no` are how many are skipped after a jump's test."""
    return struct.pack("=HBBI", code, yes, no, value & 0xFFFFFFFF)


def _argument(index: int) -> int:
    """Where the lower half of an argument stands; both architectures are little-endian."""
    return _ARGUMENTS + 8 * index


def _looked_at(
    number: int, argument: int, test: Sequence[bytes], otherwise: int = _REFUSE
) -> list[bytes]:
    """Let a system call pass where `test` holds of an argument, and answer `otherwise` elsewhere.

    A test that fails goes on at the step after its last one, a test that holds one step further.
    """
    inside = [
        _step(_LOAD, _argument(argument)),
        *test,
        _step(_RETURN, otherwise),
        _step(_RETURN, _ALLOW),
    ]
    return [_step(_IS, number, 0, len(inside)), *inside]


def _one_of(values: Sequence[int]) -> list[bytes]:
    return [_step(_IS, value, len(values) - i, 0) for i, value in enumerate(values)]


def _none_of(values: Sequence[int]) -> list[bytes]:
    last = len(values) - 1
    return [_step(_IS, value, last - i, int(i == last)) for i, value in enumerate(values)]
