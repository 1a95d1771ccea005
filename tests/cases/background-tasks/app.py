import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()


def in_thread(what: str) -> None:
    time.sleep(1)
    print(what)


async def on_loop(what: str) -> None:
    await asyncio.sleep(1)
    print(what)


async def fails() -> None:
    raise OSError("disk full")


async def session(tasks: BackgroundTasks) -> AsyncIterator[str]:
    tasks.add_task(on_loop, "by the dependency")
    yield "session"
    print("session over")


@app.post("/both")
async def both(tasks: BackgroundTasks, session: Annotated[str, Depends(session)]) -> str:
    tasks.add_task(in_thread, "by the endpoint")
    return session


@app.post("/failing")
async def failing(tasks: BackgroundTasks) -> str:
    tasks.add_task(fails)
    tasks.add_task(on_loop, "never")
    return "accepted"
