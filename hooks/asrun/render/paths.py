"""Where each page and file is, below the docs folder, and how one links to another.

A lesson's page is `<chapter>/<lesson>.md`; what can be downloaded is beside it, in
`<chapter>/<lesson>/`. Whoever writes a file that a page links to takes its path from here.
"""

from __future__ import annotations

import posixpath

HOME = "index.md"
CONCEPTS = "concepts.md"
REVIEW = "review.md"
CHANGES = "changes.md"
HOW = "how.md"
ADD = "add.md"
QUERIES = "queries.md"
SANDBOX = "sandbox.md"
VERSIONS = "versions.md"
HAND_WRITTEN = {
    "How this site is made": HOW,
    "Add a lesson": ADD,
    "What a proof can ask": QUERIES,
    "Other releases of FastAPI": VERSIONS,
    "What holds a lesson's code": SANDBOX,
}
"""The pages in `docs/`, by title, in the order of the navigation."""
SCHEMA = "trace.schema.json"
"""The JSON Schema of a trace."""
SCRIPT = "assets/asrun.js"
"""The script of the pages, and below it the folder of the files that it is joined from."""
PLAYER = "assets/player"
STYLE = "assets/asrun.css"
"""The style, which has the same path below the docs folder where it is written by hand."""

_SNAPSHOTS = "snapshots"


def lesson(lesson_id: str) -> str:
    """Return the path of a lesson's page."""
    return f"{lesson_id}.md"


def snapshots(chapter: str) -> str:
    """Return the path of a chapter's page of snapshots."""
    return f"{chapter}/{_SNAPSHOTS}.md"


def era(lesson_id: str, name: str) -> str:
    """Return the path of a lesson's page of other releases, by the oldest that behaves so."""
    return f"{lesson_id}/{name}.md" if name else lesson(lesson_id)


def trace(lesson_id: str, scenario: str, behaviour: str = "") -> str:
    """Return the path of a run's trace; of other releases, by the name of the behaviour."""
    return (
        f"{lesson_id}/{behaviour}/{scenario}.json" if behaviour else f"{lesson_id}/{scenario}.json"
    )


def copy(lesson_id: str, name: str) -> str:
    """Return the path of the copy of `app.py` or `lesson.py`."""
    return f"{lesson_id}/{name}"


def root(source: str) -> str:
    """Return the way from the page `source` to the site's root: "" or `../`."""
    return "../" * source.count("/")


def link(source: str, target: str) -> str:
    """Return the address of the file `target` as the page `source` links to it.

    Both are paths below the docs folder; a page's address ends in `.html`, so that the site
    works from a folder, too.
    """
    path = posixpath.relpath(target, posixpath.dirname(source) or ".")
    return f"{path[:-3]}.html" if path.endswith(".md") else path
