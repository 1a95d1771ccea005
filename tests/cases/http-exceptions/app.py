from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse

app = FastAPI()


class Teapot(Exception):
    def __init__(self, size: int) -> None:
        self.size = size


class BigTeapot(Teapot):
    pass


async def session() -> AsyncIterator[str]:
    try:
        yield "session"
    finally:
        print("session over")


async def guard(allowed: bool = True) -> None:
    if not allowed:
        raise HTTPException(403, "not allowed")


@app.get("/items/{n}", dependencies=[Depends(guard)])
async def read(n: int, session: Annotated[str, Depends(session)]) -> int:
    if n > 1:
        raise HTTPException(404, detail={"n": n}, headers={"X-Reason": "too large"})
    return n


@app.exception_handler(Teapot)
async def teapot(request: Request, error: Teapot) -> JSONResponse:
    return JSONResponse({"size": error.size}, 418)


@app.get("/teapot")
def make(session: Annotated[str, Depends(session)]) -> None:
    raise BigTeapot(3)
