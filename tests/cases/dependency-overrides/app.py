from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


def get_name() -> str:
    return "real"


def get_fake(suffix: str = "!") -> Iterator[str]:
    yield "fake" + suffix
    print("fake over")


@app.get("/")
async def read(name: Annotated[str, Depends(get_name)], again: Annotated[str, Depends(get_name)]) -> str:
    return name + again
