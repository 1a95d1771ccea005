"""Which releases of FastAPI there are, and when each came out: `snippets/versions.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from packaging.version import InvalidVersion, Version

from asrun.model import Problem
from asrun.problems import ProblemError

FILE = "snippets/versions.toml"
OLDEST = "0.95.2"
"""Where a new list begins: the oldest release that the recorder was tried with."""

_HEAD = """\
# The releases of FastAPI that `asrun versions` records on, and the day on which each came out.
# `asrun versions --refresh` adds those that are new. A table `[pins."VERSION"]` says which
# dependencies a release needs where those of its release day do not do: starlette = "<0.49".
"""


class Index(Protocol):
    """The package index, asked through uv."""

    def newest_below(self, package: str, below: str) -> tuple[str, date] | None:
        """The newest release below a version ("" for the newest of all), and its day."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release of FastAPI.

    Attributes:
        version: as the index has it.
        day: on which it came out, in UTC.
        pins: what it needs beside its own requirements, as `name: specifier`.
    """

    version: str
    day: date
    pins: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """The releases that the project looks at, oldest first."""

    releases: tuple[Release, ...]

    def __iter__(self) -> Iterator[Release]:
        return iter(self.releases)

    def __len__(self) -> int:
        return len(self.releases)

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions alone."""
        return tuple(r.version for r in self.releases)

    @property
    def days(self) -> dict[str, str]:
        """Each version, and its day as `2023-05-16`."""
        return {r.version: r.day.isoformat() for r in self.releases}

    def find(self, version: str) -> Release | None:
        """The release of that version, or None."""
        return next((r for r in self.releases if r.version == version), None)

    def minors(self) -> tuple[int, ...]:
        """Places of the first release of each minor, of the oldest and of the newest."""
        places: dict[tuple[int, int], int] = {}
        for i, release in enumerate(self.releases):
            v = Version(release.version)
            places.setdefault((v.major, v.minor), i)
        newest = {len(self.releases) - 1} if self.releases else set()
        return tuple(sorted({*places.values(), *newest}))


def read(root: Path) -> Listing:
    """Read the list of a project.

    Args:
        root: the project's root.

    Returns:
        The releases; none where the project has no list.

    Raises:
        ProblemError: the file cannot be read.
    """
    path = root / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Listing(())
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise _invalid(f"this is not valid TOML: {error}", int(line[1]) if line else 1) from None
    releases = []
    pins = table.get("pins", {})
    for version, day in table.get("releases", {}).items():
        place = text[: text.find(f'"{version}"')].count("\n") + 1
        if not isinstance(day, date) or isinstance(day, datetime):
            raise _invalid(f"the day of {version} is no date", place)
        try:
            Version(version)
        except InvalidVersion:
            raise _invalid(f"`{version}` is no version", place) from None
        releases.append(Release(version, day, dict(pins.get(version, {}))))
    return Listing(_sorted(releases))


def look(
    root: Path, index: Index, tell: Callable[[str], None] = lambda what: None
) -> tuple[Listing, tuple[Release, ...]]:
    """The list of a project, and what is new in the index; nothing is written.

    Args:
        root: the project's root.
        index: the package index.
        tell: is told each release that is found.

    Returns:
        The whole list, and what was added to it.
    """
    known = read(root)
    added = tuple(_newer_than(known, index, tell))
    return Listing(_sorted([*known, *added])), added


def newest(index: Index) -> Release | None:
    """The newest release that the index has."""
    found = index.newest_below("fastapi", "")
    return Release(*found) if found else None


def write(root: Path, listing: Listing) -> None:
    """Write the list of a project."""
    lines = [_HEAD, "[releases]"]
    lines += [f'"{r.version}" = {r.day.isoformat()}' for r in listing]
    for release in listing:
        if release.pins:
            lines += ["", f'[pins."{release.version}"]']
            lines += [f'{name} = "{spec}"' for name, spec in sorted(release.pins.items())]
    path = root / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _newer_than(known: Listing, index: Index, tell: Callable[[str], None]) -> Iterator[Release]:
    """Walk down from the newest release to what is known; the index lists by asking below each."""
    floor = Version(known.releases[-1].version if len(known) else OLDEST)
    below = ""
    while (found := index.newest_below("fastapi", below)) is not None:
        version, day = found
        if Version(version) < floor or (len(known) and Version(version) == floor):
            return
        tell(f"{version} of {day.isoformat()}")
        yield Release(version, day)
        below = version


def _sorted(releases: Sequence[Release]) -> tuple[Release, ...]:
    return tuple(sorted(releases, key=lambda r: Version(r.version)))


def _invalid(message: str, line: int) -> ProblemError:
    return ProblemError(Problem("lesson-invalid", FILE, line, message, "Mend the line."))
