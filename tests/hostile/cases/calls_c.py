# refused: calls C code by ctypes
import ctypes

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> int:
    return ctypes.CDLL(None).getppid()  # <-
