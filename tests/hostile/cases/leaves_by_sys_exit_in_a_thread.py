# crashed: the lesson called sys.exit | raises SystemExit
import sys

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> None:
    sys.exit(0)  # <-
