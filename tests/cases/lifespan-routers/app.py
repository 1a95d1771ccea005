from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request


@asynccontextmanager
async def of_app(app: FastAPI) -> AsyncIterator[dict[str, int]]:
    print("app starts")
    yield {"a": 1}
    print("app stops")


@asynccontextmanager
async def of_router(app: FastAPI) -> AsyncIterator[dict[str, int]]:
    print("router starts")
    yield {"b": 2}
    print("router stops")


router = APIRouter(lifespan=of_router)


@router.get("/")
async def read(request: Request) -> list[int]:
    return [request.state.a, request.state.b]


app = FastAPI(lifespan=of_app)
app.include_router(router)
