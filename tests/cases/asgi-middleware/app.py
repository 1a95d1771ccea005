from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Stamp:
    def __init__(self, app: App, stamp: bytes) -> None:
        self.app = app
        self.stamp = stamp

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def stamping(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-stamp", self.stamp)]
            await send(message)

        await self.app(scope, receive, stamping)
        print("stamp: the app has returned")


app = FastAPI()
app.add_middleware(Stamp, stamp=b"1")
app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"], allow_methods=["POST"])


async def session() -> AsyncIterator[str]:
    yield "session"
    print("session over")


@app.post("/")
async def create(body: dict[str, int], session: Annotated[str, Depends(session)]) -> dict[str, int]:
    return body
