"""An app with some of everything that a proof can be about."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.responses import StreamingResponse


class Session:
    state = "open"

    async def close(self) -> None:
        self.state = "closed"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    greeting = "hello"
    print(greeting)
    yield
    print("bye")


app = FastAPI(lifespan=lifespan)


async def get_db() -> AsyncIterator[Session]:
    db = Session()
    try:
        yield db
    finally:
        await db.close()


def get_user(db: Annotated[Session, Depends(get_db)]) -> str:
    user = "ada"
    return user.title()


def get_lock() -> Iterator[str]:
    yield "lock"


def price(number: int) -> int:
    return 100 * number


@app.get("/items/{number}")
async def read_item(
    number: int,
    user: Annotated[str, Depends(get_user)],
    db: Annotated[Session, Depends(get_db)],
) -> str:
    db.state = "in use"
    names = ["apple", "pear"]
    total = price(number)
    return names[number] + f" for {total}"


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def chunks() -> AsyncIterator[str]:
        for word in ("one", "two", "three"):
            yield word

    return StreamingResponse(chunks(), media_type="text/plain")


@app.post("/notes", status_code=202)
def add_note(tasks: BackgroundTasks, lock: Annotated[str, Depends(get_lock)]) -> str:
    tasks.add_task(write_note, "milk")
    return lock


async def write_note(text: str) -> None:
    print(text)
