from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException

app = FastAPI()


@asynccontextmanager
async def connect() -> AsyncIterator[str]:
    try:
        yield "db"
    finally:
        print("disconnected")


@contextmanager
def lock() -> Iterator[str]:
    try:
        yield "lock"
    finally:
        print("unlocked")


async def get_db() -> AsyncIterator[str]:
    async with connect() as db:
        yield db


def get_lock() -> Iterator[str]:
    with lock() as held:
        yield held


@app.get("/async")
async def in_async(db: Annotated[str, Depends(get_db)]) -> None:
    raise HTTPException(404)


@app.get("/sync")
async def in_sync(held: Annotated[str, Depends(get_lock)]) -> None:
    raise HTTPException(404)
