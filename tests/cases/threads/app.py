import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import anyio
from fastapi import FastAPI

app = FastAPI()
pool = ThreadPoolExecutor(2)


def work(seconds: int) -> int:
    time.sleep(seconds)
    return seconds


@app.get("/to-thread")
async def to_thread() -> int:
    async with asyncio.timeout(5):
        return await asyncio.to_thread(work, 3)


@app.get("/to-thread-late")
async def to_thread_late() -> str:
    try:
        async with asyncio.timeout(2):
            await asyncio.to_thread(work, 3)
    except TimeoutError:
        return "late"
    return "in time"


@app.get("/executor")
async def executor() -> int:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(5):
        first, second = await asyncio.gather(
            loop.run_in_executor(pool, work, 2), loop.run_in_executor(pool, work, 1)
        )
    return first + second


@app.get("/anyio")
async def by_anyio() -> int:
    with anyio.fail_after(5):
        return await anyio.to_thread.run_sync(work, 3)


@app.get("/blocked")
async def blocked() -> int:
    return pool.submit(work, 3).result()


def back_and_forth() -> str:
    anyio.from_thread.run(anyio.sleep, 1)
    return anyio.from_thread.run_sync(name_of_task)


def name_of_task() -> str:
    return "on the event loop"


@app.get("/from-thread")
def from_thread() -> str:
    return back_and_forth()
