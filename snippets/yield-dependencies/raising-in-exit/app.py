from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_async_engine("sqlite+aiosqlite:///:memory:")


class Base(DeclarativeBase): ...


class Reader(Base):
    __tablename__ = "readers"
    card: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(insert(Reader).values(name="Ada"))
    yield


app = FastAPI(lifespan=lifespan)


async def get_db() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine) as db:
        try:
            yield db
            await db.commit()  #: It first sends the database what the session has noted
        except IntegrityError as error:
            raise HTTPException(409, "the name is taken") from error


Db = Annotated[AsyncSession, Depends(get_db)]


@app.put("/readers/{name}", status_code=201)
async def register(name: str, db: Db) -> str:
    db.add(Reader(name=name))  #: No `await`: the session only notes it
    return f"welcome, {name}"


@app.put("/readers/{name}/card", status_code=201)
async def issue_card(name: str, db: Db) -> int:
    reader = Reader(name=name)
    db.add(reader)
    await db.flush()  #: It sends what is noted now, to learn the number of the card
    return reader.card
