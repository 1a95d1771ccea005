"""Write a folder of files all at once."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

Stats = dict[str, list[int]]
"""For each file's path below a folder, its size and when it was changed, in nanoseconds."""


class Replacement:
    """A folder in the making, which takes another's place when it is whole; a context manager.

    It is made beside that folder and swapped in at the end; where an exception ends it, or
    `abandon`, what was there stays. A file that is as it was is the same file, with its time of
    change: whoever watches the folder sees only what is new.

    Args:
        folder: whose place it takes; need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._abandoned = False

    def __enter__(self) -> Self:
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        self._made = self._beside()
        self._made.chmod(0o755)
        self._below: set[Path] = set()
        return self

    def write(self, files: Mapping[str, str]) -> None:
        """Write files: text by path below the folder."""
        for path, text in files.items():
            target = self._made / path
            if target.parent not in self._below:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._below.add(target.parent)
            data = text.encode()
            if not self._kept(self._folder / path, target, data):
                target.write_bytes(data)

    def abandon(self) -> None:
        """Leave in place what was there."""
        self._abandoned = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None and not self._abandoned:
                self._swap()
        finally:
            shutil.rmtree(self._made, ignore_errors=True)

    def _swap(self) -> None:
        old = None
        if self._folder.exists():
            old = self._beside() / "old"
            self._folder.rename(old)
        self._made.rename(self._folder)
        if old is not None:
            shutil.rmtree(old.parent, ignore_errors=True)

    def _beside(self) -> Path:
        """A new folder on the same file system."""
        return Path(tempfile.mkdtemp(prefix=f".{self._folder.name}-", dir=self._folder.parent))

    @staticmethod
    def _kept(before: Path, now: Path, data: bytes) -> bool:
        """Whether a file is as it was, and is taken over."""
        with contextlib.suppress(OSError):
            if before.stat().st_size == len(data) and before.read_bytes() == data:
                try:
                    os.link(before, now)
                except OSError:  # a file system without links
                    shutil.copy2(before, now)
                return True
        return False


def stats_of(folder: Path) -> Stats:
    """How all files below a folder look from outside: whether they are as they were left."""
    found: Stats = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = Path(where, name)
            stat = path.stat()
            found[str(path.relative_to(folder))] = [stat.st_size, stat.st_mtime_ns]
    return found
