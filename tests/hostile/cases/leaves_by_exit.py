# crashed: ends its process by `os._exit(0)`
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> None:
    os._exit(0)  # <-
