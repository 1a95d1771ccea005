"""Lessons made by a rule, as many as are asked for: apps of 30 to 60 lines, two requests each.

Four shapes take turns, so that neither an endpoint in a worker thread nor an error path is
missing: each has a model, a `yield` dependency and an endpoint that reads and one that writes.
The same app and the same two requests are also given as a plain script and as a notebook, for
what the project is measured against.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PER_CHAPTER = 20

_NOUNS = (
    "order", "book", "ticket", "invoice", "parcel", "recipe", "track", "photo", "note", "seat",
    "course", "player", "letter", "bill", "garden", "ship", "coupon", "badge", "lamp", "route",
)  # fmt: skip
_THINGS = ("pear", "compass", "lantern", "ribbon", "anchor", "violin", "kettle", "saddle")

_APP = """\
from collections.abc import {iterator}
from typing import Annotated

from fastapi import {imports}
from pydantic import BaseModel, Field

app = FastAPI()


class {noun}(BaseModel):
    name: str = Field(min_length=1, max_length=40)
    amount: int = Field(ge=1, le=999)
    note: str | None = None


class {noun}Store:
    open = True

    def __init__(self) -> None:
        self.kept: dict[int, {noun}] = {{}}

    def close(self) -> None:
        self.open = False


{a}def get_store() -> {iterator}[{noun}Store]:
    store = {noun}Store()
    store.kept[{number}] = {noun}(name="{thing}", amount={amount})
    try:
        yield store
    finally:
        store.close()


Store = Annotated[{noun}Store, Depends(get_store)]
{extra}

@app.get("/{path}/{{number}}")
{b}def read_one(number: int, store: Store) -> {noun}:
    found = store.kept.get(number)
    if found is None:
        raise HTTPException(404, "there is no such {path}")
    return found


@app.post("/{path}", status_code=201)
{b}def add_one({parameters}) -> dict[str, int]:
    number = max(store.kept) + 1
    store.kept[number] = {path}
{act}    return {{"number": number}}
"""

_EXTRA = """

def tell(number: int) -> None:
    message = f"kept number {number}"
    print(message)

"""

_LESSON = '''\
"""{title}

A dependency lends a store of {path}s to two endpoints: one reads, one adds.
"""

from httpx import AsyncClient

from asrun import (
    Option,
    Options,
    Trace,
    exit_line,
    key_moment,
    quiz,
    scenario,
    show,
    snapshot,
    watch,
)

show("get_store", "read_one")


@watch("{noun}Store")
def store_state(store) -> str:
    return "open" if store.open else "closed"


@scenario("One reads, one adds")
async def two_requests(client: AsyncClient) -> None:
    await client.{first}
    await client.{second}


@key_moment("When is the store closed?", on=two_requests)
def closed_after_the_endpoint(trace: Trace):
    """After `read_one`, which starts at {{called}}: the store is closed at {{closed}}."""
    called = trace.one(called="read_one")
    closed = trace.first(state="closed")
    assert called < closed
    return {{"called": called, "closed": closed}}


@quiz("Which status does the first answer have?", on=two_requests, hint="Look at State after.")
def first_status(trace: Trace):
    sent = trace.one(asgi="http.response.start", request=1)
    return Options(
        Option("200", sent.status == 200, "It leaves at {{sent}}."),
        Option("404", sent.status == 404, "So it is where nothing has that number. {{sent}}"),
        sent=sent,
    )


@exit_line(on=two_requests)
def ends_closed(trace: Trace):
    """The run ends at {{done}}; the last store was closed at {{closed}}."""
    closed = trace.last(state="closed")
    done = trace.one(kind="done", request=2)
    assert closed < done
    return {{"closed": closed, "done": done}}


@snapshot(on=two_requests)
def a_store_for_each_request(trace: Trace):
    """The second request has a store of its own: `get_store` starts again at {{again}}."""
    again = trace.one(called="get_store", request=2)
    assert trace.count(called="get_store", request=2) == 1
    return {{"again": again}}


@snapshot(on=two_requests)
def created(trace: Trace):
    """What is added is answered with a 201. {{sent}}"""
    sent = trace.one(asgi="http.response.start", request=2)
    assert sent.status == 201
    return {{"sent": sent}}
'''

_CLIENT = """\
import httpx


async def use() -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://testserver", verify=False, trust_env=False
    ) as client:
        for response in (await client.{first}, await client.{second}):
            print(response.status_code, response.text)
"""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One generated lesson.

    Attributes:
        id: `<chapter>/<lesson>`.
        app, lesson: the sources of its two files.
        client: source that defines `use()`, which makes the lesson's two requests to `app` by
            httpx's own ASGI transport and prints the answers.
        printed: how the two lines begin that `use()` prints: the statuses.
    """

    id: str
    app: str
    lesson: str
    client: str
    printed: tuple[str, str]

    @property
    def script(self) -> str:
        """The app and the requests as a program by itself."""
        return f"{self.app}\n\nimport asyncio\n\n{self.client}\n\nasyncio.run(use())\n"


def snippet(index: int) -> Snippet:
    """Make the lesson of a number, from 0; the same number always gives the same lesson."""
    noun = _NOUNS[index % len(_NOUNS)]
    asynchronous, missing, background = index % 2 == 0, index % 4 == 1, index % 4 == 2
    number, path = 1 + index % 7, noun
    added = f'"name": "{_THINGS[(index + 3) % len(_THINGS)]}", "amount": {2 + index % 90}'
    names = {
        "first": f'get("/{path}/{number + missing}")',
        "second": f'post("/{path}", json={{{added}}})',
        "noun": noun.capitalize(),
        "path": path,
    }
    parameters = f"{path}: {names['noun']}, store: Store"
    imports = ["Depends", "FastAPI", "HTTPException"]
    if background:
        parameters += ", later: BackgroundTasks"
        imports.insert(0, "BackgroundTasks")
    app = _APP.format(
        **names,
        iterator="AsyncIterator" if asynchronous else "Iterator",
        imports=", ".join(imports),
        a="async " if asynchronous else "",
        b="async " if asynchronous else "",
        number=number,
        thing=_THINGS[index % len(_THINGS)],
        amount=1 + index % 200,
        extra=_EXTRA.rstrip("\n") + "\n" if background else "",
        parameters=parameters,
        act="    later.add_task(tell, number)\n" if background else "",
    )
    return Snippet(
        id=f"chapter-{index // PER_CHAPTER:03}/lesson-{index:04}",
        app=app,
        lesson=_LESSON.format(**names, title=f"Lesson {index}: a store of {path}s"),
        client=_CLIENT.format(**names),
        printed=("404" if missing else "200", "201"),
    )


def long_snippet(requests: int) -> Snippet:
    """Make a lesson whose one run is long: so many requests, about 23 steps each."""
    made = snippet(0)
    first = next(x for x in made.lesson.splitlines() if "client.get" in x)
    lesson = made.lesson[: made.lesson.index("@key_moment")].replace(
        first, f"    for _ in range({requests}):\n    {first}"
    )
    return Snippet("long/run", made.app, lesson.rstrip() + "\n", made.client, made.printed)


def write_lessons(root: Path, snippets: list[Snippet]) -> None:
    """Write `snippets/` below a project's root, with `chapters.toml`."""
    chapters: dict[str, list[str]] = {}
    for one in snippets:
        chapter, name = one.id.split("/")
        chapters.setdefault(chapter, []).append(name)
        folder = root / "snippets" / one.id
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "app.py").write_text(one.app, encoding="utf-8")
        (folder / "lesson.py").write_text(one.lesson, encoding="utf-8")
    entries = [
        f'[[chapter]]\nname = "{name}"\ntitle = "{name.capitalize()}"\nlessons = {lessons}\n'
        for name, lessons in chapters.items()
    ]
    (root / "snippets" / "chapters.toml").write_text("\n".join(entries), encoding="utf-8")
