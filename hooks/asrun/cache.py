"""What was recorded and judged before, by digest of all that it depends on.

An entry is a file named by its key: a line with a digest of key and content, then JSON. One that
cannot be read, or is not what its digest says, is made again. Two builds at once write each their
own file and rename it, so that neither sees half of an entry.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path
from typing import Any, Literal

_ENGINE = Path(__file__).resolve().parent
_KEPT = 30 * 24 * 3600
"""Seconds for which an entry is kept that no build uses."""
_DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Found:
    """What a look into the cache gave.

    Attributes:
        value: the entry; None where there is none that can be trusted.
        why: why not: the cache is "off", the entry is "absent" or "damaged".
    """

    value: dict[str, Any] | None
    why: Literal["", "off", "absent", "damaged"] = ""


class Cache:
    """Entries below a folder, or none.

    Args:
        folder: where the entries are; None for a cache that keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._swept = False

    def look(self, key: str) -> Found:
        """The entry of a key, or why there is none."""
        if self._folder is None:
            return Found(None, "off")
        path = self._folder / f"{key}.json"
        try:
            with open(path, "rb", opener=_at_once) as file:
                data = file.read()
        except FileNotFoundError:
            return Found(None, "absent")
        except OSError:
            return Found(None, "damaged")
        check, _, text = data.partition(b"\n")
        if check != _check(key, text):
            return Found(None, "damaged")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return Found(None, "damaged")
        if not isinstance(value, dict):
            return Found(None, "damaged")
        _touch(path)
        return Found(value)

    def get(self, key: str) -> dict[str, Any] | None:
        """The entry, or None where there is none that can be trusted."""
        return self.look(key).value

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Keep an entry; a disk that is full or read-only only means that it is made again."""
        if self._folder is None:
            return
        text = json.dumps(value).encode()
        data = _check(key, text) + b"\n" + text
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as f:
                    f.write(data)
                Path(name).replace(self._folder / f"{key}.json")
            except OSError:
                Path(name).unlink()

    def _sweep(self) -> None:
        """Remove, once a build, what no build has used for a long time, or left unfinished."""
        if self._swept or self._folder is None:
            return
        self._swept = True
        now = time.time()
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    age = now - entry.stat(follow_symlinks=False).st_mtime
                    if age > (_DAY if entry.name.endswith(".part") else _KEPT):
                        Path(entry.path).unlink()


def _at_once(path: str, flags: int) -> int:
    """Open a file, and do not wait where a pipe is in its place."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check(key: str, text: bytes) -> bytes:
    """An entry's first line: of its key, too, so that one can't stand in for another."""
    return hashlib.sha256(key.encode() + b"\n" + text).hexdigest().encode()


def _touch(path: Path) -> None:
    """Note that an entry is used."""
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > _DAY:
            os.utime(path)


def digest_of(data: bytes) -> str:
    """A digest that differs wherever the data does."""
    return hashlib.sha256(data).hexdigest()[:40]


def key_of(*parts: str) -> str:
    """A key of everything that the parts say."""
    return digest_of(json.dumps(parts).encode("utf-8", "surrogatepass"))


@once
def packages() -> dict[str, str]:
    """All distributions that are installed here, by name, with their versions."""
    found: dict[str, str] = {}
    for folder in sys.path[::-1]:  # what stands first is what is imported
        try:
            names = [entry.name for entry in os.scandir(folder or ".")]
        except OSError:
            continue
        for name in names:
            stem, _, kind = name.rpartition(".")
            if kind in ("dist-info", "egg-info") and "-" in stem:
                distribution, _, version = stem.partition("-")
                found[distribution] = version
    return found


@once
def environment() -> str:
    """Everything outside a lesson that can change a recording: Python and all distributions."""
    return key_of(python(), *(f"{n}=={v}" for n, v in sorted(packages().items())))


def python() -> str:
    """Which interpreter this is, and on what it runs."""
    return f"{sys.implementation.name} {sys.version} on {sys.platform}"


@once
def engine(part: str) -> str:
    """Digest of a part of the engine's source, such as "record" or "judge"."""
    own = [_ENGINE / name for name in ("authoring.py", "client.py", "jobs.py")]
    return key_of(*_sources([*sorted((_ENGINE / part).rglob("*.py")), *own]))


def _sources(files: Iterable[Path]) -> Iterable[str]:
    return (f"{f.name}:{f.read_text(encoding='utf-8')}" for f in files if f.exists())
