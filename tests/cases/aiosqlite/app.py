import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import aiosqlite
from fastapi import Depends, FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, aiosqlite.Connection]]:
    async with aiosqlite.connect(":memory:") as db:
        await db.execute("CREATE TABLE items (name TEXT)")
        yield {"db": db}


app = FastAPI(lifespan=lifespan)


async def transaction(request: Request) -> AsyncIterator[aiosqlite.Connection]:
    db = request.state.db
    try:
        yield db
        await db.commit()
    except BaseException:
        await db.rollback()
        raise


Transaction = Annotated[aiosqlite.Connection, Depends(transaction, scope="function")]


@app.post("/items/{name}")
async def create(name: str, db: Transaction) -> int:
    async with asyncio.timeout(5):
        await db.execute("INSERT INTO items VALUES (?)", (name,))
    if name == "bad":
        raise ValueError(name)
    return db.total_changes


@app.get("/items")
async def read(db: Transaction) -> list[str]:
    async with asyncio.timeout(5), db.execute("SELECT name FROM items") as cursor:
        return [row[0] async for row in cursor]
