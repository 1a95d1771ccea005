"""Lessons with which nothing is wrong, kept between builds with all that was made of them.

The last stage's cache, as `reuse.py` is the first's. A lesson is kept with a digest of all that
went into it: its files and accepted recordings, what its runs opened, the list of releases, the
engine, Python and all distributions. While that is the same, none of its stages runs again. The
same is kept of a whole folder of pages: while all its lessons stand, nothing is written.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path
from typing import Any

from asrun import cache
from asrun.cache import Cache
from asrun.files import stats_of
from asrun.page import Counts, LessonPage

_ENGINE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a lesson that was finished.

    Attributes:
        digest: of all that went into it.
        scenarios: the names of its scenarios.
        counts: how much it adds to the site.
    """

    digest: str
    scenarios: tuple[str, ...]
    counts: Counts


@dataclass(frozen=True, slots=True)
class Page:
    """What was made of a lesson.

    Attributes:
        files: of its page, by their paths.
        gist: what other pages show of it.
    """

    files: dict[str, str]
    gist: LessonPage


class Finished:
    """Finished lessons of a project.

    Args:
        root: the project's root.
        titles: for each lesson's id, the title of its chapter.
        store: where they are kept.
    """

    def __init__(self, root: Path, titles: Mapping[str, str], store: Cache) -> None:
        self._root = root
        self._titles = titles
        self._store = store

    def look(self, lesson_id: str) -> Kept | None:
        """What is kept of a lesson; None where something that went into it has changed."""
        value = self._store.get(self._key("finished", lesson_id))
        try:
            if value is None or value["digest"] != self._digest(lesson_id, value["opened"]):
                return None
            counts = {**value["counts"], "fastapi": tuple(value["counts"]["fastapi"])}
            return Kept(value["digest"], tuple(value["scenarios"]), Counts(**counts))
        except (KeyError, TypeError):
            return None

    def page(self, lesson_id: str, kept: Kept) -> Page | None:
        """What was made of a lesson; None where that is gone."""
        value = self._store.get(self._key("page", lesson_id))
        try:
            if value is None or value["digest"] != kept.digest:
                return None
            return Page(dict(value["files"]), _gists().validate_python(value["gist"]))
        except (KeyError, TypeError, ValueError):
            return None

    def keep(self, page: LessonPage, files: Mapping[str, str], opened: Iterable[str]) -> str:
        """Keep a lesson, unless there is something wrong with it.

        Args:
            page: the lesson, told.
            files: of its page, by their paths.
            opened: files below the project's root that its runs opened.

        Returns:
            The digest of all that went into it.
        """
        lesson_id, names = page.lesson.id, sorted(set(opened))
        digest = self._digest(lesson_id, names)
        if page.problems:
            return digest
        gist = _gists().dump_python(page.gist(), mode="json")
        self._store.put(
            self._key("page", lesson_id), {"digest": digest, "files": dict(files), "gist": gist}
        )
        self._store.put(
            self._key("finished", lesson_id),
            {
                "digest": digest,
                "opened": names,
                "scenarios": [run.scenario for run in page.runs],
                "counts": dataclasses.asdict(Counts.of(page)),
            },
        )
        return digest

    def stands(self, out: Path, digests: Iterable[str]) -> bool:
        """Whether a folder still holds what was last built there, of these very lessons.

        Not if a page there says of a run that this build made it: the next build did not.
        """
        value = self._store.get(self._key("folder", str(out)))
        return value is not None and value == self._stamp(out, digests, fresh=False)

    def built(self, out: Path, digests: Iterable[str], *, fresh: bool) -> None:
        """Note that a folder was built of these lessons, and whether any was run for it."""
        self._store.put(self._key("folder", str(out)), self._stamp(out, digests, fresh=fresh))

    def _stamp(self, out: Path, digests: Iterable[str], *, fresh: bool) -> dict[str, object]:
        return {"digest": self._whole(digests), "files": stats_of(out), "fresh": fresh}

    def _key(self, kind: str, name: str) -> str:
        """Of a lesson, whatever has become of it."""
        return cache.key_of(kind, str(self._root), name)

    def _whole(self, digests: Iterable[str]) -> str:
        assets = sorted((self._root / "docs" / "assets").rglob("*.*s"))
        files = [self._root / "snippets" / "chapters.toml", *assets]
        of_files = (f"{f.name} {cache.digest_of(_bytes(f))}" for f in files)
        return cache.key_of(*of_files, *self._titles, *digests)

    def _digest(self, lesson_id: str, opened: Iterable[str]) -> str:
        folder = self._root / "snippets" / lesson_id
        parts = [_shared(self._root), lesson_id, self._titles.get(lesson_id, "")]
        for where, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in sorted(names):
                file = Path(where, name)
                parts += [str(file.relative_to(folder)), cache.digest_of(_bytes(file))]
        for name in opened:
            parts += [name, cache.digest_of(_bytes(self._root / name))]
        return cache.key_of(*parts)


@once
def _shared(root: Path) -> str:
    """A digest of what goes into every lesson."""
    engine = sorted(f for f in _ENGINE.rglob("*") if f.suffix in (".py", ".html"))
    project = [root / "pyproject.toml", root / "snippets" / "versions.toml"]
    digests = (f"{f.name} {cache.digest_of(_bytes(f))}" for f in [*engine, *project])
    return cache.key_of(cache.environment(), *digests)


def _bytes(file: Path) -> bytes:
    """What a file holds; nothing where it can't be read."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


@once
def _gists() -> Any:
    """Turns gists into plain data and back; made when first needed, since that takes a while."""
    from pydantic import TypeAdapter

    return TypeAdapter(LessonPage)
