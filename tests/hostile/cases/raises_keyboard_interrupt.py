# crashed: raises KeyboardInterrupt
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> None:
    raise KeyboardInterrupt  # <-
