"""Traces written by hand: a small language that makes the events which the recorder would make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asrun.model import Event, Kind, Lane, Lesson, Scenario, Statement, Trace, Versions

VERSIONS = Versions(
    fastapi="0.165.0", starlette="1.10.0", pydantic="2.14.3", anyio="4.16.0", python="3.11.7"
)


class Script:
    """Appends events in order.

    Args:
        app: source of the lesson's `app.py`; gives the statements their lines.
        scenario: the scenario's name.
        notes: the author's notes, as `text of the line: note`.
    """

    def __init__(
        self, app: str, scenario: str = "answers", notes: dict[str, str] | None = None
    ) -> None:
        self.app = app.strip("\n") + "\n"
        self.scenario = scenario
        self._notes = notes or {}
        self._events: list[Event] = []

    # ------------------------------------------------------------ what it makes

    def trace(self) -> Trace:
        return Trace(
            lesson="chapter/lesson",
            scenario=self.scenario,
            title=f"Title of {self.scenario}",
            versions=VERSIONS,
            events=tuple(self._events),
        )

    def lesson(self, *statements: Statement) -> Lesson:
        return Lesson(
            id="chapter/lesson",
            folder=Path("snippets/chapter/lesson"),
            chapter_title="Chapter",
            title="A lesson",
            about="What it is about.",
            app=self.app,
            source="",
            scenarios=(Scenario(self.scenario, f"Title of {self.scenario}", 1),),
            statements=statements,
            shown=(),
            notes={self.line_of(text): note for text, note in self._notes.items()},
        )

    def line_of(self, text: str) -> int:
        for number, line in enumerate(self.app.splitlines(), 1):
            if line.split("#:")[0].strip() == text:
                return number
        raise ValueError(f"no line {text!r} in app.py")

    def seq(self, **wanted: Any) -> int:
        """The `seq` of the one event that has these fields."""
        found = [e.seq for e in self._events if all(getattr(e, k) == v for k, v in wanted.items())]
        assert len(found) == 1, (wanted, found)
        return found[0]

    def add(self, kind: Kind, lane: Lane, **fields: Any) -> Event:
        event = Event(seq=len(self._events) + 1, kind=kind, lane=lane, **fields)
        self._events.append(event)
        return event

    # ------------------------------------------------------------ outside the snippet

    def client(self, kind: Kind, request: int = 1, **detail: Any) -> None:
        self.add(kind, "client", request=request, detail=detail)

    def wire(
        self, kind: Kind, asgi: str | None = None, request: int | None = 1, **detail: Any
    ) -> None:
        self.add(kind, "wire", request=request, asgi=asgi, detail=detail)

    def probe(
        self, probe: str, phase: str, subject: str = "", request: int = 1, **detail: Any
    ) -> None:
        self.add(
            "probe",
            "loop",
            unit=1,
            request=request,
            detail={"probe": probe, "phase": phase, "for": subject, **detail},
        )

    def arrive(self, path: str, request: int = 1, endpoint: str = "", method: str = "GET") -> None:
        """The client asks, the server calls the app, and FastAPI begins to solve."""
        self.client("request", request, method=method, url=path)
        self.wire("scope", "http", request, method=method, path=path.split("?", maxsplit=1)[0])
        if endpoint:
            self.probe("solve_dependencies", "start", endpoint, request)

    def solved(self, endpoint: str, request: int = 1, **detail: Any) -> None:
        self.probe("solve_dependencies", "end", endpoint, request, **detail)

    def begin_endpoint(self, endpoint: str, request: int = 1) -> None:
        self.probe("run_endpoint_function", "start", endpoint, request)

    def end_endpoint(self, endpoint: str, request: int = 1) -> None:
        self.probe("run_endpoint_function", "end", endpoint, request)
        self.probe("serialize_response", "start", "", request)
        self.probe("serialize_response", "end", "", request)

    def respond(self, status: int, body: str, request: int = 1) -> None:
        """Status and body leave at once, and the client has them."""
        self.wire("send", "http.response.start", request, status=status, headers=[])
        self.client("response", request, status=status)
        self.wire("send", "http.response.body", request, body=body, more_body=False)
        self.client("complete", request, status=status, body=body)

    def frame(
        self,
        function: str,
        *,
        request: int | None = 1,
        lane: Lane = "loop",
        unit: int = 1,
        number: int = 1,
    ) -> Frame:
        return Frame(self, function, request, lane, unit, number)


class Frame:
    """One activation of a function of the snippet."""

    def __init__(
        self, script: Script, function: str, request: int | None, lane: Lane, unit: int, number: int
    ) -> None:
        self._script = script
        self._function = function
        self._place: dict[str, Any] = {
            "lane": lane,
            "unit": unit,
            "request": request,
            "function": function,
            "frame": number,
        }
        self._text = ""

    def call(self, header: str, **names: str) -> Frame:
        return self._add("call", header, names=names)

    def line(self, text: str) -> Frame:
        return self._add("line", text)

    def set(self, states: dict[str, str] | None = None, **names: str | None) -> Frame:
        return self._add("set", self._text, names=names, states=states or {})

    def assign(self, text: str, states: dict[str, str] | None = None, **names: str | None) -> Frame:
        return self.line(text).set(states, **names)

    def yields(self, value: str, text: str | None = None) -> Frame:
        return self._add("yield", text or self._text, detail={"value": value})

    def wait(self) -> Frame:
        return self._add("wait", self._text)

    def resume(self, after: str = "await") -> Frame:
        return self._add("resume", self._text, detail={"after": after})

    def throw(self, exception: str) -> Frame:
        return self._add("throw", self._text, detail={"exception": exception})

    def returns(self, value: str) -> Frame:
        return self._add("return", self._text, detail={"value": value})

    def ends(self) -> Frame:
        """A generator ends: it has no value."""
        return self._add("return", self._text)

    def raises(self, exception: str) -> Frame:
        return self._add("raise", self._text, detail={"exception": exception})

    def catch(self, header: str, exception: str) -> Frame:
        return self._add("catch", header, detail={"exception": exception})

    def unwind(self, exception: str) -> Frame:
        return self._add("unwind", self._text, detail={"exception": exception})

    def _add(self, kind: Kind, text: str, **fields: Any) -> Frame:
        self._text = text
        line = self._script.line_of(text)
        self._script.add(kind, **self._place, file="app.py", line=line, text=text, **fields)
        return self


# ------------------------------------------------------------------ runs that several tests tell

GENERATOR = """
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


async def get_db():
    db = AsyncSession(engine)  #: It connects when it is first used
    try:
        yield db
    finally:
        await db.close()


@app.get("/items/{number}")
async def read_item(number: int, db: Annotated[AsyncSession, Depends(get_db)]):
    names = (await db.scalars(query)).all()
    return names[number]
"""
_GET_DB = "async def get_db():"
_READ_ITEM = "async def read_item(number: int, db: Annotated[AsyncSession, Depends(get_db)]):"
DB = "AsyncSession#1"


def _begin_generator(script: Script) -> Frame:
    script.arrive("/items/0", endpoint="read_item")
    get_db = script.frame("get_db").call(_GET_DB)
    get_db.assign("db = AsyncSession(engine)", {DB: "open"}, db=DB)
    get_db.line("yield db").yields(DB)
    script.solved("read_item", errors=0)
    script.begin_endpoint("read_item")
    return get_db


def _close(get_db: Frame) -> Frame:
    return get_db.line("await db.close()").wait().set({DB: "closed"})


def answers(*, cleanup_first: bool = False) -> Script:
    """A generator dependency under an endpoint that answers; cleaned up after or before the response."""
    script = Script(
        GENERATOR, "answers", {"db = AsyncSession(engine)": "It connects when it is first used"}
    )
    get_db = _begin_generator(script)
    read_item = script.frame("read_item").call(_READ_ITEM, number="0", db=DB)
    read_item.line("names = (await db.scalars(query)).all()").wait()
    read_item.set({DB: "in transaction"}, names="['apple', 'pear']")
    read_item.line("return names[number]").returns("'apple'")
    script.end_endpoint("read_item")
    if not cleanup_first:
        script.respond(200, '"apple"')
    get_db._text = "yield db"
    _close(get_db.resume("yield")).ends()
    if cleanup_first:
        script.respond(200, '"apple"')
    script.wire("done")
    return script


def raises() -> Script:
    """The endpoint raises; the exception is thrown into the dependency before the 500 leaves."""
    script = Script(GENERATOR, "raises")
    get_db = _begin_generator(script)
    read_item = script.frame("read_item").call(_READ_ITEM, number="7", db=DB)
    read_item.line("names = (await db.scalars(query)).all()").wait()
    read_item.set({DB: "in transaction"}, names="['apple', 'pear']")
    read_item.line("return names[number]").raises("IndexError").unwind("IndexError")
    script.probe("run_endpoint_function", "end", "read_item", exception="IndexError")
    get_db._text = "yield db"
    _close(get_db.throw("IndexError")).unwind("IndexError")
    script.respond(500, "Internal Server Error")
    script.wire("failed", exception="IndexError")
    return script


THREADS = """
import time
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


def get_user(user_id: int) -> str:
    time.sleep(0.1)
    return f"user {user_id}"


async def get_limit() -> int:
    await asyncio.sleep(0.1)
    return 10


User = Annotated[str, Depends(get_user)]


@app.get("/plain/{user_id}")
def plain(user: User, limit: int = Depends(get_limit)) -> str:
    return user
"""


def threads() -> Script:
    """`def` functions in worker threads, an `async def` dependency on the event loop."""
    script = Script(THREADS, "def_endpoint")
    script.arrive("/plain/7", endpoint="plain")
    user = script.frame("get_user", lane="worker").call(
        "def get_user(user_id: int) -> str:", user_id="7"
    )
    user.line("time.sleep(0.1)").line('return f"user {user_id}"').returns("'user 7'")
    limit = script.frame("get_limit").call("async def get_limit() -> int:")
    limit.line("await asyncio.sleep(0.1)").wait().line("return 10").returns("10")
    script.solved("plain", errors=0)
    script.begin_endpoint("plain")
    plain = script.frame("plain", lane="worker", unit=2)
    plain.call(
        "def plain(user: User, limit: int = Depends(get_limit)) -> str:",
        user="'user 7'",
        limit="10",
    )
    plain.line("return user").returns("'user 7'")
    script.end_endpoint("plain")
    script.respond(200, '"user 7"')
    script.wire("done")
    return script


INVALID = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/items/{number}")
async def read_item(number: int):
    return number
"""


def invalid() -> Script:
    """A request that does not fit: the endpoint is never called."""
    script = Script(INVALID, "does_not_fit")
    script.arrive("/items/x", endpoint="read_item")
    script.solved("read_item", errors=1)
    script.respond(422, '{"detail":[]}')
    script.wire("done")
    return script


STREAM = """
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()


async def numbers():
    for i in range(2):
        yield f"{i}"


@app.get("/stream")
async def stream():
    return StreamingResponse(numbers())
"""


def stream() -> Script:
    """A streaming response of two pieces."""
    script = Script(STREAM, "streams")
    script.arrive("/stream", endpoint="stream")
    script.solved("stream", errors=0)
    script.begin_endpoint("stream")
    endpoint = script.frame("stream").call("async def stream():")
    endpoint.line("return StreamingResponse(numbers())").returns("StreamingResponse#1")
    script.probe("run_endpoint_function", "end", "stream")
    script.wire("send", "http.response.start", status=200, headers=[])
    script.client("response", status=200)
    numbers = script.frame("numbers", unit=2).call("async def numbers():")
    for i in ("0", "1"):
        if i == "1":
            numbers.resume("yield")
        numbers.assign("for i in range(2):", i=i).line('yield f"{i}"').yields(f"'{i}'")
        script.wire("send", "http.response.body", body=i, more_body=True)
        script.client("chunk", body=i)
    numbers.resume("yield").line("for i in range(2):").ends()
    script.wire("send", "http.response.body", body="", more_body=False)
    script.client("complete", status=200, body="01")
    script.wire("done")
    return script


SLEEPERS = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/sleep")
async def sleep():
    await asyncio.sleep(1)
    return "slept"
"""


def concurrent() -> Script:
    """Two requests at once: the second starts while the first waits."""
    script = Script(SLEEPERS, "two_at_once")
    frames = []
    for request in (1, 2):
        script.arrive("/sleep", request, endpoint="sleep")
        script.solved("sleep", request, errors=0)
        script.begin_endpoint("sleep", request)
        frame = script.frame("sleep", request=request).call("async def sleep():")
        frames.append(frame.line("await asyncio.sleep(1)").wait())
    for request, frame in enumerate(frames, 1):
        frame.line('return "slept"').returns("'slept'")
        script.end_endpoint("sleep", request)
        script.respond(200, '"slept"', request)
        script.wire("done", request=request)
    return script


EVERY = {
    "answers": answers,
    "raises": raises,
    "threads": threads,
    "invalid": invalid,
    "stream": stream,
    "concurrent": concurrent,
}
