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
def progress() -> Iterator[Callable[[str], None]]:
    """Tell on standard error what is being done, where someone looks."""
    if not err.is_terminal:
        yield lambda what: None
        return
    with err.status("starting") as status:
        yield lambda what: status.update(Text(what))
