# refused: reads `{home}/.profile`
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> str:
    return Path("{home}/.profile").read_text()  # <-
