# hung: it hangs in `endpoint`
import itertools

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> int:
    return sum(itertools.repeat(0, 20_000_000_000))  # <-
