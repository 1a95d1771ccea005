# refused: sends itself signal 9
import signal

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> None:
    signal.raise_signal(signal.SIGKILL)  # <-
