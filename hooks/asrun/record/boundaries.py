"""Boundaries between middlewares: what each passes on to the app within it, and gets back.

Each middleware that an app adds is given, in place of the app that it wraps, one that records
(`wire.Wire`). The message that it sends outwards is recorded at the next boundary.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from asrun.record.log import Log
from asrun.record.values import Encoder, callable_name
from asrun.record.wire import Wire


def install(log: Log, encoder: Encoder) -> None:
    """Record at the inner side of every user middleware; for the life of the process.

    Args:
        log: where the events go.
        encoder: see `Wire`.
    """
    import fastapi
    import starlette.applications

    # Each builds its stack when it is first called, mounted apps included.
    owners: tuple[Any, ...] = (starlette.applications.Starlette, fastapi.FastAPI)
    for owner in owners:
        build = vars(owner).get("build_middleware_stack")
        if build is not None:
            owner.build_middleware_stack = _building(build, log, encoder)


def _building(build: Callable[[Any], Any], log: Log, encoder: Encoder) -> Callable[[Any], Any]:
    @functools.wraps(build)
    def build_middleware_stack(self: Any) -> Any:
        kept = [entry.cls for entry in self.user_middleware]
        try:
            for entry in self.user_middleware:
                entry.cls = _recording(entry, log, encoder)
            return build(self)
        finally:
            for entry, cls in zip(self.user_middleware, kept, strict=True):
                entry.cls = cls

    return build_middleware_stack


def _recording(entry: Any, log: Log, encoder: Encoder) -> Callable[..., Any]:
    make = entry.cls
    if isinstance(make, functools.partial) and getattr(make, "func", None) is _wrap:
        return make  # FastAPI calls Starlette's own method
    return functools.partial(_wrap, make, _name(entry), log, encoder)


def _wrap(
    make: Any, name: str, log: Log, encoder: Encoder, app: Any, *args: Any, **kwargs: Any
) -> Any:
    return make(Wire(app, log, encoder, boundary=name), *args, **kwargs)


def _name(entry: Any) -> str:
    """What a middleware's author calls it: the dispatch function's name, or the class's."""
    options = getattr(entry, "kwargs", None) or getattr(entry, "options", None) or {}
    return callable_name(options.get("dispatch", entry.cls))
