"""Verify boundaries that `asrun versions` found, by hand: this shares no code with the engine.

Each app here is a few lines, driven by a few lines of ASGI, in environments that uv makes for it
as of a release's day. Prints what happened on both sides of each boundary, and exits with 1 where
that is not as `docs/versions.md` has it. Needs uv, Python 3.11 and, the first time, the index:

    python tools/verify_boundaries.py
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

PYTHON = "3.11"

# Boundary; what is done; then each run: what is installed, as of which day, and what happens.
BOUNDARIES: list[tuple[str, str, list[tuple[str, str, str]]]] = [
    (
        "0.110.0, by FastAPI",
        "swallowed",
        [
            ("fastapi==0.109.2", "2024-02-04", "404"),
            ("fastapi==0.110.0", "2024-02-24", "500, then FastAPIError"),
        ],
    ),
    (
        "0.115.10, by Starlette",
        "stream",
        [
            ("fastapi==0.115.9", "2025-02-27", "200, then ExceptionGroup"),
            ("fastapi==0.115.10", "2025-02-28", "200, then LookupError"),
            ("fastapi==0.115.10 starlette<0.46", "2025-02-28", "200, then ExceptionGroup"),
        ],
    ),
    (
        "0.121.0, by FastAPI",
        "scope",
        [
            ("fastapi==0.120.4", "2025-10-31", "TypeError"),
            ("fastapi==0.121.0", "2025-11-03", "endpoint, exit, 200, body"),
        ],
    ),
    (
        "0.100.0, by pydantic",
        "invalid",
        [
            ("fastapi==0.99.1", "2023-07-02", "422 value_error.missing"),
            ("fastapi==0.100.0", "2023-07-07", "422 missing"),
            ("fastapi==0.100.0 pydantic<2", "2023-07-07", "422 value_error.missing"),
        ],
    ),
]


def main() -> int:
    """Run all of them; the exit code."""
    wrong = 0
    for boundary, what, runs in BOUNDARIES:
        print(f"{boundary}: {what}")
        for installed, day, expected in runs:
            said = in_environment(installed, day, what)
            wrong += said != expected
            print(f"  {installed:<33} {said}" + ("" if said == expected else f", not {expected}"))
    return 1 if wrong else 0


def in_environment(installed: str, day: str, what: str) -> str:
    """Run one app where some distributions are installed, as they were on a day."""
    until = date.fromisoformat(day) + timedelta(days=1)
    command = ["uv", "run", "--quiet", "--no-project", "--python", PYTHON]
    command += ["--exclude-newer", f"{until.isoformat()}T00:00:00Z"]
    for requirement in installed.split():
        command += ["--with", requirement]
    done = subprocess.run(
        [*command, "python", str(Path(__file__).resolve()), what],
        capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip
    lines = done.stdout.strip().splitlines()
    return lines[-1] if done.returncode == 0 and lines else done.stderr.strip()


# ------------------------------------------------------------------ inside the environment


class Seen(list[str]):
    """What happened, in order."""


async def drive(app: Any, seen: Seen, method: str, path: str) -> bytes:
    """Send an app one request, as a server does; returns the body."""
    body = b""

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        if "asked" in asked:
            await asyncio.sleep(3600)
        asked.add("asked")
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal body
        if message["type"] == "http.response.start":
            seen.append(str(message["status"]))
        elif message.get("body"):
            seen.append("body")
            body += message["body"]

    asked: set[str] = set()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "root_path": "",
        "client": ("client", 1), "server": ("server", 80),
    }  # fmt: skip
    try:
        await app(scope, receive, send)
    except BaseException as error:  # noqa: BLE001 - a server sees whatever is raised
        seen.append(f"then {type(error).__name__}")
    return body


async def swallowed() -> str:
    """A dependency catches the endpoint's HTTPException and does not raise again."""
    from fastapi import Depends, FastAPI, HTTPException

    app, seen = FastAPI(), Seen()

    async def lend() -> Any:
        with suppress(HTTPException):
            yield 1

    @app.get("/")
    async def endpoint(it: int = Depends(lend)) -> None:
        raise HTTPException(404)

    await drive(app, seen, "GET", "/")
    return ", ".join(s for s in seen if s != "body")


async def stream() -> str:
    """A stream raises before its first piece."""
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse

    app, seen = FastAPI(), Seen()

    async def read() -> bytes:
        raise LookupError

    async def pieces() -> Any:
        yield await read()

    @app.get("/")
    async def endpoint() -> Any:
        return StreamingResponse(pieces())

    await drive(app, seen, "GET", "/")
    return ", ".join(seen)


async def scope() -> str:
    """A dependency belongs to the path operation's function."""
    from fastapi import Depends, FastAPI

    app, seen = FastAPI(), Seen()

    async def lend() -> Any:
        yield 1
        seen.append("exit")

    try:
        belongs: Any = Depends(lend, scope="function")
    except TypeError:
        return "TypeError"

    @app.get("/")
    async def endpoint(it: int = belongs) -> str:
        seen.append("endpoint")
        return "done"

    await drive(app, seen, "GET", "/")
    return ", ".join(seen)


async def invalid() -> str:
    """A body lacks a field."""
    import json

    from fastapi import FastAPI
    from pydantic import BaseModel

    app, seen = FastAPI(), Seen()

    class Item(BaseModel):
        name: str

    async def endpoint(item: Any) -> None:
        seen.append("endpoint")

    endpoint.__annotations__["item"] = Item  # a name of this function, out of reach of a string
    app.post("/")(endpoint)
    body = await drive(app, seen, "POST", "/")
    return f"{seen[0]} {json.loads(body)['detail'][0]['type']}"


APPS: dict[str, Callable[[], Any]] = {
    "swallowed": swallowed,
    "stream": stream,
    "scope": scope,
    "invalid": invalid,
}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(asyncio.run(APPS[sys.argv[1]]()))
    else:
        sys.exit(main())
