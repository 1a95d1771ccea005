# crashed: calls itself without end
from fastapi import FastAPI

app = FastAPI()


def again(number: int) -> int:
    return again(number + 1)  # <- or the line before


@app.get("/")
async def endpoint() -> int:
    return again(0)
