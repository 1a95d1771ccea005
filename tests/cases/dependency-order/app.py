from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


async def outer() -> AsyncIterator[str]:
    yield "outer"
    print("outer over")


def middle(outer: Annotated[str, Depends(outer)]) -> Iterator[str]:
    yield f"{outer} middle"
    print("middle over")


async def inner(middle: Annotated[str, Depends(middle)], outer: Annotated[str, Depends(outer)]) -> AsyncIterator[str]:
    yield f"{middle} inner"
    print("inner over")


@app.get("/nested")
async def nested(inner: Annotated[str, Depends(inner)]) -> str:
    return inner


counter = 0


def count() -> int:
    global counter
    counter += 1
    return counter


def left(n: Annotated[int, Depends(count)]) -> int:
    return n


def right(n: Annotated[int, Depends(count)]) -> int:
    return n


def fresh(n: Annotated[int, Depends(count, use_cache=False)]) -> int:
    return n


@app.get("/diamond")
async def diamond(
    a: Annotated[int, Depends(left)], b: Annotated[int, Depends(right)], c: Annotated[int, Depends(fresh)]
) -> list[int]:
    return [a, b, c]
