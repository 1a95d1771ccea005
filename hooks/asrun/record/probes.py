"""Probes: what FastAPI and Starlette do around the snippet, seen at named functions.

The functions are the same for all releases from 0.95. Probes are compared within one release and
left out between releases: how FastAPI divides its work is its own affair.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from asrun.record.log import Log

_solving: ContextVar[bool] = ContextVar("asrun_solving", default=False)


def _name(call: Any) -> str:
    """A callable's name as the snippet's author would say it."""
    inner = getattr(call, "func", call)  # functools.partial
    name = getattr(inner, "__qualname__", None) or type(inner).__qualname__
    return str(name).rpartition("<locals>.")[2]


def install(log: Log) -> None:
    """Put the probes in; for the life of the process.

    Args:
        log: where the events go.
    """
    import fastapi.dependencies.utils
    import fastapi.routing
    import starlette.background

    routing: Any = fastapi.routing
    utils: Any = fastapi.dependencies.utils

    def add(probe: str, phase: str, subject: str, **more: Any) -> None:
        about = {"for": subject} if subject else {}
        log.add("probe", detail={"probe": probe, "phase": phase, **about, **more})

    def around(function: Callable[..., Any], probe: str, subject: Callable[..., str]) -> Callable[..., Any]:
        @functools.wraps(function)
        async def probed(*args: Any, **kwargs: Any) -> Any:
            about = subject(*args, **kwargs)
            add(probe, "start", about)
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                add(probe, "end", about, exception=type(error).__name__)
                raise
            add(probe, "end", about)
            return result

        return probed

    solve = utils.solve_dependencies

    @functools.wraps(solve)
    async def solve_dependencies(*args: Any, **kwargs: Any) -> Any:
        if _solving.get():  # it calls itself for the dependencies of dependencies
            return await solve(*args, **kwargs)
        about = _name(kwargs["dependant"].call)
        token = _solving.set(True)
        add("solve_dependencies", "start", about)
        try:
            result = await solve(*args, **kwargs)
        except BaseException as error:
            add("solve_dependencies", "end", about, exception=type(error).__name__)
            raise
        finally:
            _solving.reset(token)
        errors = result[1] if isinstance(result, tuple) else result.errors
        add("solve_dependencies", "end", about, errors=len(errors))
        return result

    utils.solve_dependencies = solve_dependencies
    routing.solve_dependencies = solve_dependencies

    def endpoint(*args: Any, dependant: Any, **kwargs: Any) -> str:
        return _name(dependant.call)

    routing.run_endpoint_function = around(routing.run_endpoint_function, "run_endpoint_function", endpoint)
    routing.serialize_response = around(routing.serialize_response, "serialize_response", lambda *a, **k: "")

    task: Any = starlette.background.BackgroundTask
    task.__call__ = around(task.__call__, "background_task", lambda self, *a, **k: _name(self.func))
