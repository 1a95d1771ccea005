# refused: starts a process
import subprocess

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> int:
    return subprocess.Popen(["sleep", "60"]).pid  # <-
