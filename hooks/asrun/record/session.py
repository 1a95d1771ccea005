"""One scenario, recorded from start to end in this process.

Knows nothing of processes, deadlines and sandboxes: `child.py` does.
"""

from __future__ import annotations

import asyncio
import gc
import platform
import sys
import threading
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from asrun.authoring import Registry, registry
from asrun.record import boundaries, probes, randomness, tracers
from asrun.record.clock import Clock
from asrun.record.frames import FrameLog, Tracer
from asrun.record.log import Log, request_id
from asrun.record.loop import VirtualLoop
from asrun.record.program import Program
from asrun.record.server import Server
from asrun.record.source import Source
from asrun.record.turns import Hold, Turns
from asrun.record.values import Encoder
from asrun.record.wire import Lifespan, Wire

_TURNS = 20
"""Turns of the event loop after the last request, for what finalizers still start."""


class AuthorError(Exception):
    """The lesson itself went wrong, at one of its author's lines.

    Args:
        kind: "crashed" or "lesson-invalid".
        message: what is wrong, in one sentence.
        stack: the author's frames as (file name, line, function), innermost last.
    """

    def __init__(self, kind: str, message: str, stack: list[tuple[str, int, str]]) -> None:
        super().__init__(message)
        self.kind = kind
        self.stack = stack


def record(
    folder: Path, scenario: str, hold: Hold = None, tracer: tracers.Name | None = None
) -> dict[str, Any]:
    """Record one scenario of a lesson.

    Args:
        folder: the lesson's folder, with `app.py` and `lesson.py`.
        scenario: the name of the scenario's function.
        hold: how worker threads are ordered; see `turns.py`.
        tracer: the tracer to use; None for the one that suits this interpreter.

    Returns:
        `{"events": [raw events], "versions": {distribution: version}, "requests": n,
        "tracer": which, and why}`.

    Raises:
        AuthorError: the lesson crashed, or lacks what it has to have.
        RuntimeError: the recorder itself failed.
    """
    clock = Clock()
    log = Log(clock)
    clock.install()
    turns = Turns(clock, hold, request_id)
    turns.install()
    randomness.install()
    # When the collector runs depends on how much was allocated, by the recorder, too.
    gc.disable()
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
        sys.dont_write_bytecode = True
    app_module, app_code = _load("app", folder)
    app = getattr(app_module, "app", None)
    if app is None or not callable(app):
        raise AuthorError("lesson-invalid", "app.py has no `app`", [("app.py", 1, "<module>")])
    _load("lesson", folder)
    run = registry.scenarios.get(scenario)
    if run is None:
        message = f"lesson.py has no scenario `{scenario}`"
        raise AuthorError("lesson-invalid", message, [("lesson.py", 1, "<module>")])
    source = Source((folder / "app.py").read_text(encoding="utf-8"))
    encoder = Encoder(_guarded_watches(registry, log), log.on_loop)
    encoder.failed = log.fail
    frames = FrameLog(log, source, encoder, str(folder / "app.py"))
    chosen, reason = tracers.choose(frames, app_code, tracer)
    loop = VirtualLoop(turns)
    asyncio.set_event_loop(loop)
    Program(log, encoder).install(loop)
    probes.install(log)
    boundaries.install(log, encoder)
    chosen.start()
    notice = _Notice(chosen, log)
    notice.install()
    try:
        requests = loop.run_until_complete(_play(Wire(app, log, encoder), run, log, loop))
        loop.run_until_complete(_end(loop))
    except SystemExit as error:
        stack = author_stack(error.__traceback__)
        raise AuthorError("crashed", "the lesson called sys.exit", stack) from error
    finally:
        notice.check()
        chosen.stop()
        log.open = False
    if log.author_error is not None:
        raise AuthorError("crashed", *log.author_error)
    if log.failure is not None:
        raise RuntimeError(log.failure)
    return {"events": log.events, "versions": versions(), "requests": requests, "tracer": reason}


async def _play(
    app: Wire, run: Callable[..., Any], log: Log, loop: asyncio.AbstractEventLoop
) -> int:
    lifespan = Lifespan(app, loop)
    failed = await lifespan.startup()
    server = Server(app, log, lifespan.state, up=not failed)
    try:
        async with server.client() as client:
            await run(client)
    except Exception as error:
        raise _author_error(error, "the scenario raised") from error
    await server.settled()
    gc.collect()  # what is only held by a cycle ends now, and not at some allocation
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    if not failed:
        await lifespan.shutdown()
    return server.requests


async def _end(loop: asyncio.AbstractEventLoop) -> None:
    """End as `asyncio.run` does, which a server uses: cancel the tasks, wait for the threads."""
    left = asyncio.all_tasks(loop) - {asyncio.current_task(loop)}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    del left
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()
    gc.collect()  # exceptions that no one retrieved are told by finalizers
    for _ in range(_TURNS):
        await asyncio.sleep(0)


@cache  # read from files; the zygote has read them before it forks
def versions() -> dict[str, str]:
    """Versions of what a recording depends on."""
    from importlib.metadata import version

    names = ("fastapi", "starlette", "pydantic", "anyio")
    return {name: version(name) for name in names} | {"python": platform.python_version()}


def _load(name: str, folder: Path) -> tuple[ModuleType, CodeType]:
    """Import one of the lesson's files under its plain name, so that they can import each other.

    Returns:
        The module, and the code that was run: a tracer knows the snippet's functions by it.
    """
    path = folder / f"{name}.py"
    try:
        text = path.read_bytes()
        code = compile(text, str(path), "exec", dont_inherit=True)
    except OSError as error:
        raise AuthorError("lesson-invalid", f"{name}.py cannot be read: {error}", []) from error
    except (SyntaxError, ValueError) as error:
        where = (f"{name}.py", getattr(error, "lineno", None) or 1, "<module>")
        raise AuthorError("lesson-invalid", f"syntax error: {error}", [where]) from error
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except Exception as error:
        raise _author_error(error, f"importing {name}.py raised") from error
    return module, code


def _author_error(error: BaseException, what: str) -> AuthorError:
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    message = f"{what} {type(error).__name__}: {error}"
    return AuthorError("crashed", message, author_stack(error.__traceback__))


def author_stack(tb: Any) -> list[tuple[str, int, str]]:
    """The frames of a traceback that stand in `app.py` or `lesson.py`, innermost last."""
    return [
        (Path(f.filename).name, f.lineno or 1, f.name)
        for f in traceback.extract_tb(tb)
        if Path(f.filename).name in ("app.py", "lesson.py") and "site-packages" not in f.filename
    ]


def _guarded_watches(names: Registry, log: Log) -> dict[str, Callable[[Any], str]]:
    """The lesson's watches; one that raises is the lesson's error, and shows as such."""

    def guard(type_name: str, say: Callable[[Any], str]) -> Callable[[Any], str]:
        def guarded(value: Any) -> str:
            try:
                return say(value)
            except Exception as error:  # noqa: BLE001 - the lesson's code
                stack = author_stack(error.__traceback__) or [("lesson.py", 1, "<module>")]
                raised = f'@watch("{type_name}") raised {type(error).__name__}: {error}'
                log.author_error = log.author_error or (raised, stack)
                return "unknown"

        return guarded

    return {name: guard(name, say) for name, say in names.watches.items()}


class _Notice:
    """Notices when the snippet sets a trace function of its own, and keeps the recorder's.

    Args:
        tracer: the recorder's tracer, started.
        log: is told.
    """

    def __init__(self, tracer: Tracer, log: Log) -> None:
        self._tracer = tracer
        self._log = log
        self._ours = sys.gettrace()

    def install(self) -> None:
        """Begin; for the life of the process."""
        ours, settrace = threading.gettrace(), sys.settrace

        def refuse(function: Any) -> None:
            if function is not None and function == ours:
                settrace(function)  # a thread that starts takes over what threading was given
            else:
                self._tell(author_stack_here())

        modules: tuple[Any, ...] = (sys, threading)
        for module in modules:
            module.settrace = refuse

    def check(self) -> None:
        """Look whether the recorder's trace function is still there."""
        if sys.gettrace() != self._ours:
            self._tell([])

    def _tell(self, stack: list[tuple[str, int, str]]) -> None:
        what = (
            "the app sets a trace function (sys.settrace, a debugger, a coverage tool), "
            "which would end the recording"
        )
        self._log.author_error = self._log.author_error or (what, stack)


def author_stack_here() -> list[tuple[str, int, str]]:
    """The author's frames that the calling code was called from, innermost last."""
    return [
        (Path(f.filename).name, f.lineno or 1, f.name)
        for f in traceback.extract_stack()
        if Path(f.filename).name in ("app.py", "lesson.py") and "site-packages" not in f.filename
    ]
