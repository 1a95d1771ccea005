# refused: starts a process
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> int:
    for _ in range(5):
        if os.fork() == 0:  # <-
            os.execlp("sleep", "sleep", "60")
    return 5
