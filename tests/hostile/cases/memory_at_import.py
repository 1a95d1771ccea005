# refused: needs more than 256 MiB of memory
from fastapi import FastAPI

app = FastAPI()
held = [bytes(64 * 1024 * 1024) for _ in range(48)]  # <-


@app.get("/")
async def endpoint() -> int:
    return len(held)
