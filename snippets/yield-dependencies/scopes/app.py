from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine("sqlite+aiosqlite:///:memory:")


class Base(DeclarativeBase): ...


class Book(Base):
    __tablename__ = "books"
    title: Mapped[str] = mapped_column(primary_key=True)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(insert(Book).values(title="Emma"))
    yield


app = FastAPI(lifespan=lifespan)


async def get_db() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine, close_resets_only=False) as db:  #: `False`: closed is for good
        yield db
        await db.commit()


app = FastAPI(lifespan=lifespan)


@app.post("/books/{title}", status_code=201)
async def add_book(
    title: str, db: Annotated[AsyncSession, Depends(get_db, scope="function")]
) -> str:
    db.add(Book(title=title))  #: The title is the primary key, so it can be there once only
    return f"{title} is added"


@app.get("/books.txt")
async def export(
    db: Annotated[AsyncSession, Depends(get_db, scope="request")],
) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        async for title in await db.stream_scalars(select(Book.title)):
            yield f"{title}\n"

    return StreamingResponse(lines(), media_type="text/plain")  #: `lines()` only makes a generator
