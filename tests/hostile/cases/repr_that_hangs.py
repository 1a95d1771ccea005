# harmless
from fastapi import FastAPI

app = FastAPI()


class Odd:
    def __repr__(self) -> str:
        for _ in range(1_000_000_000):
            pass
        return "at last"

    __str__ = __repr__


@app.get("/")
async def endpoint() -> str:
    odd = Odd()
    return type(odd).__name__
