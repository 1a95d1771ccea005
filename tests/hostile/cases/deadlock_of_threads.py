# hung: it hangs in `endpoint`
from _thread import allocate_lock  # whose time-outs are no part of the virtual clock

from fastapi import FastAPI

app = FastAPI()
lock = allocate_lock()


@app.get("/")
def endpoint() -> str:
    lock.acquire()
    lock.acquire(timeout=60)  # <-
    return "never"
