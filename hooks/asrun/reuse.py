"""Whether a recording of an earlier run may be used: whether all that can change it is the same.

That is the lesson's files; every file of the project that the run opened, as the child saw it;
Python, and all distributions that are installed; the recorder itself. Each part is kept by itself,
so that a scenario that runs again can say why.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asrun import cache, received
from asrun.cache import Cache
from asrun.model import Lesson, Scenario
from asrun.received import Recording

_NOT_READ = {"recordings", "__pycache__"}
_WHY = {
    "off": "the cache is not used",
    "absent": "it was never recorded",
    "damaged": "what was kept of it is damaged",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What the cache has of a scenario.

    Attributes:
        recording: what may be used; None where it has to run.
        why: why it has to run.
        seconds: how long it ran last; None where that is not known.
    """

    recording: Recording | None
    why: str = ""
    seconds: float | None = None


class Reuse:
    """Recordings that are kept between builds.

    Args:
        store: where they are.
        options: what else `session.record` is given; a recording is kept for each.
    """

    def __init__(self, store: Cache, options: Mapping[str, Any] | None = None) -> None:
        self._store = store
        self._options = json.dumps(options or {}, sort_keys=True)
        self._parts: dict[str, dict[str, str]] = {}

    def look(self, lesson: Lesson, scenario: Scenario) -> Kept:
        """Whether a scenario has to run, and why."""
        found = self._store.look(self._key(lesson, scenario))
        if found.value is None:
            return Kept(None, _WHY[found.why])
        try:
            seconds = float(found.value["seconds"])
            why = self._changed(lesson, found.value["parts"], found.value["files"])
            if why:
                return Kept(None, why, seconds)
            files = sorted(found.value["files"])
            recording = received.recording({**found.value["recording"], "files": files})
            return Kept(recording, "", seconds)
        except (KeyError, TypeError, ValueError, AttributeError):
            return Kept(None, _WHY["damaged"])

    def keep(
        self, lesson: Lesson, scenario: Scenario, recording: Recording, seconds: float
    ) -> None:
        """Keep what was recorded."""
        root = project_of(lesson)
        value = {
            "parts": self._parts_of(lesson),
            "files": {name: _digest(root / name) for name in recording.files},
            "seconds": seconds,
            "recording": {
                "events": recording.events,
                "versions": recording.versions,
                "requests": recording.requests,
            },
        }
        self._store.put(self._key(lesson, scenario), value)
        if self._store.look(_packages_key()).why == "absent":
            self._store.put(_packages_key(), dict(cache.packages()))

    def _key(self, lesson: Lesson, scenario: Scenario) -> str:
        """Of the scenario, whatever has become of it: what it needs is looked at one by one."""
        return cache.key_of("recording", str(lesson.folder), scenario.name, self._options)

    def _parts_of(self, lesson: Lesson) -> dict[str, str]:
        if lesson.id not in self._parts:
            self._parts[lesson.id] = {
                "app.py": _digest(lesson.folder / "app.py"),
                "lesson.py": _digest(lesson.folder / "lesson.py"),
                "folder": cache.key_of(*names_in(lesson.folder)),
                "recorder": cache.engine("record"),
                "python": cache.python(),
                "packages": _packages_key(),
            }
        return self._parts[lesson.id]

    def _changed(self, lesson: Lesson, parts: Mapping[str, str], files: Mapping[str, str]) -> str:
        """Why a recording does not hold any more; "" where it does."""
        for name, now in self._parts_of(lesson).items():
            before = parts[name]
            if now == before:
                continue
            if name == "packages":
                return self._packages_changed(before)
            return _CHANGED.get(name, f"{name} has changed").format(before=before, now=now)
        root = project_of(lesson)
        for file, digest in files.items():
            if _digest(root / file) != digest:
                return f"{file} has changed"
        return ""

    def _packages_changed(self, before: str) -> str:
        was, now = self._store.get(before) or {}, cache.packages()
        changes = [
            f"{name} {was.get(name, 'none')} -> {now.get(name, 'none')}"
            for name in sorted({*was, *now})
            if was.get(name) != now.get(name)
        ]
        if not was or not changes:
            return "what is installed has changed"
        more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
        return f"what is installed has changed: {', '.join(changes[:3])}{more}"


_CHANGED = {
    "folder": "files were added to its folder, or taken away",
    "recorder": "asrun's recorder has changed",
    "python": "Python has changed: {before} -> {now}",
}


def project_of(lesson: Lesson) -> Path:
    """The project's root, which holds `snippets/<chapter>/<lesson>`."""
    return lesson.folder.parents[2]


def _packages_key() -> str:
    return cache.key_of("packages", *(f"{n}=={v}" for n, v in sorted(cache.packages().items())))


def _digest(file: Path) -> str:
    try:
        return cache.digest_of(file.read_bytes())
    except OSError:
        return ""


def names_in(folder: Path) -> list[str]:
    """Names of all files that a lesson's code may read of its folder, or ask whether they are there."""
    found = []
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _NOT_READ and not f.startswith("."))
        inside = Path(where).relative_to(folder)
        found += [str(inside / name) for name in sorted(files) if not name.startswith(".")]
    return found
