"""An environment for each release: made with uv, shared by all projects of a user, deletable.

An environment is a list of distributions, each at one version. Each distribution is installed
once, in a folder of its own; an environment is an empty venv whose `.pth` file lists folders. So a
release costs what is new in it, and a mixture (this FastAPI with that Starlette) costs nothing.

    distributions/py311/starlette-0.27.0/   one distribution, installed by uv and compiled
    3f0a…/bin/python                        an environment
    3f0a…/asrun.json                        written last: what is in it
    resolutions/…json                       what uv resolved
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache as once
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Literal

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from asrun import cache
from asrun.versions.releases import Release
from asrun.versions.uv import Unreachable, Uv

Basis = Literal["day", "newest"]
"""Which dependencies a release gets: those of its release day, or the newest that install."""

MINIMUM = (3, 11)
"""The lowest Python that the recorder runs on."""
_TRIED_ON = "httpx"
"""What the recorder needs beside FastAPI: lessons are written in its terms."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a recording runs on.

    Attributes:
        release: the version of FastAPI.
        pins: distributions and their versions, by name.
        python: the interpreter that it is made with; where `here`, the one that it is.
        here: whether it is the environment that asrun itself runs in.
        raised: distributions that had to be newer than on the release day, for the lessons' sake.
    """

    release: str
    pins: tuple[tuple[str, str], ...]
    python: str
    here: bool = False
    raised: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Changes when anything does that a recording may depend on."""
        if self.here:
            return cache.environment()
        return cache.key_of(self.python, *(f"{n}=={v}" for n, v in self.pins))

    def version(self, name: str) -> str:
        """The version of a distribution, or ""."""
        return dict(self.pins).get(name, "")

    @property
    def python_version(self) -> str:
        """The interpreter's version, as far as its name tells it: `3.11`."""
        return ".".join(map(str, _version_of(self.python)))

    def with_pins(self, pins: Mapping[str, str]) -> Environment:
        """The same with other versions of some distributions."""
        mixed = tuple(sorted({**dict(self.pins), **pins}.items()))
        return Environment(pins.get("fastapi", self.release), mixed, self.python)


def default_folder() -> Path:
    """Where environments are: `$ASRUN_ENVIRONMENTS`, or in the user's cache."""
    named = os.environ.get("ASRUN_ENVIRONMENTS")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "asrun" / "environments"


class Environments:
    """Makes environments, or finds them made.

    Args:
        root: the project's root.
        uv: runs uv.
        folder: where they are kept.
        python: the interpreter; the lowest that the recorder runs on and the machine has.
    """

    def __init__(
        self, root: Path, uv: Uv, folder: Path | None = None, python: str | None = None
    ) -> None:
        self._root = root
        self._uv = uv
        self.folder = folder or default_folder()
        self.python = python or uv.python(MINIMUM, sys.executable)
        self._extras = closure([_TRIED_ON, *lesson_packages(root)])

    @property
    def offline(self) -> bool:
        """Whether the index is out of reach, or must not be asked."""
        return self._uv.offline

    def here(self) -> Environment:
        """The environment that asrun itself runs in."""
        names = closure(["fastapi", _TRIED_ON, *lesson_packages(self._root)])
        return Environment(version("fastapi"), tuple(sorted(names.items())), sys.executable, True)

    def of(self, release: Release, basis: Basis) -> Environment:
        """The environment of a release; nothing is installed yet.

        Raises:
            UvError: its dependencies cannot be resolved, or the index was not reached.
        """
        requirements = [f"fastapi=={release.version}"]
        requirements += [f"{name}{spec}" for name, spec in release.pins.items()]
        until = release.day if basis == "day" else None
        core = self._resolved(requirements, until)
        pins, raised = _joined(core, self._extras)
        return Environment(release.version, tuple(sorted(pins.items())), self.python, False, raised)

    def interpreter(self, environment: Environment) -> str:
        """Make an environment where it is not there yet.

        Returns:
            The path of its interpreter.

        Raises:
            UvError: a distribution cannot be installed, or the index was not reached.
        """
        if environment.here:
            return environment.python
        folder = self.folder / environment.key[:16]
        python = folder / "bin" / "python"
        made = folder / "asrun.json"
        if made.exists() and python.exists():
            return str(python)
        folders = [self._distribution(name, v) for name, v in environment.pins]
        with self._lock(environment.key[:16]):
            if made.exists() and python.exists():
                return str(python)
            shutil.rmtree(folder, ignore_errors=True)
            self._uv.venv(environment.python, folder)
            (site,) = folder.glob("lib/python*/site-packages")
            (site / "asrun.pth").write_text("".join(f"{f}\n" for f in folders), encoding="utf-8")
            made.write_text(json.dumps(dict(environment.pins), indent=1), encoding="utf-8")
        return str(python)

    def is_made(self, environment: Environment) -> bool:
        """Whether nothing has to be installed for it."""
        return environment.here or (self.folder / environment.key[:16] / "asrun.json").exists()

    def delete(self) -> int:
        """Delete all of them.

        Returns:
            How many bytes were on disk.
        """
        size = sum(f.lstat().st_blocks * 512 for f in self.folder.rglob("*") if f.is_file())
        shutil.rmtree(self.folder, ignore_errors=True)
        return size

    def _distribution(self, name: str, pinned: str) -> Path:
        """The folder of one distribution, installed."""
        tag = f"py{''.join(map(str, _version_of(self.python)))}"
        folder = self.folder / "distributions" / tag / f"{name}-{pinned}"
        if folder.exists():
            return folder
        with self._lock(f"{name}-{pinned}"):
            if not folder.exists():
                part = folder.with_name(f".{folder.name}")
                shutil.rmtree(part, ignore_errors=True)
                part.mkdir(parents=True)
                self._uv.install(f"{name}=={pinned}", self.python, part)
                part.replace(folder)
        return folder

    def _resolved(self, requirements: Sequence[str], until: date | None) -> dict[str, str]:
        """What uv resolves, asked once; where there is no last day, once a day."""
        key = cache.key_of(self.python, str(until), *requirements)[:24]
        file = self.folder / "resolutions" / f"{key}.json"
        today = date.today()  # noqa: DTZ011 - the user's own day
        kept: dict[str, str] | None = None
        try:
            answer = json.loads(file.read_text(encoding="utf-8"))
            kept = dict(answer["pins"])
            if (until is not None and until < today) or answer["asked"] == today.isoformat():
                return kept
        except (OSError, ValueError, KeyError):
            pass
        try:
            pins = self._uv.resolve(requirements, self.python, until)
        except Unreachable:
            if kept is None:
                raise
            return kept
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{key}.{os.getpid()}.{threading.get_ident()}")
        part.write_text(json.dumps({"asked": today.isoformat(), "pins": pins}), encoding="utf-8")
        part.replace(file)
        return pins

    @contextlib.contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        """Hold what two processes must not make at once."""
        folder = self.folder / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def lesson_packages(root: Path) -> list[str]:
    """What the project's lessons import beyond FastAPI: the group `lessons` of pyproject.toml."""
    try:
        table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):
        return []
    group = table.get("dependency-groups", {}).get("lessons", [])
    return [str(entry) for entry in group if isinstance(entry, str)]


def closure(requirements: Sequence[str]) -> dict[str, str]:
    """Requirements and all that they require, at the versions that are installed here.

    Args:
        requirements: as in a requirements file; what is not installed is left out.

    Returns:
        Versions by name.
    """
    found: dict[str, str] = {}
    seen: set[tuple[str, tuple[str, ...]]] = set()
    waiting = [Requirement(r) for r in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = tuple(sorted(requirement.extras))
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue  # an environment without it: lessons that import it say so
        found[name] = installed.version
        waiting += [r for r in _requires(name) if _applies(r, extras)]
    return found


def _requires(name: str) -> list[Requirement]:
    result = []
    for text in distribution(name).requires or ():
        with contextlib.suppress(InvalidRequirement):
            result.append(Requirement(text))
    return result


def _applies(requirement: Requirement, extras: Sequence[str] = ()) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": e}) for e in extras or ("",))


def _joined(
    core: Mapping[str, str], extras: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """FastAPI with its dependencies, and what the lessons need beside it.

    What FastAPI requires is as its release day had it; what only some of its releases require,
    such as httpx, is the same for all. Where a release day's version is too old for the lessons'
    packages, it is as new as in the environment that asrun runs in.

    Returns:
        Versions by name, and the names that had to be raised.
    """
    own = closure(["fastapi"])
    pins = {**core, **{n: v for n, v in extras.items() if n not in core or n not in own}}
    raised = set()
    for name in extras:
        if name in own:
            continue  # its requirements were resolved with FastAPI's
        for requirement in _requires(name):
            needed = canonicalize_name(requirement.name)
            if needed not in own or needed not in extras or not _applies(requirement):
                continue
            if not _fits(requirement.specifier, pins[needed]):
                pins[needed] = extras[needed]
                raised.add(needed)
    return pins, tuple(sorted(raised))


def _fits(specifier: SpecifierSet, pinned: str) -> bool:
    return specifier.contains(pinned, prereleases=True)


@once
def _version_of(python: str) -> tuple[int, int]:
    """Major and minor version of an interpreter, by its name; else by asking it."""
    match = re.search(r"python(\d)\.(\d+)$", python)
    if match:
        return int(match[1]), int(match[2])
    said = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:2])"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    return int(said[0]), int(said[1])
