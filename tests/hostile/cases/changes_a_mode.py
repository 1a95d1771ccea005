# refused: changes a file's mode, owner, times or attributes
import os

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> str:
    os.chmod("{home}/.profile", 0o777)  # <-
    return "changed"
