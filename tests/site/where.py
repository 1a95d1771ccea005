"""Which pages the site has, by what `snippets/chapters.toml` lists."""

from __future__ import annotations

import tomllib
from importlib.metadata import version

from asrun import accepted
from asrun.render import paths
from asrun.versions import eras, releases
from tests.conftest import ROOT

with (ROOT / "snippets" / "chapters.toml").open("rb") as file:
    CHAPTERS: dict[str, list[str]] = {
        one["name"]: one["lessons"] for one in tomllib.load(file)["chapter"]
    }

LESSONS = [f"{chapter}/{name}.html" for chapter, names in CHAPTERS.items() for name in names]


def _eras(lesson_id: str) -> list[str]:
    """The pages of other releases, by the lesson's accepted recordings."""
    folders = sorted((ROOT / "snippets" / lesson_id / "recordings").iterdir())
    kept = {folder.name: accepted.read(folder)[0] for folder in folders}
    found = eras.of_releases(releases.read(ROOT).versions, kept, version("fastapi"))
    return sorted({f"{lesson_id}/{era.page}.html" for era in found if era.page})


ERAS = [page for lesson in LESSONS for page in _eras(lesson.removesuffix(".html"))]
SNAPSHOTS = [f"{chapter}/snapshots.html" for chapter in CHAPTERS]
SINGLE = [
    "index.html",
    "concepts.html",
    "review.html",
    "changes.html",
    "404.html",
    *(path.replace(".md", ".html") for path in paths.HAND_WRITTEN.values()),
]
PAGES = [*SINGLE, *LESSONS, *ERAS, *SNAPSHOTS]
KINDS = [*SINGLE, LESSONS[0], ERAS[0], SNAPSHOTS[0]]
"""One page of each kind."""
