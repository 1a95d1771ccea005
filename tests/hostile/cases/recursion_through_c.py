# crashed: calls itself without end | was ended by SIGSEGV
import sys

from fastapi import FastAPI

app = FastAPI()


def again(number: int) -> int:
    return max([number], key=again) if number < 10**7 else again(number)  # <- or the line before


@app.get("/")
async def endpoint() -> int:
    sys.setrecursionlimit(10**6)
    return again(0)
