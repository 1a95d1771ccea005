from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
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
    yield


app = FastAPI(lifespan=lifespan)


async def get_db() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine) as db:
        yield db
        await db.commit()  #: It first sends the database what the session has noted


@app.post("/books", status_code=201)
async def add_books(titles: list[str], db: Annotated[AsyncSession, Depends(get_db)]) -> str:
    db.add_all(Book(title=title) for title in titles)  #: No `await`: the session only notes them
    return f"{len(titles)} books added"
