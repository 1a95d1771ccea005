"""One scenario, recorded from start to end in this process.

Knows nothing of processes, deadlines and sandboxes: `child.py` does.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import platform
import random
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from asrun.authoring import Registry, registry
from asrun.record import probes
from asrun.record.client import Client
from asrun.record.clock import Clock, VirtualLoop
from asrun.record.frames import FrameLog, Tracer
from asrun.record.log import Log
from asrun.record.program import Program
from asrun.record.settrace import SettraceTracer
from asrun.record.source import Source
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


def record(folder: Path, scenario: str) -> dict[str, Any]:
    """Record one scenario of a lesson.

    Args:
        folder: the lesson's folder, with `app.py` and `lesson.py`.
        scenario: the name of the scenario's function.

    Returns:
        `{"events": [raw events], "versions": {distribution: version}, "requests": n}`.

    Raises:
        AuthorError: the lesson crashed, or lacks what it has to have.
        RuntimeError: the recorder itself failed.
    """
    log = Log()
    clock = Clock()
    clock.install()
    random.seed(0)
    _load("lesson", folder)
    app_module = _load("app", folder)
    app = getattr(app_module, "app", None)
    if app is None or not callable(app):
        raise AuthorError("lesson-invalid", "app.py has no `app`", [("app.py", 1, "<module>")])
    source = Source((folder / "app.py").read_text(encoding="utf-8"))
    encoder = Encoder(_guarded_watches(registry, log), log.on_loop)
    frames = FrameLog(log, source, encoder, str(folder / "app.py"))
    tracer: Tracer = SettraceTracer(frames)
    loop = VirtualLoop(clock)
    asyncio.set_event_loop(loop)
    program = Program(log, encoder)
    program.install(loop)
    probes.install(log)
    run = registry.scenarios.get(scenario)
    if run is None:
        raise AuthorError("lesson-invalid", f"lesson.py has no scenario `{scenario}`", [("lesson.py", 1, "<module>")])
    tracer.start()
    try:
        requests = loop.run_until_complete(_play(Wire(app, log, encoder), run, log, loop))
    except SystemExit as error:
        raise AuthorError("crashed", "the lesson called sys.exit", author_stack(error.__traceback__)) from error
    finally:
        tracer.stop()
        log.open = False
        program.flush()
    if log.author_error is not None:
        raise AuthorError("crashed", *log.author_error)
    if log.failure is not None:
        raise RuntimeError(log.failure)
    return {"events": log.events, "versions": versions(), "requests": requests}


async def _play(app: Wire, run: Callable[..., Any], log: Log, loop: asyncio.AbstractEventLoop) -> int:
    lifespan = Lifespan(app, loop)
    await lifespan.startup()
    client = Client(app, log, lifespan.state)
    try:
        async with client.httpx_client() as http:
            await run(http)
    except Exception as error:
        raise _author_error(error, "the scenario raised") from error
    await client.settled()
    gc.collect()  # what is only held by a cycle ends now, and not at some allocation
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    await lifespan.shutdown()
    return client.requests


def versions() -> dict[str, str]:
    """Versions of what a recording depends on."""
    from importlib.metadata import version

    names = ("fastapi", "starlette", "pydantic", "anyio")
    return {name: version(name) for name in names} | {"python": platform.python_version()}


def _load(name: str, folder: Path) -> ModuleType:
    """Import one of the lesson's files under its plain name, so that they can import each other."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
        sys.dont_write_bytecode = True
    path = folder / f"{name}.py"
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(path):
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        where = (f"{name}.py", error.lineno or 1, "<module>")
        raise AuthorError("lesson-invalid", f"syntax error: {error.msg}", [where]) from error
    except Exception as error:
        raise _author_error(error, f"importing {name}.py raised") from error
    return module


def _author_error(error: BaseException, what: str) -> AuthorError:
    return AuthorError("crashed", f"{what} {type(error).__name__}: {error}", author_stack(error.__traceback__))


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
            except Exception as error:
                stack = author_stack(error.__traceback__) or [("lesson.py", 1, "<module>")]
                raised = f'@watch("{type_name}") raised {type(error).__name__}: {error}'
                log.author_error = log.author_error or (raised, stack)
                return "unknown"

        return guarded

    return {name: guard(name, say) for name, say in names.watches.items()}
