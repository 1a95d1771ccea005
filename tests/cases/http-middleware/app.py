from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import PlainTextResponse

app = FastAPI()
Next = Callable[[Request], Awaitable[Response]]


@app.middleware("http")
async def inner(request: Request, call_next: Next) -> Response:
    response = await call_next(request)
    response.headers["X-Inner"] = "1"
    return response


@app.middleware("http")
async def outer(request: Request, call_next: Next) -> Response:
    if "stop" in request.query_params:
        return PlainTextResponse("stopped", 403)
    try:
        response = await call_next(request)
    except LookupError:
        return PlainTextResponse("caught by outer", 500)
    response.headers["X-Outer"] = "1"
    return response


async def session() -> AsyncIterator[str]:
    yield "session"
    print("session over")


@app.get("/")
async def read(session: Annotated[str, Depends(session)]) -> str:
    return session


@app.get("/fails")
async def fails(session: Annotated[str, Depends(session)]) -> str:
    raise LookupError
