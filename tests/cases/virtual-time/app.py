import asyncio
import time
from datetime import UTC, date, datetime

from fastapi import FastAPI

app = FastAPI()


@app.get("/sleep")
async def sleep() -> list[str]:
    before = datetime.now(UTC)
    await asyncio.sleep(600)
    return [before.isoformat(), datetime.now(UTC).isoformat()]


@app.get("/clocks")
def clocks() -> list[str]:
    start = time.perf_counter()
    time.sleep(90.5)
    took = time.perf_counter() - start
    today = date.today()
    local = time.strftime("%H:%M:%S")
    return [f"{took:.1f}", f"{time.time():.1f}", today.isoformat(), local, f"{datetime.now():%S}"]
