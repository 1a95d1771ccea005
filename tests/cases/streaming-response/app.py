import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()


async def session() -> AsyncIterator[str]:
    try:
        yield "session"
    finally:
        print("session over")


Session = Annotated[str, Depends(session)]


@app.get("/sync")
async def sync(session: Session) -> StreamingResponse:
    def numbers() -> Iterator[str]:
        for n in range(2):
            time.sleep(1)
            yield f"{n}"

    return StreamingResponse(numbers(), media_type="text/plain")


@app.get("/async")
async def asynchronous(session: Session) -> StreamingResponse:
    async def numbers() -> AsyncIterator[str]:
        for n in range(2):
            await asyncio.sleep(1)
            yield f"{n}"

    return StreamingResponse(numbers(), media_type="text/plain")


@app.get("/fails")
async def fails(session: Session) -> StreamingResponse:
    async def numbers() -> AsyncIterator[str]:
        yield "0"
        raise RuntimeError("lost")

    return StreamingResponse(numbers(), media_type="text/plain")


@app.get("/fails-first")
async def fails_first(session: Session) -> StreamingResponse:
    def numbers() -> Iterator[str]:
        raise RuntimeError("lost")
        yield "0"

    return StreamingResponse(numbers(), media_type="text/plain")
