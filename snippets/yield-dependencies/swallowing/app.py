from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import insert
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


async def get_db() -> AsyncIterator[AsyncSession]:
    db = AsyncSession(engine)
    try:
        yield db
    finally:
        await db.close()


app = FastAPI(lifespan=lifespan)
Db = Annotated[AsyncSession, Depends(get_db)]


async def get_transaction(db: Db) -> AsyncIterator[AsyncSession]:
    try:
        yield db
        await db.commit()
    except Exception:
        await db.rollback()  #: For any Exception, and an HTTPException is one, too


@app.get("/books/{title}")
async def read_book(title: str, db: Db) -> str:
    if await db.get(Book, title) is None:
        raise HTTPException(404, "no such book")
    return title


@app.delete("/books/{title}", status_code=204)
async def remove_book(title: str, db: Annotated[AsyncSession, Depends(get_transaction)]) -> None:
    if (book := await db.get(Book, title)) is None:  #: None says that there is no such row
        raise HTTPException(404, "no such book")
    await db.delete(book)
