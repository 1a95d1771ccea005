# refused: does what the sandbox refuses | needs more than 256 MiB of memory
import mmap

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> int:
    held = []
    for _ in range(48):
        held.append(mmap.mmap(-1, 64 * 1024 * 1024))  # <-
    return len(held)
