from fastapi import FastAPI
from fastapi.responses import RedirectResponse

app = FastAPI()


@app.get("/items/")
async def items() -> str:
    return "items"


@app.get("/old")
async def old() -> RedirectResponse:
    return RedirectResponse("/items/")


@app.head("/both")
@app.get("/both")
async def both() -> str:
    return "body"


@app.get("/items/me")
async def me() -> str:
    return "me"


@app.get("/items/{name}")
async def item(name: str) -> str:
    return name
