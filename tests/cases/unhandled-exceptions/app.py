from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.exception_handler(Exception)
async def last_resort(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse(f"caught {error}", 500)


@app.get("/async-def")
async def coroutine() -> None:
    raise LookupError("gone")


@app.get("/def")
def plain() -> None:
    helper()


def helper() -> None:
    raise LookupError("gone, too")


plain_app = FastAPI()


@plain_app.get("/")
async def read() -> int:
    return 1 // 0


app.mount("/mounted", plain_app)
