import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    print("starting")
    await asyncio.sleep(5)
    yield {"pool": "pool"}
    print("stopping")


app = FastAPI(lifespan=lifespan)


async def connection(request: Request) -> AsyncIterator[str]:
    yield f"connection of {request.state.pool}"
    print("connection given back")


@app.get("/")
async def read(connection: Annotated[str, Depends(connection)]) -> str:
    return connection
