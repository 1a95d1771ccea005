# refused: writes more than 4 MiB into one file
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> int:
    for number in range(100):
        os.write(1, bytes(1024 * 1024))  # <-
    return number
