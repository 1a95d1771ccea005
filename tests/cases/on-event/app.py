import warnings

from fastapi import FastAPI

warnings.simplefilter("ignore")
app = FastAPI()


@app.on_event("startup")
async def start() -> None:
    print("starting")


@app.on_event("startup")
def start_in_def() -> None:
    print("starting, in a def")


@app.on_event("shutdown")
async def stop() -> None:
    print("stopping")


@app.get("/")
async def read() -> str:
    return "up"
