import enum
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from fastapi import FastAPI
from pydantic import BaseModel, SecretStr

app = FastAPI()


class Color(enum.Enum):
    RED = 1


class Point(NamedTuple):
    x: float
    y: float


@dataclass
class Box:
    size: int
    password: str = "hunter2"
    inside: list["Box"] = field(default_factory=list)


class User(BaseModel):
    name: str
    key: SecretStr


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)

    __hash__ = None  # type: ignore[assignment]


class Text(str):
    def __repr__(self) -> str:
        return "a lie"


@app.get("/")
async def read() -> None:
    nothing, yes, number, ratio = None, True, 7, float("nan")
    text, data, long_text = "ä'b", b"\x00", "x" * 10_000
    huge, big = 10**5000, list(range(1_000_000))
    colors = {"red", "green", "blue"}
    mixed = {Color.RED: Point(1, 2), "api_key": "hidden", "day": date(2026, 1, 1)}
    loop: list[Any] = []
    loop.append(loop)
    box = Box(1, inside=[Box(2)])
    user = User(name="ann", key="s")
    hostile = Hostile()
    lie = Text("truth")
    token = "hidden"
    error = ValueError("wrong", 1)
    function, kind, module = read, Box, enum
    number += 1
    del text
