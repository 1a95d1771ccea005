# harmless
import asyncio
import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> str:
    time.sleep(3600)
    await asyncio.sleep(3600)
    return "rested"
