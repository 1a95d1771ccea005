# crashed: ends its process by `os.abort()`
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> None:
    os.abort()  # <-
