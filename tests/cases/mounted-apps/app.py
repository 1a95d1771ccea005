from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response

app = FastAPI()
sub = FastAPI()
router = APIRouter(prefix="/deep")


async def of_main() -> AsyncIterator[str]:
    yield "main"
    print("main over")


async def of_sub() -> AsyncIterator[str]:
    yield "sub"
    print("sub over")


@sub.middleware("http")
async def of_sub_only(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers["X-Path"] = f"{request.scope['root_path']} {request.scope['path']}"
    return response


@sub.get("/items")
async def items(request: Request, value: Annotated[str, Depends(of_sub)]) -> str:
    return f"{value} {request.url.path}"


@router.get("/items")
async def deep_items(value: Annotated[str, Depends(of_main)]) -> str:
    return value


app.include_router(router, prefix="/very")
app.mount("/sub", sub)
