# crashed: raises SystemExit | called sys.exit
import sys

from fastapi import FastAPI

app = FastAPI()
sys.exit(0)  # <-


@app.get("/")
def endpoint() -> None:
    pass
