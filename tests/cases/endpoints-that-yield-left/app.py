import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.sse import EventSourceResponse

app = FastAPI()


async def session() -> AsyncIterator[str]:
    try:
        yield "session"
    finally:
        print("session over")


Session = Annotated[str, Depends(session)]


@app.get("/events", response_class=EventSourceResponse)
async def events(session: Session) -> AsyncIterable[int]:
    try:
        for n in range(100):
            yield n
            await asyncio.sleep(1)
    finally:
        print("events over")


@app.get("/lines")
def lines(session: Session) -> Iterable[int]:
    for n in range(3):
        time.sleep(1)
        if n == 2:
            raise RuntimeError("lost")
        yield n
