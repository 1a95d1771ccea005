"""The temporary folder of a run, and those that killed runs have left behind.

A run holds a lock on a file in its folder for as long as it lives, whatever ends it. So a folder
whose lock is free is of a run that could not clean up, and the next run takes it away.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import IO

from asrun.record import folders

PREFIX = "asrun-"
_LOCK = "run.lock"


class RunFolder:
    """A new temporary folder; making it takes away what killed runs have left.

    Attributes:
        path: the folder. A job's process, which may have another user's id, gets to its own
            folder below it, and can't list it.
    """

    def __init__(self) -> None:
        sweep()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.path.chmod(0o711)
        # Under its own name only once it is locked: a sweep may come at any moment.
        unlocked = self.path / f".{_LOCK}"
        self._lock = unlocked.open("wb")
        _lock(self._lock)
        unlocked.rename(self.path / _LOCK)

    def remove(self) -> None:
        """Take it away. No process may be left that writes to it."""
        self._lock.close()
        folders.remove(self.path)


def sweep() -> None:
    """Remove the folders of this user's runs that are no more."""
    if not hasattr(os, "geteuid"):
        return  # without locks of this kind no one can tell
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    _remove_left(Path(entry.path))


def _remove_left(folder: Path) -> None:
    if folder.stat(follow_symlinks=False).st_uid != os.geteuid():
        return
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(folder / _LOCK, flags), "rb") as lock:  # noqa: PTH123 - a descriptor
        _lock(lock)
        folders.remove(folder)


def _lock(file: IO[bytes]) -> None:
    """Lock a file until it is closed.

    Raises:
        BlockingIOError: another process has locked it.
    """
    with contextlib.suppress(ImportError):
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
