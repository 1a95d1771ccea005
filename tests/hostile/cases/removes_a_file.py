# refused: removes `{home}/.profile`
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> str:
    os.remove("{home}/.profile")  # <-
    return "removed"
