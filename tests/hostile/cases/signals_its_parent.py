# refused: sends a signal
import os
import signal

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> None:
    os.kill(os.getppid(), signal.SIGKILL)  # <-
