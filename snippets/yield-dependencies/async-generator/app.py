from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

app = FastAPI()
engine = create_async_engine("sqlite+aiosqlite:///:memory:")


async def get_db() -> AsyncIterator[AsyncSession]:
    db = AsyncSession(engine, close_resets_only=False)  #: It connects when first used, not here
    try:
        yield db
    finally:
        await db.close()


@app.get("/items/{number}")
async def read_item(number: int, db: Annotated[AsyncSession, Depends(get_db)]) -> str:
    names = (await db.scalars(text("VALUES ('apple'), ('pear')"))).all()
    return names[number]  #: There are two names, so 0 and 1 are the numbers that work
