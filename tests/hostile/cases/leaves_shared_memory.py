# refused: does what the sandbox refuses
from multiprocessing import shared_memory

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def endpoint() -> int:
    return shared_memory.SharedMemory("asrun-hostile", create=True, size=4096).size  # <-
