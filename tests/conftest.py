"""A small project in a temporary folder, and the commands run on it as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

APP = """
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


class Resource:
    closed = False


async def get_resource() -> AsyncIterator[Resource]:
    resource = Resource()
    try:
        yield resource
    finally:
        resource.closed = True


@app.get("/items/{number}")
async def read(number: int, resource: Annotated[Resource, Depends(get_resource)]) -> str:
    names = ["apple", "pear"]
    return names[number]
"""

LESSON = '''
"""A resource is lent

A dependency lends a resource to an endpoint.
"""

from asrun import Option, Options, exit_line, key_moment, quiz, scenario, show, snapshot, watch

show("get_resource")


@watch("Resource")
def state(resource):
    return "closed" if resource.closed else "open"


@scenario("The endpoint answers")
async def answers(client):
    await client.get("/items/0")


@scenario("The endpoint raises")
async def raises(client):
    await client.get("/items/7")


@key_moment("When is the resource closed?", on=answers, holds="<0.106 or >=0.118")
def closed_after_the_response(trace):
    """After the response: it leaves at {sent}, and the resource is closed at {closed}."""
    sent = trace.last(asgi="http.response.body")
    closed = trace.first(state="closed")
    assert sent < closed
    return {"sent": sent, "closed": closed}


@quiz("Which status does the client get?", on=answers, hint="State after.")
def status(trace):
    sent = trace.one(asgi="http.response.start")
    return Options(
        Option("200", sent.status == 200, "It leaves at {sent}."),
        Option("500", sent.status == 500, "That is so when the endpoint raises."),
        sent=sent,
    )


@exit_line(on=answers)
def the_end(trace):
    """The run ends at {done}, with the resource closed at {closed}."""
    closed = trace.first(state="closed")
    done = trace.one(kind="done")
    assert closed < done
    return {"done": done, "closed": closed}


@snapshot(on=raises)
def closed_before_the_500(trace):
    """When the endpoint raises, the resource is closed at {closed}, before the 500 leaves at {sent}."""
    closed = trace.first(state="closed")
    sent = trace.one(asgi="http.response.start")
    assert closed < sent
    return {"closed": closed, "sent": sent}
'''

CHAPTERS = """
finding = "lending/resource:closed_after_the_response"

[[chapter]]
name = "lending"
title = "Lending"
lessons = ["resource"]
"""


@dataclass
class Result:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams, without the terminal's wrapping."""
        return self.out + self.err

    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    def kinds(self) -> list[str]:
        """The kinds of the problems in a JSON report."""
        return [p["kind"] for p in self.json()["problems"]]


def environment(**given: str) -> dict[str, str]:
    """What a command of asrun is run with, in which nothing says how the tests are run."""
    mine = {k: v for k, v in os.environ.items() if k not in ("CI", "FORCE_COLOR", "PYTHONPATH")}
    return mine | {"COLUMNS": "200", "NO_COLOR": "1"} | given


class Project:
    """A project with one lesson, `lending/resource`, and what is done to it."""

    id = "lending/resource"

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("snippets/chapters.toml", CHAPTERS)
        self.write(f"snippets/{self.id}/app.py", APP)
        self.write(f"snippets/{self.id}/lesson.py", LESSON)

    @property
    def app(self) -> Path:
        return self.root / "snippets" / self.id / "app.py"

    @property
    def lesson(self) -> Path:
        return self.root / "snippets" / self.id / "lesson.py"

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return target

    def edit(self, file: Path, old: str, new: str) -> Project:
        """Replace a text that stands in a file exactly once."""
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file.name}"
        file.write_text(text.replace(old, new), encoding="utf-8")
        return self

    def line(self, file: Path, text: str) -> int:
        """The number of the one line that holds a text."""
        lines = file.read_text(encoding="utf-8").splitlines()
        found = [i for i, line in enumerate(lines, 1) if text in line]
        assert len(found) == 1, f"{text!r} is in lines {found}"
        return found[0]

    def add_lesson(self, name: str, app: str = APP, lesson: str = LESSON) -> Project:
        """Another lesson of the same chapter."""
        self.write(f"snippets/lending/{name}/app.py", app)
        self.write(f"snippets/lending/{name}/lesson.py", lesson)
        chapters = self.root / "snippets/chapters.toml"
        text = chapters.read_text(encoding="utf-8").replace('"]', f'", "{name}"]')
        chapters.write_text(text, encoding="utf-8")
        return self

    def asrun(self, *args: str, ci: bool = False, stdin: str = "") -> Result:
        """Run a command."""
        done = subprocess.run(
            [sys.executable, "-m", "asrun", *args],
            cwd=self.root,
            env=environment(**({"CI": "true"} if ci else {})),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    def accepted(self) -> Project:
        """Accept all that runs now."""
        result = self.asrun("accept", "--yes")
        assert result.code == 0, result.said
        return self


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one lesson, nothing accepted yet."""
    return Project(tmp_path)


@pytest.fixture(scope="session")
def _accepted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Project(tmp_path_factory.mktemp("accepted")).accepted().root


@pytest.fixture
def accepted(_accepted: Path, tmp_path: Path) -> Project:
    """A project with one lesson, accepted: `asrun check` finds nothing wrong."""
    made = Project(tmp_path)
    for file in _accepted.glob("snippets/*/*/recordings/*/*.txt"):
        made.write(file.relative_to(_accepted).as_posix(), file.read_text(encoding="utf-8"))
    return made
