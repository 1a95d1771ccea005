import asyncio
import time
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


def get_user(user_id: int) -> str:
    time.sleep(0.1)  #: A call that blocks. It blocks the thread that it is made on, and no other
    return f"user {user_id}"


async def get_limit() -> int:
    await asyncio.sleep(0.1)
    return 10


User = Annotated[str, Depends(get_user)]
Limit = Annotated[int, Depends(get_limit)]


@app.get("/plain/{user_id}")
def plain(user: User, limit: Limit) -> str:
    answer = f"{user}: {limit} left"
    return answer


@app.get("/coroutine/{user_id}")
async def coroutine(user: User, limit: Limit) -> str:
    answer = f"{user}: {limit} left"
    return answer
