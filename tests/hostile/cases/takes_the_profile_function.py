# refused: takes the interpreter's trace function
import sys

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> str:
    sys.setprofile(lambda *args: None)  # <-
    return "watched"
