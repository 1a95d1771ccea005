"""Write a folder of files all at once."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def replace_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Make `folder` hold exactly these files.

    They are written beside it and swapped in; a file that is as it was keeps its time of change,
    so that whoever watches the folder sees only what is new.

    Args:
        folder: is made where it is missing.
        files: text by path below the folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for path, text in files.items():
            target = made / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
            _keep_time(folder / path, target, text)
        made.chmod(0o755)
        old = None
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)) / "old"
            folder.rename(old)
        made.rename(folder)
        if old is not None:
            shutil.rmtree(old.parent, ignore_errors=True)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _keep_time(before: Path, now: Path, text: str) -> None:
    try:
        if before.read_text(encoding="utf-8") == text:
            stat = before.stat()
            os.utime(now, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    except (OSError, UnicodeDecodeError):
        return
