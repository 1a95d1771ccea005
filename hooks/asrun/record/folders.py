"""Temporary folders that a snippet has written to: how large they are, and away with them.

Whatever it left there: folders a thousand deep, closed to their owner, or a link to elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path


def measure(folder: Path, most: int) -> tuple[int, int]:
    """Bytes in a folder and number of what is in it; links are not followed.

    Args:
        folder: may change meanwhile.
        most: stop counting at so many entries.
    """
    size = count = 0
    waiting = [str(folder)]
    while waiting and count <= most:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    count += 1
                    found = entry.stat(follow_symlinks=False)
                    size += found.st_size
                    if stat.S_ISDIR(found.st_mode):
                        waiting.append(entry.path)
        except FileNotFoundError:
            continue
        except OSError:
            count += 1  # closed to its owner, or so deep that its path is too long
    return size, count


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it; one that is not there is no error.

    No process may be left that writes to it. What can't be removed stays.
    """
    if not os.path.isdir(folder) or os.path.islink(folder):
        return
    # Depth is taken apart by moving each inner folder to the top, so that no path grows long.
    with contextlib.suppress(OSError):
        heap = Path(tempfile.mkdtemp(prefix=".gone-", dir=folder.parent))
        folder.rename(heap / "0")
        serial = 0
        while inner := [entry.name for entry in os.scandir(heap)]:
            for name in inner:
                serial = _empty(heap / name, heap, serial)
        heap.rmdir()


def _empty(folder: Path, heap: Path, serial: int) -> int:
    """Remove a folder; its inner folders move to `heap`. Returns the last number used."""
    folder.chmod(0o700)
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                serial += 1
                # A folder has to be writable in order to be moved: its entry for `..` changes.
                os.chmod(entry.path, 0o700)
                os.rename(entry.path, heap / str(serial))
            else:
                os.unlink(entry.path)
    folder.rmdir()
    return serial
