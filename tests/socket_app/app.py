"""Says in files when its exit code has run; waits a second for a client to say that it has its answer."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse

app = FastAPI()


async def exit_code() -> None:
    for _ in range(20):
        if Path("client-has-it").exists():
            break
        await asyncio.sleep(0.05)
    Path("closed").touch()


async def resource() -> AsyncIterator[str]:
    try:
        yield "resource"
    finally:
        await exit_code()


ForRequest = Annotated[str, Depends(resource)]
ForFunction = Annotated[str, Depends(resource, scope="function")]


@app.get("/request")
async def of_request(resource: ForRequest) -> str:
    return resource


@app.get("/function")
async def of_function(resource: ForFunction) -> str:
    return resource


@app.get("/refuses")
async def refuses(resource: ForRequest) -> str:
    raise HTTPException(409)


@app.get("/fails")
async def fails(resource: ForRequest) -> str:
    raise LookupError


@app.get("/streams")
async def streams(resource: ForRequest) -> StreamingResponse:
    def pieces() -> Iterator[str]:
        yield resource

    return StreamingResponse(pieces())


@app.get("/background")
async def background(tasks: BackgroundTasks) -> str:
    tasks.add_task(exit_code)
    return "accepted"
