from typing import Annotated

from fastapi import Depends, FastAPI, Response
from fastapi.responses import PlainTextResponse

app = FastAPI()


async def count(response: Response) -> int:
    response.headers["X-Count"] = "1"
    return 1


Count = Annotated[int, Depends(count)]


@app.get("/made")
async def made(n: Count, response: Response) -> int:
    response.status_code = 201
    response.set_cookie("n", str(n))
    return n


@app.get("/own")
async def own(n: Count) -> PlainTextResponse:
    return PlainTextResponse("own", headers={"X-Own": str(n)})
