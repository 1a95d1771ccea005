from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI


async def at_app() -> AsyncIterator[None]:
    yield
    print("app level over")


async def at_include() -> AsyncIterator[None]:
    yield
    print("include level over")


async def at_router() -> AsyncIterator[None]:
    yield
    print("router level over")


async def at_route() -> AsyncIterator[None]:
    yield
    print("route level over")


async def parameter() -> AsyncIterator[str]:
    yield "value"
    print("parameter over")


app = FastAPI(dependencies=[Depends(at_app)])
router = APIRouter(prefix="/items", dependencies=[Depends(at_router)])


@router.get("/", dependencies=[Depends(at_route)])
async def read(value: Annotated[str, Depends(parameter)]) -> str:
    return value


app.include_router(router, dependencies=[Depends(at_include)])
