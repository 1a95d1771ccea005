import threading
import time

from fastapi import FastAPI

app = FastAPI()
lock = threading.Lock()
ready = threading.Event()
log: list[str] = []


def waits() -> None:
    ready.wait()
    with lock:
        log.append("waiter")


@app.get("/thread")
def thread() -> list[str]:
    other = threading.Thread(target=waits)
    other.start()
    time.sleep(1)
    log.append("endpoint")
    ready.set()
    other.join()
    return log


@app.get("/locked/{name}")
def locked(name: str) -> str:
    with lock:
        time.sleep(1)
        return name


def fails() -> None:
    raise OSError("nobody sees it")


@app.get("/fails")
async def starts_one_that_fails() -> str:
    other = threading.Thread(target=fails)
    other.start()
    other.join()
    return "fine"


@app.get("/timer")
def timer() -> bool:
    called = threading.Event()
    threading.Timer(5, called.set).start()
    return called.wait(10)
