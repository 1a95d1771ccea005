# refused: uses the network
import socket

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> int:
    return len(socket.getaddrinfo("localhost", 80))  # <-
