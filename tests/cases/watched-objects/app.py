from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


class Pool:
    def __init__(self) -> None:
        self.state = "idle"


lent, given, kept = Pool(), Pool(), Pool()


async def lends() -> AsyncIterator[Pool]:
    lent.state = "lent"
    yield lent
    lent.state = "closed"


def gives() -> Pool:
    given.state = "given"
    return given


def lends_in_thread() -> Iterator[Pool]:
    yield kept
    kept.state = "closed"


@app.get("/loop")
async def on_loop(a: Annotated[Pool, Depends(lends)], b: Annotated[Pool, Depends(gives)]) -> str:
    b.state = "used"
    return f"{a.state} {b.state}"


@app.get("/thread")
def in_thread(c: Annotated[Pool, Depends(lends_in_thread)]) -> str:
    c.state = "used"
    made = Pool()
    return f"{c.state} {made.state}"
