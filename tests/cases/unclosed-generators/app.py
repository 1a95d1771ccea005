from collections.abc import AsyncIterator

from fastapi import FastAPI

app = FastAPI()


async def numbers() -> AsyncIterator[int]:
    try:
        for n in range(10):
            yield n
    finally:
        print("numbers closed")


@app.get("/break")
async def breaks() -> int:
    async for n in numbers():
        if n == 2:
            break
    print("after the loop")
    return n


@app.get("/held")
async def held() -> int:
    generator = numbers()
    first = await anext(generator)
    generator.held_by = generator = [generator]  # type: ignore[attr-defined]
    return first


kept: list[AsyncIterator[int]] = []


@app.get("/kept")
async def keeps() -> int:
    kept.append(numbers())
    return await anext(kept[0])
