import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import StreamingResponse

app = FastAPI()


async def session() -> AsyncIterator[str]:
    try:
        yield "session"
    except BaseException as error:
        print("session sees", type(error).__name__)
        raise
    finally:
        print("session over")


Session = Annotated[str, Depends(session)]


@app.get("/stream")
async def stream(session: Session) -> StreamingResponse:
    async def numbers() -> AsyncIterator[str]:
        try:
            for n in range(100):
                yield f"{n}\n"
                await asyncio.sleep(1)
        finally:
            print("numbers over")

    return StreamingResponse(numbers())


@app.get("/slow")
async def slow(session: Session) -> str:
    await asyncio.sleep(60)
    print("done all the same")
    return "slow"


@app.get("/watches")
async def watches(request: Request) -> str:
    while not await request.is_disconnected():
        await asyncio.sleep(1)
    print("nobody waits")
    return "gone"
