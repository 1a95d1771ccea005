"""The pages' script and style, as a browser gets them: without comments, white space and long names.

The script is the player's files, joined into one: a browser blocks modules on `file://`, so they
are classic scripts that share one scope.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import minify

from asrun.render import paths

ORDER = (
    "core",
    "store",
    "practice",
    "version",
    "lanes",
    "skim",
    "stage",
    "runtime",
    "predict",
    "explain",
    "quiz",
    "compare",
    "order",
    "review",
    "progress",
    "chooser",
)
"""The files by name: each uses only what those before it define while it loads.

Where that leaves a choice, like stands beside like: it compresses better.
"""


def joined(docs: Path) -> tuple[str, list[tuple[Path, int]]]:
    """Return the player's files as one text, and each file with the number of its lines in it.

    Args:
        docs: the folder of the hand-written pages, which has the files.

    Raises:
        OSError: a file can't be read.
    """
    files = [docs / paths.PLAYER / f"{name}.js" for name in ORDER]
    texts = {file: file.read_text(encoding="utf-8") for file in files if file.is_file()}
    lines = [(file, text.count("\n") + 1) for file, text in texts.items()]
    return "\n".join(texts.values()), lines


def origin(lines: Sequence[tuple[Path, int]], line: int) -> tuple[Path, int]:
    """Return the file of a line of the joined script, and the line's number there."""
    for file, count in lines:
        if line <= count:
            return file, line
        line -= count
    file, count = lines[-1]
    return file, count


def render_script(docs: Path) -> dict[str, str]:
    """Return the script and the style by their paths below the docs folder, if they are there.

    Args:
        docs: the folder of the hand-written pages, which has the files they are made of.

    Raises:
        OSError: a file can't be read.
        SyntaxError: the script is no JavaScript; names the player's file and line.
    """
    found = {}
    script, lines = joined(docs)
    if script:
        try:
            small = minify.string("text/javascript", f"(() => {{{script}\n}})();")
        except minify.MinifyError as error:
            what, _, where = str(error).partition("\n")[0].rpartition(" on line ")
            file, line = origin(lines, int(where.partition(" ")[0]))
            raise SyntaxError(what, (str(file), line, None, None)) from None
        found[paths.SCRIPT] = f"{small}\n"
    if (style := docs / paths.STYLE).is_file():
        found[paths.STYLE] = f"{minify.string('text/css', style.read_text(encoding='utf-8'))}\n"
    return found
