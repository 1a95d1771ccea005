# refused: waits for a debugger
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> str:
    breakpoint()  # <-
    return "debugged"
