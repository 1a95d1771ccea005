import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

app = FastAPI()
engine = create_async_engine("sqlite+aiosqlite:///:memory:")
locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)


async def lock_till(till: int) -> AsyncIterator[asyncio.Lock]:
    lock = locks[till]  #: One lock for each till, so that no two receipts get the same number
    async with lock:
        yield lock


async def get_db() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine, close_resets_only=False) as db:  #: `False`: closed is for good
        yield db


async def begin(db: Annotated[AsyncSession, Depends(get_db)]) -> AsyncIterator[AsyncSession]:
    async with db.begin():  #: Leaving this block commits
        yield db


Lock = Annotated[asyncio.Lock, Depends(lock_till)]
Transaction = Annotated[AsyncSession, Depends(begin)]


@app.post("/tills/{till}/sales", status_code=201)
async def sell(lock: Lock, db: Transaction) -> int:
    last: int = await db.scalar(text("VALUES (41)"))  #: Stands for a query of the last number
    return last + 1


@app.post("/tills/{till}/refunds", status_code=201)
async def refund(db: Transaction, lock: Lock) -> int:
    last: int = await db.scalar(text("VALUES (41)"))
    return last + 1
