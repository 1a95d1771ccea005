# refused: opens a socket
import socket

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> str:
    with socket.socket() as connection:  # <-
        connection.connect(("127.0.0.1", {port}))
        connection.send(b"hello")
    return "sent"
