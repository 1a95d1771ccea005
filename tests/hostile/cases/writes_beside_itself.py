# refused: makes the folder
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> str:
    Path(__file__).with_name("made").mkdir()  # <-
    return "made"
