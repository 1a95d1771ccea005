"""What was recorded and judged before, by digest of all that it depends on.

An entry is a JSON file named by its key. One that cannot be read is made again; two builds at
once write the same bytes to the same names, each by an atomic rename.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from functools import cache as once
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

_ENGINE = Path(__file__).resolve().parent


class Cache:
    """Entries below a folder, or none.

    Args:
        folder: where the entries are; None for a cache that keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, key: str) -> dict[str, Any] | None:
        """The entry, or None where there is none that can be trusted."""
        if self._folder is None:
            return None
        try:
            entry = json.loads((self._folder / f"{key}.json").read_text(encoding="utf-8"))
            value = entry["value"]
            if entry["check"] != _digest(json.dumps(value, sort_keys=True)) or not isinstance(value, dict):
                return None
            return value
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Keep an entry; a disk that is full or read-only only means that it is made again."""
        if self._folder is None:
            return
        entry = {"check": _digest(json.dumps(value, sort_keys=True)), "value": value}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            with os.fdopen(handle, "w", encoding="utf-8") as f:
                json.dump(entry, f)
            os.replace(name, self._folder / f"{key}.json")
        except OSError:
            return


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def key_of(*parts: str) -> str:
    """A key of everything that the parts say."""
    return _digest("\0".join(parts))


@once
def environment() -> str:
    """Everything outside a lesson that can change a recording: Python and all distributions."""
    installed = sorted(f"{d.name}=={d.version}" for d in distributions())
    return key_of(sys.version, *installed)


@once
def engine(part: str) -> str:
    """Digest of a part of the engine's source, such as "record" or "judge"."""
    files = sorted((_ENGINE / part).rglob("*.py")) + [_ENGINE / "authoring.py"]
    return key_of(*(f"{f.name}:{f.read_text(encoding='utf-8')}" for f in files))
