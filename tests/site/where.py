"""Which pages the site has, by what `snippets/chapters.toml` lists."""

from __future__ import annotations

import tomllib

from asrun.render import paths
from tests.conftest import ROOT

with (ROOT / "snippets" / "chapters.toml").open("rb") as file:
    CHAPTERS: dict[str, list[str]] = {
        one["name"]: one["lessons"] for one in tomllib.load(file)["chapter"]
    }

LESSONS = [f"{chapter}/{name}.html" for chapter, names in CHAPTERS.items() for name in names]
SNAPSHOTS = [f"{chapter}/snapshots.html" for chapter in CHAPTERS]
SINGLE = [
    "index.html",
    "concepts.html",
    "review.html",
    "404.html",
    *(path.replace(".md", ".html") for path in paths.HAND_WRITTEN.values()),
]
PAGES = [*SINGLE, *LESSONS, *SNAPSHOTS]
KINDS = [*SINGLE, LESSONS[0], SNAPSHOTS[0]]
"""One page of each kind."""
