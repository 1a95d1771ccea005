"""Results by key, a line each in a file that only grows: what was found is found once."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from asrun import cache
from tools.mutant_parts.place import ROOT

Result = dict[str, Any]


class Kept:
    """The results that a folder keeps of one part.

    Args:
        folder: where they are; None keeps nothing.
        part: its name.
    """

    def __init__(self, folder: Path | None, part: str) -> None:
        self._file = folder / f"{part}.jsonl" if folder else None
        self._known: dict[str, Result] = {}
        if self._file is not None and self._file.exists():
            for line in self._file.read_text(encoding="utf-8").splitlines():
                try:
                    entry = json.loads(line)
                    self._known[entry["key"]] = entry["result"]
                except (ValueError, KeyError):
                    continue  # the last line of a run that was interrupted

    def get(self, key: str) -> Result | None:
        """What was found; None where nothing was."""
        return self._known.get(key)

    def put(self, key: str, result: Result) -> None:
        """Keep what was found."""
        self._known[key] = result
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "result": result}) + "\n")


def key_of(*parts: str) -> str:
    """A key that changes with the parts, with what records and judges, and with what is installed."""
    return sha256("\0".join([_ground(), *parts]).encode()).hexdigest()[:24]


_KNOWN: list[str] = []


def _ground() -> str:
    if not _KNOWN:
        engine = ROOT / "hooks" / "asrun"
        files = [*engine.glob("*.py"), *engine.glob("record/*.py"), *engine.glob("judge/*.py")]
        files += [ROOT / "tools" / "mutant_parts" / f"{name}.py" for name in ("trial", "faulty")]
        parts = [f"{f.relative_to(ROOT)} {_digest(f)}" for f in sorted(files)]
        packages = sorted(f"{n}=={v}" for n, v in cache.packages().items())
        _KNOWN.append(sha256("\n".join(parts + packages).encode()).hexdigest())
    return _KNOWN[0]


def of_files(*files: Path) -> str:
    """A digest of files."""
    return sha256("\0".join(map(_digest, files)).encode()).hexdigest()


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
