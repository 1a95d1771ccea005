import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import aiosqlite
import anyio
from fastapi import FastAPI

app = FastAPI()
pool = ThreadPoolExecutor(1)


def work(name: str, seconds: int) -> str:
    time.sleep(seconds)
    return name


async def by_database() -> str:
    async with asyncio.timeout(5), aiosqlite.connect(":memory:") as db:
        async with db.execute("SELECT 'aiosqlite'") as cursor:
            row = await cursor.fetchone()
    return row[0]


async def by_executor(patience: float) -> str:
    async with asyncio.timeout(patience):
        return await asyncio.get_running_loop().run_in_executor(pool, work, "executor", 2)


async def by_to_thread(patience: float) -> str:
    async with asyncio.timeout(patience):
        return await asyncio.to_thread(work, "to_thread", 3)


async def by_anyio(patience: float) -> str:
    async with asyncio.timeout(patience):
        return await anyio.to_thread.run_sync(work, "anyio", 4, abandon_on_cancel=True)


@app.get("/beside")
async def beside() -> list[str]:
    return await asyncio.gather(by_database(), by_executor(5), by_to_thread(5), by_anyio(5))


@app.get("/late")
async def late() -> list[str]:
    found = await asyncio.gather(by_executor(1), by_to_thread(1), by_anyio(1), return_exceptions=True)
    return [type(one).__name__ for one in found]


def slow_query(seconds: int) -> int:
    time.sleep(seconds)
    return seconds


@app.get("/slow-database")
async def slow_database() -> str:
    async with aiosqlite.connect(":memory:") as db:
        await db.create_function("slow", 1, slow_query)
        try:
            async with asyncio.timeout(2):
                await db.execute("SELECT slow(3)")
        except TimeoutError:
            return "late"
    return "in time"


@app.get("/def")
def in_a_worker() -> str:
    return pool.submit(work, "from a worker", 1).result(5)
