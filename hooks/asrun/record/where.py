"""Which of the author's lines is running: for all that is to be told with file and line."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from types import CodeType, FrameType
from typing import Any

Place = tuple[str, int, str]
"""A file below the lesson's folder, a line, a function."""

_FOLDED = {"<locals>", "<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>", "<lambda>"}
_folder = ""


def begin(folder: str) -> None:
    """Say which folder holds the author's files.

    Args:
        folder: the lesson's, as its code objects carry it.
    """
    global _folder  # noqa: PLW0603 - a process runs one lesson
    _folder = folder.rstrip(os.sep) + os.sep


def file_of(code: CodeType) -> str:
    """The author's file that a code object is from; "" for other code."""
    name = code.co_filename
    return name[len(_folder) :] if _folder and name.startswith(_folder) else ""


def function_of(code: CodeType) -> str:
    """The function that a code object is of; a comprehension belongs to the one that it is in."""
    names = [name for name in code.co_qualname.split(".") if name not in _FOLDED]
    return names[-1] if names else "<module>"


def _place(frame: FrameType) -> Place | None:
    """Where a frame is, if it is the author's."""
    file = file_of(frame.f_code)
    return (file, frame.f_lineno, function_of(frame.f_code)) if file else None


def on_stack(frame: FrameType | None) -> list[Place]:
    """The author's frames on a stack, innermost last."""
    found: list[Place] = []
    while frame is not None:
        place = _place(frame)
        if place is not None and place not in found[-1:]:
            found.append(place)
        frame = frame.f_back
    return found[::-1]


def anywhere(frame: FrameType | None) -> list[Place]:
    """The author's frames that are meant: on this stack, else in another thread or a task.

    Args:
        frame: the innermost frame of the stack that matters.
    """
    here = on_stack(frame)
    if here:
        return here
    candidates = _other_threads() + _waiting()
    # A task of the app says more than the scenario that waits for it.
    candidates.sort(key=lambda stack: stack[-1][0] == "lesson.py")
    return candidates[0] if candidates else []


def other_thread() -> list[Place]:
    """Where a thread but the calling one is in the author's code, or is about to begin in it."""
    stacks = _other_threads()
    if stacks:
        return stacks[0]
    for thread in threading.enumerate():
        target = getattr(thread, "_target", None) or type(thread).run
        code = getattr(getattr(target, "__func__", target), "__code__", None)
        if (
            isinstance(code, CodeType)
            and file_of(code)
            and thread is not threading.current_thread()
        ):
            return [(file_of(code), code.co_firstlineno, function_of(code))]
    return []


def _other_threads() -> list[list[Place]]:
    me = threading.get_ident()
    stacks = [on_stack(top) for ident, top in sys._current_frames().items() if ident != me]
    return [stack for stack in stacks if stack]


def _waiting() -> list[list[Place]]:
    """The author's frames in tasks that wait."""
    loop = _running_loop()
    if loop is None:
        return []
    try:
        tasks = asyncio.all_tasks(loop)
    except RuntimeError:  # the loop's thread goes on while its tasks are read
        return []
    stacks = [_awaited(task.get_coro()) for task in tasks]
    return [stack for stack in stacks if stack]


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs on the main thread, whichever thread asks."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None:
        if frame.f_code.co_name == "run_forever":
            loop = frame.f_locals.get("self")
            return loop if isinstance(loop, asyncio.AbstractEventLoop) else None
        frame = frame.f_back
    return None


def _awaited(awaitable: Any) -> list[Place]:
    """The author's frames of what is suspended, and of what it awaits, outermost first."""
    found: list[Place] = []
    seen: set[int] = set()
    while awaitable is not None and id(awaitable) not in seen:
        seen.add(id(awaitable))
        frame = getattr(awaitable, "cr_frame", None) or getattr(awaitable, "ag_frame", None)
        place = _place(frame) if frame is not None else None
        if place is not None:
            found.append(place)
        inner = getattr(awaitable, "cr_await", None) or getattr(awaitable, "ag_await", None)
        if inner is None and type(awaitable).__name__ in _WRAPPERS:
            held = gc.get_referents(awaitable)
            inner = next(
                (x for x in held if hasattr(x, "ag_frame") or hasattr(x, "cr_frame")), None
            )
        awaitable = inner
    return found


_WRAPPERS = {
    "async_generator_asend",
    "async_generator_athrow",
    "anext_awaitable",
    "coroutine_wrapper",
}
"""What is put around an async generator that is awaited; the collector alone can look inside."""
