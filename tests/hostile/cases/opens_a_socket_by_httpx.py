# refused: uses the network | opens a socket
import httpx
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get("http://127.0.0.1:{port}/", timeout=5)  # <-
    return answer.status_code
