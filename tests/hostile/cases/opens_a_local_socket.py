# refused: opens a socket
import socket

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> str:
    with socket.socket(socket.AF_UNIX) as connection:  # <-
        connection.connect("{socket}")
        connection.send(b"hello")
    return "sent"
