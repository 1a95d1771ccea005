from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException

app = FastAPI()


async def connection() -> AsyncIterator[str]:
    try:
        yield "connection"
    finally:
        print("connection given back")


def transaction(connection: Annotated[str, Depends(connection, scope="request")]) -> Iterator[str]:
    try:
        yield f"transaction on {connection}"
    except HTTPException:
        print("rolled back")
        raise
    print("committed")


async def refuses() -> AsyncIterator[None]:
    yield
    raise HTTPException(418)


Transaction = Annotated[str, Depends(transaction, scope="function")]


@app.get("/commits")
async def commits(transaction: Transaction) -> str:
    return transaction


@app.get("/rolls-back")
def rolls_back(transaction: Transaction) -> str:
    raise HTTPException(409)


@app.get("/refuses")
async def refused(a: Annotated[None, Depends(refuses, scope="function")], transaction: Transaction) -> str:
    return "never sent"
