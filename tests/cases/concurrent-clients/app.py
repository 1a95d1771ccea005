import asyncio
import time
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


async def session() -> str:
    await asyncio.sleep(0)
    return "session"


@app.get("/async/{seconds}")
async def coroutine(seconds: int, session: Annotated[str, Depends(session)]) -> int:
    await asyncio.sleep(seconds)
    return seconds


@app.get("/def/{seconds}")
def plain(seconds: int) -> int:
    time.sleep(seconds)
    return seconds


@app.get("/quick/{n}")
def quick(n: int) -> int:
    return n
