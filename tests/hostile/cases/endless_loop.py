# refused: makes more than 30,000 events: it goes round a loop without end, or for too long
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> int:
    count = 0
    while count < 1_000_000_000:
        count += 1  # <- or the line before
    return count
