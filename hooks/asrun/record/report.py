"""What a child tells of its own accord: said at once, and kept whatever becomes of the child.

A line of JSON each, into a file that was opened before the sandbox closed:

    {"kind": "refused", "message": "…", "todo": "…", "stack": [["app.py", 12, "get_db"], …]}

`kind` is a kind of problem. The message begins with a verb whose subject is the scenario: "opens a
socket".
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import NoReturn

from asrun.record.where import Place

TOLD = 75
"""Exit status of a child that has told why it ends."""
_MOST = 20

_file = -1
_said = 0
leave = os._exit
"""Ends this process at once. Kept here, since the sandbox puts something else in its place."""


def begin(descriptor: int) -> None:
    """Say where it goes.

    Args:
        descriptor: of a file, open for writing.
    """
    global _file  # noqa: PLW0603 - a process is one job
    _file = descriptor


def say(kind: str, message: str, todo: str, stack: Sequence[Place]) -> None:
    """Tell the parent what is wrong.

    Args:
        kind: "refused", "hung" or "crashed".
        message: what the lesson does, as a sentence without its subject.
        todo: what to do about it.
        stack: the author's frames, innermost last.
    """
    global _said  # noqa: PLW0603
    if _file < 0 or _said >= _MOST:
        return
    _said += 1
    line = {"kind": kind, "message": message, "todo": todo, "stack": list(stack)}
    try:
        os.write(_file, json.dumps(line).encode() + b"\n")
    except OSError:
        return  # closed by the snippet; the parent tells from how the child ends


def said() -> bool:
    """Whether anything was told."""
    return _said > 0


def end(kind: str, message: str, todo: str, stack: Sequence[Place]) -> NoReturn:
    """Tell the parent what is wrong, and end this process at once; see `say`."""
    say(kind, message, todo, stack)
    leave(TOLD)
