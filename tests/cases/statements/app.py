import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from fastapi import FastAPI

app = FastAPI()


def squares(n: int) -> Iterator[int]:
    for i in range(n):
        yield i * i


def flat(n: int) -> Iterator[int]:
    got = yield from squares(n)
    yield from [10, 20]
    assert got is None


def talks() -> Iterator[str]:
    heard = yield "first"
    yield f"heard {heard}"


@contextlib.contextmanager
def opened(name: str) -> Iterator[str]:
    try:
        yield name
    finally:
        print("closed", name)


@contextlib.asynccontextmanager
async def opened_async(name: str) -> AsyncIterator[str]:
    await asyncio.sleep(0)
    yield name
    await asyncio.sleep(0)


@app.get("/loops")
def loops() -> list[int]:
    result = [x for x in squares(3) if x]
    evens = {x: y for x, y in enumerate(result) if y % 2 == 0}
    total = 0
    while True:
        total += 1
        if total > 2:
            break
    else:
        total = 0
    for x in flat(2):
        total += x
    talk = talks()
    next(talk)
    talk.send("you")
    talk.close()
    return [*result, *evens, total]


@app.get("/blocks")
async def blocks(n: int = 1) -> str:
    with opened("a") as a, opened("b"):
        text = a
    async with opened_async("c") as c:
        text += c
    match n:
        case 1:
            text += "one"
        case _:
            text += "many"
    try:
        text += str(1 // (n - 1))
    except (ZeroDivisionError, OverflowError):
        text += "zero"
    else:
        text += "fine"
    finally:
        text += "."
    value: Any = (
        text
        if n
        else None
    )
    return shout(value, end="!")


def shout(
    text: str,
    *,
    end: str = "",
) -> str:
    upper = lambda s: s.upper()  # noqa: E731
    return upper(
        text
    ) + end


@app.get("/exceptions")
def exceptions() -> str:
    try:
        try:
            {}["missing"]
        except KeyError as error:
            raise LookupError("outer") from error
        finally:
            seen = "finally"
    except LookupError:
        pass
    with contextlib.suppress(OSError):
        raise OSError
    try:
        raise ExceptionGroup("both", [ValueError(1), TypeError(2)])
    except* ValueError:
        seen += " value"
    except* TypeError:
        seen += " type"
    return seen


@app.get("/closures")
async def closures() -> int:
    n = 0

    def add() -> None:
        nonlocal n
        n += 1

    add()
    await asyncio.to_thread(add)
    pairs = [(a, b) async for a, b in pairs_of(2)]
    return n + len(pairs)


async def pairs_of(n: int) -> AsyncIterator[tuple[int, int]]:
    for i in range(n):
        await asyncio.sleep(0)
        yield i, i
