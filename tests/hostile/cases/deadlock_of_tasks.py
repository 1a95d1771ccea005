# hung: it hangs in `wait_for_it`
import asyncio
import faulthandler
from collections.abc import AsyncIterator

from fastapi import Depends, FastAPI

app = FastAPI()
faulthandler.dump_traceback_later(60, exit=True)  # its own bound


async def wait_for_it() -> AsyncIterator[None]:
    await asyncio.Event().wait()  # <-
    yield


@app.get("/", dependencies=[Depends(wait_for_it)])
async def endpoint() -> str:
    return "never"
