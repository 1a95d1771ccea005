import asyncio

from fastapi import FastAPI

app = FastAPI()


async def work() -> None:
    await asyncio.sleep(30)
    print("work done")


async def fails() -> None:
    raise LookupError("lost")


@app.get("/task")
async def task() -> str:
    app.state.task = asyncio.create_task(work())
    return "started"


@app.get("/never")
async def never() -> str:
    work()
    return "not even started"


@app.get("/fails")
async def failing() -> str:
    asyncio.create_task(fails())
    await asyncio.sleep(1)
    return "fine"


@app.get("/forgotten")
async def forgotten() -> str:
    app.state.forgotten = asyncio.create_task(asyncio.sleep(3600))
    return "started"
