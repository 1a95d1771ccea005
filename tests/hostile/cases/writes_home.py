# refused: writes `{home}/.profile`
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> str:
    try:
        with Path("{home}/.profile").open("a") as file:  # <-
            file.write("echo hello")
    except OSError:
        return "it tried"
    return "written"
