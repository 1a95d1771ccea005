# refused: writes `{project}/snippets/chapters.toml`
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def endpoint() -> str:
    Path("{project}/snippets/chapters.toml").write_text("gone")  # <-
    return "written"
