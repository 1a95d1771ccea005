"""A lesson's page as `narrate` would tell it, built by hand: for tests of how it is rendered.

`site()` has one lesson with two runs, close to what the async generator lesson comes to.
With `hostile=True` each value, name and text holds what Markdown, HTML or a terminal would react to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.utils import meta

from asrun.model import DiffRow, Lesson, Problem, Scenario, Statement, StatementKind, Versions
from asrun.page import Chapter, LessonPage, Site
from asrun.render import render_site
from asrun.story import ChoiceView, CodeLine, Said
from tests.dom import Element, parse
from tests.runs import ANSWERS, RAISES, run, text

HOSTILE = (
    "</script></div><script>window.pwned=1</script>\n```\n# heading\n* star `code` {{ brace }} {% tag %}"
    "\n\n    indented\t<b>&amp;&copy; ''' \"quoted\" ]]> <!-- \x00\x02\x1b[31m\u202egnirts\u202c ש\u05dc\u05d5\u05dd"
)

APP = """\
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

app = FastAPI()
engine = create_async_engine("sqlite+aiosqlite:///:memory:")


async def get_db() -> AsyncIterator[AsyncSession]:
    db = AsyncSession(engine, close_resets_only=False)
    try:
        yield db
    finally:
        await db.close()


@app.get("/items/{number}")
async def read_item(number: int, db: Annotated[AsyncSession, Depends(get_db)]) -> str:
    names = (await db.scalars(text("VALUES ('apple'), ('pear')"))).all()
    return names[number]
"""

VERSIONS = Versions(
    fastapi="0.165.0", starlette="1.10.0", pydantic="2.14.3", anyio="4.16.0", python="3.11.7"
)


def statement(
    kind: StatementKind, name: str, words: str, on: tuple[str, ...], **more: str
) -> Statement:
    """A statement at line 40."""
    return Statement(
        kind,
        name,
        40,
        words,
        41,
        on,
        source='sent = trace.last(asgi="http.response.body")\nassert sent < back',
        **more,
    )


def false_statement() -> Problem:
    """A sentence that a run does not bear out."""
    return Problem(
        kind="statement-false",
        file="snippets/yield-dependencies/async-generator/lesson.py",
        line=41,
        message="The assertion `sent < back` is false.",
        todo="Say what ran, or narrow the sentence with `holds=`.",
        expected="http.response.body, then get_db() resumed",
        ran="get_db() resumed, then http.response.body",
        lesson="yield-dependencies/async-generator",
        scenario="raises",
        statement="cleanup_follows_the_response",
        diff=(
            DiffRow("same", "return names[number]"),
            DiffRow("earlier", "await db.close()", by=2),
            DiffRow("new", "http.response.start 500"),
            DiffRow("gone", "http.response.start 200"),
            DiffRow("changed", "http.response.body", was='http.response.body "apple"'),
        ),
    )


def page(
    *, hostile: bool = False, problems: tuple[Problem, ...] = (), repeated: int = 1
) -> LessonPage:
    """The page of the async generator lesson; its first run goes so many times through its rows."""
    bad = HOSTILE if hostile else ""
    flat = bad.replace("`", "'")  # an author's backtick is markup; here it is to be text
    scenarios = (
        Scenario("answers", "The endpoint answers" + flat, 40),
        Scenario("raises", "The endpoint raises" + flat, 45),
    )
    moment = statement(
        "key_moment",
        "cleanup_follows_the_response",
        "After the response has been sent.",
        ("answers",),
        question="When does the code after `yield` run?" + flat,
        holds="<0.106 or >=0.118",
    )
    false = next((p for p in problems if p.statement == moment.name), None)
    end = statement("exit_line", "ends_with_nothing_open", "The run ends at {done}.", ("answers",))
    quiz = statement(
        "quiz",
        "state_once_lent",
        "After {lent}, what is the state of the session?",
        ("answers",),
        hint="Look at the variable tracker." + flat,
    )
    snap = statement(
        "snapshot", "cleanup_whatever_happens", "`finally` closes the session.", ("raises",)
    )
    lesson = Lesson(
        id="yield-dependencies/async-generator",
        folder=Path("snippets/yield-dependencies/async-generator"),
        chapter_title="Dependencies with yield" + flat,
        title="Async generator dependencies" + flat,
        about="A dependency can be an async generator: it lends a resource with `yield`, and has the code after it to take it back."
        + flat,
        app=APP + (f"# {bad!r}\n" if hostile else ""),
        source="# lesson.py\n",
        scenarios=scenarios,
        statements=(moment, end, quiz, snap),
        shown=((12, 17), (20, 23)),
        advice=("Keep the code after `yield` short." + flat,),
    )
    runs = (
        run("answers", "The endpoint answers", ANSWERS * repeated, extra=bad),
        run("raises", "The endpoint raises", RAISES, extra=bad),
    )
    ran: dict[int, list[str]] = {}
    for one in runs:
        for step in one.steps:
            if step.line:
                ran.setdefault(step.line, []).append(step.address)
    source = lesson.app.rstrip("\n").split("\n")
    cited = text(
        "After the response has been sent: the last of the body leaves at {sent}, and `get_db` is resumed at {back}."
        + flat,
        sent="answers-12",
        back="answers-14",
    )
    choices = (
        ChoiceView(
            text("closed" + flat),
            False,
            text("Not yet: that is its state from {closed} on.", closed="answers-15"),
        ),
        ChoiceView(text("open"), True, text("Nothing has used it yet." + flat)),
        ChoiceView(text("in transaction"), False, text("Not yet.")),
    )
    titles = {"answers": ("The endpoint answers",), "raises": ("The endpoint raises",)}
    return LessonPage(
        lesson=lesson,
        minutes=6,
        versions=VERSIONS,
        runs=runs,
        code=tuple(CodeLine(n, line, tuple(ran.get(n, ()))) for n, line in enumerate(source, 1)),
        key_moments=(
            Said(
                moment,
                not false,
                False,
                cited if not false else text(moment.text),
                problem=false,
                runs=titles["answers"],
            ),
        ),
        quiz=(
            Said(
                quiz,
                True,
                False,
                text("After {lent}, what is the state of the session?", lent="answers-6"),
                choices,
                runs=titles["answers"],
            ),
        ),
        snapshot=(
            Said(
                snap,
                True,
                False,
                text("`finally` closes the session. {closed}", closed="raises-11"),
                runs=titles["raises"],
            ),
        ),
        exit_lines=(
            Said(
                end,
                True,
                False,
                text("The run ends at {done}.", done="answers-17"),
                runs=titles["answers"],
            ),
        ),
        proved=3 if false else 4,
        problems=problems,
    )


def site(*, hostile: bool = False, problems: tuple[Problem, ...] = (), repeated: int = 1) -> Site:
    """A site of one lesson."""
    one = page(hostile=hostile, problems=problems, repeated=repeated)
    return Site(
        title="FastAPI, as run",
        chapters=(Chapter(one.lesson.chapter, one.lesson.chapter_title, (one,)),),
        finding=f"{one.lesson.id}:cleanup_follows_the_response",
    )


LESSON = "yield-dependencies/async-generator"
PAGE = f"{LESSON}.md"


def site_of(one: LessonPage) -> Site:
    """A site of one page, without a finding."""
    return Site("FastAPI, as run", (Chapter(one.lesson.chapter, "Chapter", (one,)),))


def source(files: dict[str, str], path: str) -> tuple[dict[str, Any], str]:
    """A page's front matter, as MkDocs reads it, and its body."""
    body, front = meta.get_data(files[path])
    assert front, f"{path}: MkDocs finds no front matter"
    return front, body.strip("\n")


def tree_of(told: Site, path: str = PAGE, *, draft: bool = False) -> Element:
    """A page's body as a tree."""
    return parse(source(render_site(told, draft=draft), path)[1])
