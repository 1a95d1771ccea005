"""Faults of FastAPI and Starlette: what they would do if they did not do what they do.

Each is a change of a few words in the source of one function or more, made in memory in the recording
child (`faulty.py`). A release in which a text is no longer there makes the fault impossible to put in,
which is told, and not taken for a catch.
"""

from __future__ import annotations

from dataclasses import dataclass

Change = tuple[str, str, str, str]
"""A module, a function's qualified name in it, a text of its source, and what stands there instead."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that the framework does wrong.

    Attributes:
        name: in a few words.
        changes: of its source.
    """

    name: str
    changes: tuple[Change, ...]


_ROUTING = "fastapi.routing"
_SOLVE = ("fastapi.dependencies.utils", "solve_dependencies")
_GENERATOR = ("fastapi.dependencies.utils", "_solve_generator")
_RESPONSE = (_ROUTING, "request_response")
_HANDLER = (_ROUTING, "get_request_handler")
_SOCKET = (_ROUTING, "websocket_session")
_PLAIN = ("starlette.responses", "Response.__call__")
_STREAM = ("starlette.responses", "StreamingResponse.stream_response")
_ERRORS = ("starlette.middleware.errors", "ServerErrorMiddleware.__call__")
_WRAP = ("starlette._exception_handler", "wrap_app_handling_exceptions")
_LIFESPAN = ("starlette.routing", "Router.lifespan")
_STACK = ("fastapi.applications", "FastAPI.build_middleware_stack")
_TASKS = "starlette.background"

_SENT = """await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
    await send({"type": "http.response.body", "body": self.body})

    if self.background is not None:
        await self.background()
"""
_TASKS_FIRST = """if self.background is not None:
        await self.background()
    await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
    await send({"type": "http.response.body", "body": self.body})
"""
_TASKS_BETWEEN = """await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
    if self.background is not None:
        await self.background()
    await send({"type": "http.response.body", "body": self.body})
"""
_ANSWER = """                    response = await f(request)
                await response(scope, receive, send)
"""


def _one(name: str, at: tuple[str, str], old: str, new: str) -> Fault:
    return Fault(name, ((*at, old, new),))


FAULTS: tuple[Fault, ...] = (
    # ------------------------------------------------------------------ dependencies with yield
    _one(
        "exit code before the response",
        _RESPONSE,
        f"{_ANSWER}                # Continues customization\n                response_awaited = True\n",
        "                    response = await f(request)\n"
        "                response_awaited = True\n"
        "            if response_awaited:\n"
        "                await response(scope, receive, send)\n",
    ),
    _one(
        'scope="function" exits after the response',
        _RESPONSE,
        _ANSWER,
        "                    response = await f(request)\n                    await response(scope, receive, send)\n",
    ),
    _one(
        "first in, first out",
        _RESPONSE,
        "await response(scope, receive, send)\n",
        "await response(scope, receive, send)\n                request_stack._exit_callbacks.reverse()\n",
    ),
    _one(
        "exit code is never run",
        _GENERATOR,
        "await stack.enter_async_context(cm)",
        "await cm.__aenter__()",
    ),
    _one(
        "exceptions do not reach dependencies",
        _RESPONSE,
        _ANSWER,
        "                    response = failed = None\n"
        "                    try:\n"
        "                        response = await f(request)\n"
        "                    except Exception as error:\n"
        "                        failed = error\n"
        "                if response is not None:\n"
        "                    await response(scope, receive, send)\n"
        "            if failed is not None:\n"
        "                raise failed\n"
        "            if True:\n"
        "                if True:\n"
        "                    pass\n",
    ),
    _one("a swallowed exception is nothing", _RESPONSE, "if not response_awaited:", "if False:"),
    _one(
        "exceptions of exit code are dropped",
        _RESPONSE,
        "                await response(scope, receive, send)\n",
        "                await response(scope, receive, send)\n"
        "                request_stack.push(lambda *failed: True)\n"
        "                request_stack._exit_callbacks.rotate(1)\n",
    ),
    _one(
        "a def generator's exit code on the event loop",
        ("fastapi.concurrency", "contextmanager_in_threadpool"),
        "await anyio.to_thread.run_sync(\n"
        "                cm.__exit__, None, None, None, limiter=exit_limiter\n            )",
        "cm.__exit__(None, None, None)",
    ),
    # ------------------------------------------------------------------ dependencies
    _one(
        "no dependency cache",
        _SOLVE,
        "if sub_dependant.use_cache and sub_dependant_cache_key in dependency_cache:",
        "if False:",
    ),
    _one(
        "use_cache=False is ignored",
        _SOLVE,
        "if sub_dependant.use_cache and sub_dependant_cache_key in dependency_cache:",
        "if sub_dependant_cache_key in dependency_cache:",
    ),
    _one(
        "the last parameter's dependency first",
        _SOLVE,
        "for sub_dependant in dependant.dependencies:",
        "for sub_dependant in reversed(dependant.dependencies):",
    ),
    _one(
        "def dependencies on the event loop",
        _SOLVE,
        "await run_in_threadpool(call, **solved_result.values)",
        "call(**solved_result.values)",
    ),
    _one(
        "dependency overrides are ignored",
        _SOLVE,
        "and dependency_overrides_provider.dependency_overrides",
        "and False",
    ),
    # ------------------------------------------------------------------ validation
    _one(
        "errors of parameters are ignored",
        _SOLVE,
        "errors += path_errors + query_errors + header_errors + cookie_errors",
        "pass",
    ),
    _one(
        "errors of the body are ignored",
        _SOLVE,
        "errors.extend(body_errors)",
        "pass",
    ),
    _one(
        "only the first error is told",
        _HANDLER,
        "validation_error = RequestValidationError(\n                errors,",
        "validation_error = RequestValidationError(\n                errors[:1],",
    ),
    _one(
        "400 instead of 422",
        ("fastapi.exception_handlers", "request_validation_exception_handler"),
        "422",
        "400",
    ),
    _one(
        "the body is validated before dependencies run",
        _HANDLER,
        '        with _operation(name="dependencies", function=dependant.call):\n',
        "        if dependant.body_params:\n"
        "            from fastapi.dependencies.utils import request_body_to_args\n"
        "            _, early = await request_body_to_args(body_fields=dependant.body_params, "
        "received_body=body, embed_body_fields=embed_body_fields)\n"
        "            if early:\n"
        "                raise RequestValidationError(early, body=body, endpoint_ctx=endpoint_ctx)\n"
        '        with _operation(name="dependencies", function=dependant.call):\n',
    ),
    # ------------------------------------------------------------------ endpoints and responses
    _one(
        "def path operations on the event loop",
        (_ROUTING, "run_endpoint_function"),
        "return await run_in_threadpool(\n"
        "            _run_sync_endpoint, function=dependant.call, arguments=values\n        )",
        "return dependant.call(**values)",
    ),
    _one(
        "the response model is ignored", (_ROUTING, "serialize_response"), "if field:", "if False:"
    ),
    _one(
        "errors of the response are ignored",
        (_ROUTING, "serialize_response"),
        "if errors:",
        "if False:",
    ),
    _one(
        "status_code of the decorator is ignored",
        (_ROUTING, "_build_response_args"),
        "status_code if status_code else solved_result.response.status_code",
        "solved_result.response.status_code",
    ),
    _one(
        "headers of the Response parameter are lost",
        _HANDLER,
        "response.headers.raw.extend(solved_result.response.headers.raw)",
        "pass",
    ),
    _one(
        "an uploaded file is not closed",
        _HANDLER,
        "file_stack.push_async_callback(body.close)",
        "pass",
    ),
    _one(
        "a stream is sent in one piece",
        _STREAM,
        "async for chunk in self.body_iterator:",
        "chunks = [c if isinstance(c, bytes) else c.encode() async for c in self.body_iterator]\n"
        "    for chunk in [b''.join(chunks)]:",
    ),
    _one(
        "a stream's head leaves after its first piece is made",
        _STREAM,
        'await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})\n',
        "pieces = self.body_iterator.__aiter__()\n"
        "    first = [piece async for piece in pieces]\n"
        '    await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})\n'
        "    async def again():\n"
        "        for piece in first:\n"
        "            yield piece\n"
        "    self.body_iterator = again()\n",
    ),
    _one(
        "a def generator is streamed on the event loop",
        ("starlette.concurrency", "iterate_in_threadpool"),
        "await anyio.to_thread.run_sync(_next, as_iterator)",
        "_next(as_iterator)",
    ),
    # ------------------------------------------------------------------ background tasks
    _one("background tasks before the response", _PLAIN, _SENT, _TASKS_FIRST),
    _one("background tasks between head and body", _PLAIN, _SENT, _TASKS_BETWEEN),
    _one("background tasks are dropped", _PLAIN, "if self.background is not None:", "if False:"),
    _one(
        "the last background task first",
        ("fastapi.background", "BackgroundTasks.__call__"),
        "for task in self.tasks:",
        "for task in reversed(self.tasks):",
    ),
    _one(
        "def background tasks on the event loop",
        (_TASKS, "BackgroundTask.__call__"),
        "await run_in_threadpool(self.func, *self.args, **self.kwargs)",
        "self.func(*self.args, **self.kwargs)",
    ),
    _one(
        "a background task that fails is dropped",
        ("fastapi.background", "BackgroundTasks.__call__"),
        "await task()",
        "try:\n                await task()\n            except Exception:\n                pass",
    ),
    # ------------------------------------------------------------------ exceptions
    _one(
        "HTTPException has no handler",
        _WRAP,
        "if handler is None:\n                raise exc",
        "if True:\n                raise exc",
    ),
    _one(
        "a handler for a base class is not found",
        ("starlette._exception_handler", "_lookup_exception_handler"),
        "type(exc).__mro__",
        "(type(exc),)",
    ),
    _one(
        "an HTTPException after the response is dropped",
        _WRAP,
        'raise RuntimeError("Caught handled exception, but response already started.") from exc',
        "return",
    ),
    _one("no 500 for an unhandled exception", _ERRORS, "if not response_started:", "if False:"),
    _one("an unhandled exception does not reach the server", _ERRORS, "raise exc", "return"),
    # ------------------------------------------------------------------ the app around it
    _one(
        "middleware in reverse order",
        _STACK,
        "+ self.user_middleware",
        "+ self.user_middleware[::-1]",
    ),
    _one(
        "the last route that fits",
        (_ROUTING, "APIRouter.app"),
        "partial: tuple[BaseRoute, Scope] | None = None\n    for route in self.routes:",
        "partial = None\n    for route in reversed(self.routes):",
    ),
    _one(
        "no redirect to the path with a slash",
        (_ROUTING, "APIRouter.app"),
        "self.redirect_slashes",
        "False",
    ),
    _one(
        "shutdown is skipped",
        _LIFESPAN,
        "async with self.lifespan_context(app) as maybe_state:",
        "maybe_state = await self.lifespan_context(app).__aenter__()\n        if True:",
    ),
    _one(
        "startup is told before it is done",
        _LIFESPAN,
        "async with self.lifespan_context(app) as maybe_state:",
        'await send({"type": "lifespan.startup.complete"})\n'
        "        async with self.lifespan_context(app) as maybe_state:",
    ),
    _one("the lifespan's state is lost", _LIFESPAN, 'scope["state"].update(maybe_state)', "pass"),
    _one(
        "a router's lifespan is forgotten",
        (_ROUTING, "_merge_lifespan_context"),
        "async with nested_context(app) as maybe_nested_state:",
        "maybe_nested_state = None\n            if True:",
    ),
    _one(
        "on_event shutdown handlers are skipped",
        (_ROUTING, "APIRouter._shutdown"),
        "for handler in self.on_shutdown:",
        "for handler in ():",
    ),
    # ------------------------------------------------------------------ threads and sockets
    _one(
        "context variables do not reach worker threads",
        ("starlette.concurrency", "run_in_threadpool"),
        "func = functools.partial(func, *args, **kwargs)",
        "import contextvars\n"
        "    func = functools.partial(contextvars.Context().run, functools.partial(func, *args, **kwargs))",
    ),
    _one(
        "any number of worker threads",
        ("starlette.concurrency", "run_in_threadpool"),
        "anyio.to_thread.run_sync(func)",
        "anyio.to_thread.run_sync(func, limiter=anyio.CapacityLimiter(1000))",
    ),
    _one(
        "a WebSocket's dependencies never exit",
        _SOCKET,
        "await func(session)\n",
        "try:\n                        await func(session)\n"
        "                    finally:\n                        request_stack.pop_all()\n",
    ),
    _one(
        "exceptions do not reach a WebSocket's dependencies",
        _SOCKET,
        "                    await func(session)\n",
        "                    failed = None\n"
        "                    try:\n"
        "                        await func(session)\n"
        "                    except Exception as error:\n"
        "                        failed = error\n"
        "            if failed is not None:\n"
        "                raise failed\n",
    ),
)
