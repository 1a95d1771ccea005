import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, Request, Response

app = FastAPI()
user: ContextVar[str] = ContextVar("user", default="nobody")


@app.middleware("http")
async def middleware(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    user.set("by middleware")
    response = await call_next(request)
    print("middleware after:", user.get())
    return response


async def by_async_def() -> str:
    before = user.get()
    user.set("by async def")
    return before


def by_def() -> str:
    before = user.get()
    user.set("by def")
    return before


def by_generator() -> Iterator[str]:
    before = user.get()
    token = user.set("by generator")
    yield before
    try:
        user.reset(token)
    except ValueError as error:
        print("not the same context:", error.__class__.__name__)


async def by_async_generator() -> AsyncIterator[str]:
    before = user.get()
    token = user.set("by async generator")
    yield before
    user.reset(token)


def in_background() -> None:
    print("background:", user.get())


@app.get("/async")
async def coroutine(
    tasks: BackgroundTasks,
    a: Annotated[str, Depends(by_async_def)],
    b: Annotated[str, Depends(by_def)],
    c: Annotated[str, Depends(by_async_generator)],
) -> list[str]:
    tasks.add_task(in_background)
    return [a, b, c, user.get(), await asyncio.to_thread(user.get), await asyncio.create_task(by_async_def())]


@app.get("/generator")
def plain(a: Annotated[str, Depends(by_generator)]) -> list[str]:
    return [a, user.get()]
