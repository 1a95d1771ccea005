import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI

app = FastAPI()


class Countdown:
    def __init__(self, start: int) -> None:
        self.left = start

    def __aiter__(self) -> "Countdown":
        return self

    async def __anext__(self) -> int:
        await asyncio.sleep(1)
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return self.left


async def letters() -> AsyncIterator[str]:
    yield "a"
    await asyncio.sleep(0)
    yield "b"


@app.get("/loops")
async def loops() -> list[str]:
    found: list[str] = []
    async for n in Countdown(2):
        found.append(str(n))
    async for letter in letters():
        found.append(letter)
    found += [letter async for letter in letters()]
    return found


@app.get("/by-hand")
async def by_hand() -> str:
    iterator = letters()
    first = await anext(iterator)
    await anext(iterator)
    try:
        await anext(iterator)
    except StopAsyncIteration:
        return first
    return "never"


@app.get("/next")
async def by_next() -> str:
    numbers = iter([1])
    next(numbers)
    try:
        next(numbers)
    except StopIteration:
        return "at its end"
    return "never"
