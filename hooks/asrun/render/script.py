"""The pages' script and style, as a browser gets them: without comments and white space.

The script is the player's files, joined into one: a browser blocks modules on `file://`, so they
are classic scripts that share one scope.
"""

from __future__ import annotations

from pathlib import Path

from rcssmin import cssmin
from rjsmin import jsmin

from asrun.render import paths

ORDER = (
    "core",
    "store",
    "version",
    "stage",
    "practice",
    "quiz",
    "predict",
    "runtime",
    "order",
    "explain",
    "review",
    "progress",
    "chooser",
)
"""The files by name: each uses only what those before it define while it loads."""


def render_script(docs: Path) -> dict[str, str]:
    """Return the script and the style by their paths below the docs folder, if they are there.

    Args:
        docs: the folder of the hand-written pages, which has the files they are made of.

    Raises:
        OSError: a file can't be read.
    """
    found = {}
    files = [docs / paths.PLAYER / f"{name}.js" for name in ORDER]
    if parts := [file.read_text(encoding="utf-8") for file in files if file.is_file()]:
        joined = "\n".join(['(() => {"use strict";', *parts, "})();"])
        found[paths.SCRIPT] = f"{jsmin(joined)}\n"
    if (style := docs / paths.STYLE).is_file():
        found[paths.STYLE] = f"{cssmin(style.read_text(encoding='utf-8'))}\n"
    return found
