"""Probes: what FastAPI and Starlette do around the snippet, seen at named functions.

The functions are the same for all releases from 0.95.2. Probes are compared within one release and
left out between releases: how FastAPI divides its work is its own affair.

    solve_dependencies     start, end    all dependencies and parameters of a path operation
    validation             point         one dependant's parameters of one place, or its body
    dependency             point         solved without a line of the snippet, or from the cache
    run_endpoint_function  start, end
    serialize_response     start, end    the response's validation included
    background_task        start, end
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from asrun.record.log import Log, request_id
from asrun.record.values import callable_name, type_name

_solving: ContextVar[_Cache | None] = ContextVar("asrun_solving", default=None)


class _Cache(dict[Any, Any]):
    """A dependency cache that tells when a dependency is taken from it.

    FastAPI looks a dependency up by `cache[key]`, and puts it in by `cache[key] = value`.

    Args:
        log: where the events go.
        known: what is in it already.
    """

    def __init__(self, log: Log, known: Any) -> None:
        super().__init__(known or {})
        self._log = log
        self._subject = ""
        self._calls = 0

    def next_is(self, subject: str) -> None:
        """Say which dependency's turn it is; an override's name, where there is one."""
        self._subject = subject
        self._calls = self._calls_now()

    def __bool__(self) -> bool:
        return True  # old releases replace an empty cache by a new one

    def __getitem__(self, key: Any) -> Any:
        self._tell(cached=True)
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if self._calls_now() == self._calls:
            self._tell(cached=False)
        super().__setitem__(key, value)

    def _calls_now(self) -> int:
        """How many calls of the snippet's functions this request has made."""
        return self._log.calls.get(request_id.get(), 0)

    def _tell(self, cached: bool) -> None:
        detail = {"probe": "dependency", "phase": "point", "for": self._subject, "cached": cached}
        self._log.add("probe", detail=detail)


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

    def guarded(tell: Callable[..., Any]) -> Callable[..., Any]:
        """An error of a probe is kept, and never raised into the app."""

        def safe(*args: Any, **kwargs: Any) -> Any:
            try:
                return tell(*args, **kwargs)
            except Exception as error:  # noqa: BLE001
                log.fail(error)
                return None

        return safe

    @guarded
    def add(
        probe: str, phase: str, subject: str | None, error: BaseException | None = None, **more: Any
    ) -> None:
        about = {"for": subject} if subject else {}
        failed = {"exception": type_name(error)} if error is not None else {}
        log.add("probe", detail={"probe": probe, "phase": phase, **about, **more, **failed})

    def around(
        function: Callable[..., Any], probe: str, subject: Callable[..., str]
    ) -> Callable[..., Any]:
        name_subject = guarded(subject)

        @functools.wraps(function)
        async def probed(*args: Any, **kwargs: Any) -> Any:
            about = name_subject(*args, **kwargs)
            add(probe, "start", about)
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                add(probe, "end", about, error)
                raise
            add(probe, "end", about)
            return result

        return probed

    name = guarded(callable_name)
    solve = utils.solve_dependencies

    @functools.wraps(solve)
    async def solve_dependencies(*args: Any, **kwargs: Any) -> Any:
        cache = _solving.get()
        about = name(kwargs["dependant"].call)
        if cache is not None:  # it calls itself for the parameters of each dependency
            result = await solve(*args, **kwargs)
            cache.next_is(about)
            return result
        cache = kwargs["dependency_cache"] = _Cache(log, kwargs.get("dependency_cache"))
        token = _solving.set(cache)
        add("solve_dependencies", "start", about)
        try:
            result = await solve(*args, **kwargs)
        except BaseException as error:
            add("solve_dependencies", "end", about, error)
            raise
        finally:
            _solving.reset(token)
        errors = result[1] if isinstance(result, tuple) else result.errors
        add("solve_dependencies", "end", about, errors=len(errors))
        return result

    utils.solve_dependencies = solve_dependencies
    routing.solve_dependencies = solve_dependencies

    @guarded
    def validated(place: str, fields: Any, errors: Any) -> None:
        names = [field.alias for field in fields]
        add("validation", "point", place, names=names, errors=len(errors))

    params_to_args = utils.request_params_to_args

    @functools.wraps(params_to_args)
    def request_params_to_args(fields: Any, *args: Any, **kwargs: Any) -> Any:
        result = params_to_args(fields, *args, **kwargs)
        if fields:
            place = getattr(fields[0].field_info, "in_", None)
            validated(str(getattr(place, "value", "parameters")), fields, result[1])
        return result

    body_to_args = utils.request_body_to_args

    @functools.wraps(body_to_args)
    async def request_body_to_args(*args: Any, **kwargs: Any) -> Any:
        result = await body_to_args(*args, **kwargs)
        fields = (
            kwargs.get("body_fields") or kwargs.get("required_params") or (args[0] if args else [])
        )
        validated("body", fields, result[1])
        return result

    utils.request_params_to_args = request_params_to_args
    utils.request_body_to_args = request_body_to_args

    def endpoint(*args: Any, dependant: Any, **kwargs: Any) -> str:
        return callable_name(dependant.call)

    routing.run_endpoint_function = around(
        routing.run_endpoint_function, "run_endpoint_function", endpoint
    )
    routing.serialize_response = around(
        routing.serialize_response, "serialize_response", lambda *a, **k: ""
    )

    task: Any = starlette.background.BackgroundTask
    task.__call__ = around(
        task.__call__, "background_task", lambda self, *a, **k: callable_name(self.func)
    )
