from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

app = FastAPI()
engine = create_async_engine("sqlite+aiosqlite:///:memory:")
TITLES = text("VALUES ('Dracula'), ('Emma')")


async def get_db() -> AsyncIterator[AsyncSession]:
    db = AsyncSession(engine, close_resets_only=False)  #: `False`: closed is for good
    try:
        yield db
    finally:
        await db.close()


Db = Annotated[AsyncSession, Depends(get_db)]


@app.get("/books/{number}")
async def read_book(number: int, db: Db) -> str:
    titles: Sequence[str] = (await db.scalars(TITLES)).all()  #: Stands for a query of books
    return titles[number]


async def notify(number: int, db: AsyncSession) -> None:
    titles = (await db.scalars(TITLES)).all()
    print(f"A reader asks for {titles[number]}")


@app.post("/books/{number}/requests", status_code=202)
async def request_book(number: int, db: Db, tasks: BackgroundTasks) -> str:
    tasks.add_task(notify, number, db)  #: It is given the session of this request
    return "noted"


@app.get("/books.txt")
async def export(db: Db) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        async for title in await db.stream_scalars(TITLES):
            yield f"{title}\n"

    return StreamingResponse(lines(), media_type="text/plain")  #: `lines()` only makes a generator
