from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, File, Form, Request, UploadFile

app = FastAPI()


@app.post("/upload")
async def upload(file: UploadFile, note: Annotated[str, Form()]) -> str:
    content = await file.read()
    return f"{file.filename} {len(content)} {note}"


@app.post("/upload-in-thread")
def upload_in_thread(file: UploadFile) -> str:
    content = file.file.read()
    return f"{file.filename} {len(content)}"


@app.post("/bytes")
async def upload_bytes(file: Annotated[bytes, File()]) -> int:
    return len(file)


@app.post("/body")
async def body(request: Request) -> list[int]:
    return [len(chunk) async for chunk in request.stream()]
