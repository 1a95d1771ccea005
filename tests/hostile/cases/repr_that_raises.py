# harmless
from fastapi import FastAPI

app = FastAPI()


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


@app.get("/")
async def endpoint() -> str:
    odd = Odd()
    return type(odd).__name__
