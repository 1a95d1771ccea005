# refused: computes for more than | hung: it hangs in
import hashlib
import threading

from fastapi import FastAPI

app = FastAPI()


def compute() -> None:
    hashlib.pbkdf2_hmac("sha256", b"x", b"y", 40_000_000)


@app.get("/")
async def endpoint() -> None:
    threads = [threading.Thread(target=compute, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)  # <- or any line above
