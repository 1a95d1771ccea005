# crashed: the lesson called sys.exit | raises SystemExit
import sys

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> None:
    sys.exit("enough")  # <-
