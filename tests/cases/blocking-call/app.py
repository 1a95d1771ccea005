import asyncio
import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/blocks")
async def blocks() -> str:
    time.sleep(2)
    return "blocked all"


@app.get("/ticks")
async def ticks() -> int:
    for _ in range(3):
        await asyncio.sleep(0.5)
    return 3


@app.get("/thread")
def thread() -> str:
    time.sleep(1)
    return "not blocked"
