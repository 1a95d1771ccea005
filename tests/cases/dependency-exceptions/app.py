from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException

app = FastAPI()


async def sees() -> AsyncIterator[None]:
    try:
        yield
    except ValueError as error:
        print("seen", error)
        raise


async def translates() -> AsyncIterator[None]:
    try:
        yield
    except ValueError as error:
        raise HTTPException(400, "translated") from error


async def swallows() -> AsyncIterator[None]:
    try:
        yield
    except ValueError:
        print("swallowed")


def swallows_in_thread() -> Iterator[None]:
    try:
        yield
    except ValueError:
        print("swallowed in a thread")


async def is_not_concerned() -> AsyncIterator[None]:
    yield
    print("never printed")


@app.get("/sees")
async def seen(a: Annotated[None, Depends(sees)]) -> None:
    raise ValueError("wrong")


@app.get("/translates")
async def translated(a: Annotated[None, Depends(translates)]) -> None:
    raise ValueError("wrong")


@app.get("/swallows")
async def swallowed(a: Annotated[None, Depends(swallows)]) -> None:
    raise ValueError("wrong")


@app.get("/swallows-in-thread")
async def swallowed_in_thread(a: Annotated[None, Depends(swallows_in_thread)]) -> None:
    raise ValueError("wrong")


@app.get("/chain")
async def chain(
    a: Annotated[None, Depends(sees)], b: Annotated[None, Depends(translates)], c: Annotated[None, Depends(is_not_concerned)]
) -> None:
    raise ValueError("wrong")
