from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    name: str
    size: int = 1


def get_page(page: Annotated[int, Query(gt=0)]) -> int:
    return page


@app.post("/items/{n}")
async def create(n: int, item: Item, page: Annotated[int, Depends(get_page)]) -> Item:
    return item


@app.get("/broken")
async def broken() -> Item:
    return {"name": "apple", "size": "large"}  # type: ignore[return-value]


@app.get("/handled", response_model=Item)
def handled() -> dict[str, str]:
    return {}


@app.exception_handler(RequestValidationError)
async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    return JSONResponse([e["loc"] for e in error.errors()], 422)
