# refused: writes more than 16 MiB or 5,000 files to its temporary folder
import time
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()


def write(number: int) -> None:
    Path(str(number)).write_bytes(bytes(1024 * 1024))


@app.get("/")
async def endpoint() -> int:
    for number in range(120):
        write(number)
    for number in range(200_000):  # until someone looks
        time.sleep(0)  # <- or any line above
    return number
