from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException

app = FastAPI()


async def outer() -> AsyncIterator[None]:
    try:
        yield
    except RuntimeError:
        print("outer sees it")
        raise


async def fails(outer: Annotated[None, Depends(outer)]) -> AsyncIterator[None]:
    yield
    raise RuntimeError("exit code fails")


def refuses() -> Iterator[None]:
    yield
    raise HTTPException(418)


@app.get("/fails")
async def read(a: Annotated[None, Depends(fails)]) -> str:
    return "fine"


@app.get("/refuses")
async def refused(a: Annotated[None, Depends(refuses)]) -> str:
    return "fine"


async def yields_twice() -> AsyncIterator[int]:
    yield 1
    yield 2


@app.get("/twice")
async def twice(n: Annotated[int, Depends(yields_twice)]) -> int:
    return n
