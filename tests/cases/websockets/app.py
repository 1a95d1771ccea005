from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


@app.websocket("/echo")
async def echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            text = await socket.receive_text()
            await socket.send_text(text.upper())
    except WebSocketDisconnect as error:
        print("client closed with", error.code)


@app.websocket("/count/{n}")
async def count(socket: WebSocket, n: int) -> None:
    await socket.accept(subprotocol="numbers")
    for i in range(n):
        await socket.send_json({"i": i})
    await socket.close(1001, "no more")


@app.websocket("/ends")
async def ends(socket: WebSocket) -> None:
    await socket.accept()


@app.websocket("/late")
async def late(socket: WebSocket) -> None:
    await socket.accept()
    await socket.receive_bytes()
    try:
        await socket.receive_bytes()
    except WebSocketDisconnect:
        pass
    await socket.send_text("too late")
