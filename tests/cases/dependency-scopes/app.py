from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()


class Resource:
    def __init__(self) -> None:
        self.open = True


async def for_function() -> AsyncIterator[Resource]:
    resource = Resource()
    yield resource
    resource.open = False


async def for_request() -> AsyncIterator[Resource]:
    resource = Resource()
    yield resource
    resource.open = False


ForFunction = Annotated[Resource, Depends(for_function, scope="function")]
ForRequest = Annotated[Resource, Depends(for_request, scope="request")]


@app.get("/plain")
async def plain(a: ForFunction, b: ForRequest) -> list[bool]:
    return [a.open, b.open]


@app.get("/stream")
async def stream(a: ForFunction, b: ForRequest) -> StreamingResponse:
    def lines() -> Iterator[str]:
        yield f"{a.open} {b.open}"

    return StreamingResponse(lines())
