from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse

app = FastAPI()


@app.get("/file")
def read() -> FileResponse:
    path = Path("letters.txt")
    path.write_text("abcdefghij")
    return FileResponse(path, filename="letters.txt")


@app.get("/missing")
def missing() -> FileResponse:
    return FileResponse("nowhere.txt")
