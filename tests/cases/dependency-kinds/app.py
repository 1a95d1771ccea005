import functools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer

app = FastAPI()


def by_def(q: str = "a") -> str:
    return q


async def by_async_def(q: str = "a") -> str:
    return q


class ByClass:
    def __init__(self, q: str = "a") -> None:
        self.q = q


@dataclass
class ByDataclass:
    q: str = "a"


class Checker:
    def __init__(self, wanted: str) -> None:
        self.wanted = wanted

    def __call__(self, q: str = "a") -> bool:
        return q == self.wanted


def starts_with(start: str, q: str = "a") -> bool:
    return q.startswith(start)


def by_generator(q: str = "a") -> Iterator[str]:
    yield q
    print("generator over")


async def by_async_generator(q: str = "a") -> AsyncIterator[str]:
    yield q
    print("async generator over")


@app.get("/functions")
async def functions(a: Annotated[str, Depends(by_def)], b: Annotated[str, Depends(by_async_def)]) -> str:
    return a + b


@app.get("/classes")
async def classes(
    a: Annotated[ByClass, Depends()],
    b: Annotated[ByDataclass, Depends()],
    c: Annotated[bool, Depends(Checker("a"))],
    d: Annotated[bool, Depends(functools.partial(starts_with, "a"))],
) -> str:
    return f"{a.q}{b.q} {c} {d}"


@app.get("/generators")
async def generators(
    a: Annotated[str, Depends(by_generator)], b: Annotated[str, Depends(by_async_generator)]
) -> str:
    return a + b


@app.get("/generators-in-def")
def generators_in_def(
    a: Annotated[str, Depends(by_generator)], b: Annotated[str, Depends(by_async_generator)]
) -> str:
    return a + b


bearer = OAuth2PasswordBearer(tokenUrl="token")


@app.get("/library")
async def library(token: Annotated[str, Depends(bearer)]) -> int:
    return len(token)
