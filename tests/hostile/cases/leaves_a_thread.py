# hung: leaves a thread running, in `run_on`, when it is over
import select
import threading

from fastapi import FastAPI

app = FastAPI()


def run_on() -> None:
    select.select([], [], [], 60)  # <- or the line before


@app.get("/")
async def endpoint() -> str:
    threading.Thread(target=run_on).start()
    return "started"
