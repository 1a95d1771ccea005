"""Where the commands run, and how they tell what they do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

out = Console()
err = Console(stderr=True)

Progress = Callable[[str], None]
"""Is told, in a few words, what begins."""


def root() -> Path:
    """The project's root: the nearest folder upwards that holds `snippets/chapters.toml`."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "snippets" / "chapters.toml").is_file():
            return folder
    return here


def in_ci() -> bool:
    """Whether this runs where no one looks at what is accepted."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


@contextmanager
def progress(*, log: bool = False) -> Iterator[Progress]:
    """Tell on standard error what is being done, in place where someone looks.

    Args:
        log: whether it is told where no one looks, too, a line each.
    """
    if not err.is_terminal:
        yield lambda what: err.print(Text(what), soft_wrap=True) if log else None
        return
    with err.status("starting") as status:
        yield lambda what: status.update(Text(what))
