# refused: makes a recording of more than 4 MiB | makes more than 30,000 events
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> None:
    for _ in range(8_000):
        print("again and again" * 12)
