from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query, WebSocket, WebSocketException

app = FastAPI()


async def session() -> AsyncIterator[str]:
    try:
        yield "session"
    finally:
        print("session over")


async def user(token: Annotated[str | None, Query()] = None) -> str:
    if token is None:
        raise WebSocketException(1008, "who are you?")
    if token == "banned":
        raise HTTPException(451)
    return "user"


@app.websocket("/chat")
async def chat(
    socket: WebSocket, session: Annotated[str, Depends(session)], user: Annotated[str, Depends(user)]
) -> None:
    await socket.accept()
    await socket.send_text(f"{session} of {user}")
    await socket.receive_text()
    raise LookupError


@app.websocket("/number/{n}")
async def number(socket: WebSocket, n: int) -> None:
    await socket.accept()


@app.websocket("/closed")
async def closed(socket: WebSocket) -> None:
    await socket.close()
