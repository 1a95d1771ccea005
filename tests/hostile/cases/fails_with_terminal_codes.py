# crashed: \x1b[2J\x1b]0;owned\x07
from fastapi import FastAPI

app = FastAPI()
raise ValueError("\x1b[2J\x1b]0;owned\x07 \ud800")  # <-


@app.get("/")
async def endpoint() -> None:
    pass
