# crashed: ended itself with status
# Nothing is left by which it could say what it did.
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> None:
    os.closerange(0, 1000)  # <- or none
