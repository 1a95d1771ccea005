# refused: reads `stolen`
import os
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> str:
    os.symlink("{home}/.profile", "stolen")
    return Path("stolen").read_text()  # <-
