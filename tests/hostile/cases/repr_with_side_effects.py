# harmless
from fastapi import FastAPI

app = FastAPI()
seen = 0


class Odd:
    def __repr__(self) -> str:
        global seen
        seen += 1
        return f"seen {seen} times"

    __str__ = __repr__


@app.get("/")
async def endpoint() -> int:
    odd = Odd()
    held = [odd]
    return seen * len(held)
