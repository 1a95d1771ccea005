import asyncio
from collections.abc import AsyncIterable, Iterable

from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    n: int


@app.get("/lines")
async def lines() -> AsyncIterable[Item]:
    for n in range(2):
        yield Item(n=n)


@app.get("/sync-lines")
def sync_lines() -> Iterable[Item]:
    for n in range(2):
        yield Item(n=n)


@app.get("/events", response_class=EventSourceResponse)
async def events() -> AsyncIterable[Item]:
    yield Item(n=1)
    await asyncio.sleep(20)
    yield Item(n=2)


@app.get("/sync-events", response_class=EventSourceResponse)
def sync_events() -> Iterable[ServerSentEvent]:
    yield ServerSentEvent(data={"n": 1}, event="number", id="1")


@app.get("/wrong-lines")
async def wrong_lines() -> AsyncIterable[Item]:
    yield Item(n=1)
    yield {"n": "two"}  # type: ignore[misc]
