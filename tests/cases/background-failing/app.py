from collections.abc import Iterator
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException

app = FastAPI()


def session() -> Iterator[str]:
    try:
        yield "session"
    except OSError:
        print("session sees it")
        raise
    finally:
        print("session over")


Session = Annotated[str, Depends(session)]


def fails(name: str) -> None:
    raise OSError(f"{name} is full")


def refuses() -> None:
    raise HTTPException(507)


@app.post("/fails")
def failing(tasks: BackgroundTasks, session: Session) -> str:
    tasks.add_task(fails, "disk")
    return "accepted"


@app.post("/refuses")
def refusing(tasks: BackgroundTasks, session: Session) -> str:
    tasks.add_task(refuses)
    return "accepted"


@app.post("/never")
def never(tasks: BackgroundTasks) -> str:
    tasks.add_task(fails, "never")
    raise HTTPException(409)
