# harmless
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> str:
    print("\x1b[2J\x1b]0;owned\x07 half a character: \ud800")
    return "printed"
