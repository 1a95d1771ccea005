"""How a job ended: what its child left behind, read as what a stranger says.

A child runs contributed code, which can write anything at all into what the parent reads here.
Nothing of it is followed, imported or printed as it is: links are not followed, sizes are bounded,
and characters that would command a terminal show as what they are.
"""

from __future__ import annotations

import json
import os
import re
import signal
import stat
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from asrun.record.job import FAILED
from asrun.record.limits import Limits, too_many_files

Place = tuple[str, int, str]
"""A file below the lesson's folder, a line, a function."""

_MOST = 64 * 1024
_MOST_OF_RESULT = 64 * 1024 * 1024
_KINDS = ("crashed", "hung", "refused")
_COMMANDS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Characters that a terminal or a page would obey and not show: control characters, marks that
change the direction of writing, and halves of characters, which cannot be written at all."""
_MAY_COMMAND = re.compile(rb"\\[ubfr]|[\x7f-\xff]")
"""What JSON text holds where one of them may be in it."""

_COMPREHENSIONS = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}


@dataclass(frozen=True, slots=True)
class Said:
    """What a child told of its own accord before it ended; see `record/report.py`.

    Attributes:
        kind: a kind of problem: "refused", "hung" or "crashed".
        message: what the lesson did, as a sentence without its subject; "" where the kind says it.
        todo: what to do about it.
        stack: the author's frames, innermost last.
    """

    kind: str
    message: str
    todo: str
    stack: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended.

    Attributes:
        result: what its entry returned; None where it did not return.
        said: what it told of its own accord, in order.
        stack: the author's frames that C code stood in when it crashed or hung, innermost last.
        code: the child's exit status; negative for a signal.
        output: the end of what it wrote to standard output and standard error.
        seconds: of real time that it took.
    """

    result: dict[str, Any] | None
    said: tuple[Said, ...] = ()
    stack: tuple[Place, ...] = ()
    code: int = 0
    output: str = ""
    seconds: float = 0.0

    @property
    def hung(self) -> bool:
        """Whether it outlived its deadline."""
        if self.said:
            return self.said[0].kind == "hung"
        if self.result is not None:
            return False
        return self.code == -_KILL or (self.code == 1 and bool(self.stack))

    @property
    def failed(self) -> bool:
        """Whether the engine itself failed in it, which it says."""
        told = "Traceback" in self.output
        return self.result is None and not self.said and self.code == FAILED and told

    @property
    def how(self) -> str:
        """How the process ended, in words."""
        if self.code >= 0:
            return f"ended itself with status {self.code}"
        try:
            return f"was ended by {signal.Signals(-self.code).name}"
        except ValueError:
            return f"was ended by signal {-self.code}"


_KILL = 9


def read(folder: Path, lesson: str, code: int, seconds: float) -> Ending:
    """Read how a job ended.

    Args:
        folder: the job's folder, in which no process writes any more.
        lesson: the lesson's folder, whose files are the author's.
        code: the child's exit status.
        seconds: how long it took.
    """
    output = clean(_text(folder / "output.txt", _MOST)[-8_000:])
    said = tuple(filter(None, map(_said, _text(folder / "report.txt", _MOST).splitlines())))
    result = _result(folder / "result.json") if code == 0 else None
    stack = () if said else _dumped(_text(folder / "stacks.txt", _MOST), lesson)
    return Ending(result, said, stack, code, output, seconds)


def overflowed(ending: Ending, limits: Limits) -> Ending:
    """The ending of a job that wrote too much to its folder, whether or not it said so itself."""
    if ending.said:
        return ending
    return replace(ending, said=(Said("refused", *too_many_files(limits), ()),))


def clean(text: str) -> str:
    r"""Text that commands nothing: what a terminal would obey shows as its escape, as in `\x1b`."""
    return _COMMANDS.sub(lambda m: m[0].encode("unicode_escape").decode(), text)


def cleaned(value: Any) -> Any:
    """The same for all text in JSON data."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [cleaned(v) for v in value]
    if isinstance(value, dict):
        return {clean(k): cleaned(v) for k, v in value.items()}
    return value


def places(stack: Any) -> tuple[Place, ...]:
    """A stack as a child tells it, with names of files that lie below the lesson's folder.

    Raises:
        ValueError: it is none.
    """
    try:
        found = [
            (clean(str(file)), int(line), clean(str(function))) for file, line, function in stack
        ]
    except (TypeError, ValueError) as error:
        raise ValueError("this is no stack") from error
    for file, _, _ in found:
        parts = PurePosixPath(file).parts
        if not parts or parts[0] == "/" or ".." in parts:
            raise ValueError(f"{file} is no file of the lesson")
    return tuple(found)


def _result(path: Path) -> dict[str, Any] | None:
    data = _bytes(path, _MOST_OF_RESULT)
    try:
        result = json.loads(data)
        if _MAY_COMMAND.search(data):
            result = cleaned(result)
    except (ValueError, RecursionError):
        return None
    return result if isinstance(result, dict) else None


def _said(line: str) -> Said | None:
    try:
        told = json.loads(line)
        if told["kind"] not in _KINDS:
            return None
        message, todo = clean(str(told["message"])), clean(str(told["todo"]))
        return Said(told["kind"], message, todo, places(told["stack"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _dumped(text: str, lesson: str) -> tuple[Place, ...]:
    """The author's frames in faulthandler's dump: of the first thread that has some.

    It writes, innermost first, a thread after another:

        Thread 0x00007f… (most recent call first):
          File "…/app.py", line 12 in get_db
    """
    threads: list[list[Place]] = [[]]
    for line in text.splitlines():
        if "(most recent call first)" in line:
            threads.append([])
        parts = line.strip().split('"')
        if len(parts) != 3 or not parts[1].startswith(lesson.rstrip("/\\") + os.sep):
            continue
        number, _, function = parts[2].removeprefix(", line ").partition(" in ")
        if number.isdecimal():
            file = Path(parts[1]).relative_to(lesson).as_posix()
            threads[-1].append((clean(file), int(number), clean(function)))
    # A comprehension belongs to the function that it is in, which stands above it.
    named = [[p for p in thread if p[2] not in _COMPREHENSIONS] or thread for thread in threads]
    found = [thread[::-1] for thread in named if thread]
    found.sort(key=lambda stack: stack[-1][0] == "lesson.py")
    return tuple(found[0]) if found else ()


def _text(path: Path, most: int) -> str:
    return _bytes(path, most, from_the_end=True).decode(errors="replace")


def _bytes(path: Path, most: int, *, from_the_end: bool = False) -> bytes:
    """What is in a plain file, at most so much; nothing of what is no plain file."""
    try:
        descriptor = os.open(
            path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        )
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return b""
        if from_the_end:
            file.seek(max(0, found.st_size - most))
        elif found.st_size > most:
            return b""
        return file.read(most)
