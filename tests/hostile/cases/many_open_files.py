# refused: has more than 128 files open at once
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> int:
    held = []
    for _ in range(300):
        held.append(open("/dev/null"))  # <-
    return len(held)
