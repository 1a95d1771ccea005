# refused: runs more than 64 threads at once
import threading

from fastapi import FastAPI

app = FastAPI()
never = threading.Event()


@app.get("/")
async def endpoint() -> int:
    for _ in range(200):
        threading.Thread(target=never.wait, args=(60,), daemon=True).start()  # <-
    return threading.active_count()
