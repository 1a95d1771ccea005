import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import Depends, FastAPI

app = FastAPI()


async def work() -> str:
    try:
        await asyncio.sleep(60)
        return "done"
    except asyncio.CancelledError:
        print("cancelled")
        raise


@app.get("/timeout")
async def timeout() -> str:
    try:
        async with asyncio.timeout(1):
            return await work()
    except TimeoutError:
        return "timed out"


@app.get("/wait-for")
async def wait_for() -> str:
    try:
        return await asyncio.wait_for(work(), 1)
    except TimeoutError:
        return "timed out"


@app.get("/task")
async def task() -> str:
    job = asyncio.create_task(work())
    await asyncio.sleep(1)
    job.cancel()
    try:
        return await job
    except asyncio.CancelledError:
        return "cancelled"


@app.get("/scope")
async def scope() -> str:
    with anyio.move_on_after(1):
        return await work()
    return "moved on"


async def fails() -> None:
    await asyncio.sleep(1)
    raise LookupError


@app.get("/group")
async def group() -> str:
    failed = 0
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(work())
            tasks.create_task(fails())
    except* LookupError as errors:
        failed = len(errors.exceptions)
    return f"{failed} failed"


async def session() -> AsyncIterator[str]:
    async with asyncio.timeout(5):
        yield "session"


@app.get("/across-yield")
async def across_yield(session: Annotated[str, Depends(session)]) -> str:
    return await work()
