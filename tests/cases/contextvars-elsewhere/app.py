import asyncio
import threading
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Annotated

from fastapi import Depends, FastAPI, WebSocket
from fastapi.responses import StreamingResponse

user: ContextVar[str] = ContextVar("user", default="nobody")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    user.set("by lifespan")
    yield
    print("lifespan ends:", user.get())


app = FastAPI(lifespan=lifespan)


async def dependency() -> AsyncIterator[str]:
    before = user.get()
    user.set("by dependency")
    yield before
    print("exit code:", user.get())


Before = Annotated[str, Depends(dependency)]


@app.get("/stream")
async def stream(before: Before) -> StreamingResponse:
    def pieces() -> Iterator[str]:
        yield before
        yield user.get()

    return StreamingResponse(pieces())


@app.get("/async-stream")
async def async_stream(before: Before) -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        yield before
        await asyncio.sleep(1)
        yield user.get()

    return StreamingResponse(pieces())


@app.get("/lines")
async def lines(before: Before) -> AsyncIterable[str]:
    yield before
    yield user.get()


@app.websocket("/socket")
async def socket(socket: WebSocket, before: Before) -> None:
    await socket.accept()
    user.set("by endpoint")
    await socket.send_text(f"{before}, {user.get()}")
    await socket.close()


@app.get("/threads")
async def threads(before: Before) -> list[str]:
    loop = asyncio.get_running_loop()
    found = [before, await asyncio.to_thread(user.get), await loop.run_in_executor(None, user.get)]
    own = threading.Thread(target=lambda: found.append(user.get()))
    own.start()
    own.join()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(changes())
    return [*found, task.result(), user.get()]


async def changes() -> str:
    user.set("by task")
    return user.get()
