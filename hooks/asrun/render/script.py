"""The pages' script: the player's files, joined into one that works from a folder, too.

A browser blocks modules on `file://`, so the files are classic scripts that share one scope.
"""

from __future__ import annotations

from pathlib import Path

from asrun.render import paths

ORDER = (
    "core",
    "store",
    "stage",
    "skim",
    "lanes",
    "compare",
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
    """Return the script by its path below the docs folder; nothing where there is no player.

    Args:
        docs: the folder of the hand-written pages, which has the player's files.

    Raises:
        OSError: a file can't be read.
    """
    files = [docs / paths.PLAYER / f"{name}.js" for name in ORDER]
    parts = [file.read_text(encoding="utf-8") for file in files if file.is_file()]
    if not parts:
        return {}
    return {paths.SCRIPT: '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"}
