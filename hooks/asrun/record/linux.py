"""What the sandbox asks of Linux beyond what Python offers: the C library, by ctypes.

Loaded by the zygote before the first fork, so that no child pays for it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from functools import cache
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38


@cache
def libc() -> Any:
    """The C library that this process runs on.

    Raises:
        OSError: this is not Linux.
    """
    if sys.platform != "linux":
        raise OSError(f"{platform.system()} has neither Landlock nor seccomp")
    return ctypes.CDLL(None, use_errno=True)


def call(name: str, *args: Any) -> int:
    """Call a function of the C library that returns -1 where it fails.

    Raises:
        OSError: it failed, or is not there.
    """
    try:
        function = getattr(libc(), name)
    except AttributeError:
        raise OSError(f"the C library has no {name}") from None
    result: int = function(*args)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


def syscall(number: int, *args: Any) -> int:
    """Make a system call by its number.

    Raises:
        OSError: it failed.
    """
    widened = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    return call("syscall", ctypes.c_long(number), *widened)


def prctl(option: int, value: int = 1) -> None:
    """Set a property of this process.

    Raises:
        OSError: the kernel does not take it.
    """
    zero = ctypes.c_ulong(0)
    call("prctl", ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero)
