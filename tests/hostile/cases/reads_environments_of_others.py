# refused: reads `/proc/
import os
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> str:
    found = ""
    for process in ("self", os.getppid(), "{parent}"):
        try:
            found += Path(f"/proc/{process}/environ").read_text()  # <-
        except OSError:
            continue
    return found
