"""What `app.py` says about itself: roles, who asks for whom, and where a line stands."""

from __future__ import annotations

import pytest

from asrun.narrate.app_map import AppMap

APP = """
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Security
from fastapi.responses import StreamingResponse


@asynccontextmanager
async def lifespan(app):
    yield


def everywhere():
    return 1


def on_router():
    return 2


app = FastAPI(lifespan=lifespan, dependencies=[Depends(everywhere)])
router = APIRouter(dependencies=[Depends(on_router)])
cache = {}


class Page:
    def __init__(self, n: int = 1):
        self.n = n


class Checker:
    def __call__(self):
        return True


def get_user():
    return "user"


User = Annotated[str, Depends(get_user)]


def get_key():
    return "key"


def get_fake():
    return "fake"


app.dependency_overrides[get_key] = get_fake


def pieces():
    for i in range(3):
        yield i


def send_mail(to):
    print(to)


@cache.get("/not-a-path-operation")
def not_an_endpoint():
    return None


@app.middleware("http")
async def timing(request, call_next):
    return await call_next(request)


@app.exception_handler(ValueError)
async def on_value_error(request, exc):
    return None


@router.get("/x", dependencies=[Depends(get_key)])
async def read(
    user: User,
    page: Annotated[Page, Depends()],
    tasks: BackgroundTasks,
    ok: bool = Depends(Checker()),
    scoped: str = Security(get_key, scopes=["a"]),
):
    tasks.add_task(send_mail, user)
    return StreamingResponse(pieces())


@app.get("/y")
def plain(q: int):
    def inner():
        return q

    return inner()
"""


@pytest.fixture(scope="module")
def app() -> AppMap:
    return AppMap(APP)


@pytest.mark.parametrize(
    ("function", "role"),
    [
        ("lifespan", "lifespan function"),
        ("everywhere", "dependency"),
        ("on_router", "dependency"),
        ("Page.__init__", "dependency"),
        ("Checker.__call__", "dependency"),
        ("get_user", "dependency"),
        ("get_key", "dependency"),
        ("get_fake", "dependency"),
        ("pieces", "stream"),
        ("send_mail", "background task"),
        ("not_an_endpoint", ""),
        ("timing", "middleware"),
        ("on_value_error", "exception handler"),
        ("read", "endpoint"),
        ("plain", "endpoint"),
        ("inner", ""),
    ],
)
def test_a_role_is_what_the_source_says(app: AppMap, function: str, role: str) -> None:
    assert app.functions[function].role == role


def test_what_a_function_asks_for(app: AppMap) -> None:
    assert app.functions["read"].needs == {
        "user": "get_user",
        "page": "Page.__init__",
        "ok": "Checker.__call__",
        "scoped": "get_key",
    }
    assert app.dependencies_of("read") == (
        "everywhere",
        "on_router",
        "get_key",
        "get_user",
        "Page.__init__",
        "Checker.__call__",
    )
    assert app.dependencies_of("plain") == ("everywhere",)
    assert app.dependencies_of("of_some_library") == ()


def test_a_run_can_show_that_a_function_is_an_endpoint() -> None:
    assert AppMap(APP, frozenset({"not_an_endpoint"})).role("not_an_endpoint") == "endpoint"


def test_kinds_of_functions(app: AppMap) -> None:
    kinds = {name: app.functions[name].kind for name in ("lifespan", "pieces", "read", "plain")}
    assert kinds == {
        "lifespan": "async generator",
        "pieces": "generator",
        "read": "async def",
        "plain": "def",
    }


LINES = """\
async def get_db():
    db = Session()
    try:
        yield db
    except ValueError:
        db.rollback()
    else:
        db.commit()
    finally:
        await db.close()


async def other():
    async with pool() as p:
        yield p
    for i in range(3):
        yield i + 1


def last():
    yield 1
"""


def test_where_a_line_stands() -> None:
    at = AppMap(LINES).at
    assert [line for line in range(1, 22) if at.in_finally(line)] == [10]
    assert [line for line in range(1, 22) if at.in_except(line)] == [6]
    assert [line for line in range(1, 22) if at.in_loop(line)] == [17]
    assert (at.waits_at(10), at.waits_at(14)) == ("await", "async with")
    assert (at.lent_name(4), at.lent_name(17)) == ("db", "")


def test_whether_anything_stands_after_a_yield() -> None:
    at = AppMap(LINES).at
    assert at.anything_after(4)
    assert at.anything_after(15)
    assert at.anything_after(17)
    assert not at.anything_after(21)


def test_a_line_that_is_not_known_stands_nowhere() -> None:
    at = AppMap(LINES).at
    assert not at.in_finally(None)
    assert not at.anything_after(99)
    assert at.lent_name(None) == ""
