"""Lessons that are judged in one process: none can touch another, and none pays for another."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx  # noqa: F401 - what a lesson imports is imported where it is judged
import pytest

from asrun import accepted, court, lessons
from asrun.cache import Cache
from asrun.jobs import Ended, Job, Started
from asrun.judge import child
from asrun.judge.contained import Unusual, contained
from asrun.model import Lesson, Trace
from tests.recorded import ROOT

LESSON = '''
"""A title

What the concept is.
"""
from __future__ import annotations

import asyncio
from httpx import AsyncClient

from asrun import Option, Options, Trace, key_moment, quiz, scenario, show, watch
{imports}
show("read")
{top}

@watch("Session")
def state(session) -> str:
    import os
    return os.name if session.open else "closed"


@scenario("It is asked")
async def asks(client: AsyncClient) -> None:
    globals()["x"] = await client.get("/")


@key_moment("When?", on=asks)
def in_order(trace: Trace):
    """Said of {{done}}."""
    done, f = trace.one(kind="done", request=1), None
{body}
    assert done.status == 200
    return {{"done": done}}


@quiz("Which?", on=[asks], hint="")
def which(trace: "Trace") -> Options:
    back = trace.last(line="x = '{{}}'")
    return Options(Option("200", back.status == 200, ""), back=back)
'''

WITHIN = (
    "",
    "    assert trace.all(state='open', before=done) == [] and not trace.count(called='x')",
    "    assert done.headers['etag'] in ('a', 'b') or 'etag' not in done.headers",
    "    assert trace.never(called='x'), 'it is called'",
    "    first = last = trace.frame('f', after=done)",
)
INSIDE = {
    "an attribute is set": "    Trace.one = None",
    "a query is replaced": "    trace.one = None",
    "an item is set": "    done.headers['x'] = 'x'",
    "something is deleted": "    del Trace.one",
    "a global": "    global Option\n    Option = None",
    "a name that is not its own": "    done = Trace",
    "an import": "    import asrun.judge.proofs",
    "an import of a name": "    from os import system as f",
    "a builtin": "    setattr(Trace, 'one', None)",
    "a builtin that changes nothing": "    f = len(done.text)",
    "a builtin that it binds elsewhere": "    [exec for exec in ()] or exec('')",
    "a builtin by its scope": "    (lambda exec: 0) and exec('')",
    "the builtins": "    f = __builtins__",
    "what is imported": "    AsyncClient.get(None)",
    "a private attribute": "    f = trace._log.assertions",
    "a class": "    f = done.__class__",
    "the classes of a class": "    f = Options.mro()",
    "globals": "    f = trace.one.__globals__",
    "a frame of a generator": "    f = (x for x in ()).gi_frame",
    "a frame of a coroutine": "    f = asks(None).cr_frame",
    "a traceback": "    try:\n        f.x\n    except TypeError as e:\n        f = e.__traceback__",
    "an exception that is swallowed": "    try:\n        trace.one()\n    except:\n        pass",
    "an end that swallows": "    try:\n        f.x\n    finally:\n        return {}",
    "a context": "    with trace.one() as f: pass",
    "a format that reads attributes": "    f = '{0.__class__}'.format(trace)",
    "a format by a mapping": "    f = '{x.__class__}'.format_map({'x': trace})",
    "a text with values": "    f = f'{done!r:{f}}'",
    "a pattern that reads attributes": (
        "    match trace:\n        case Trace(__init__=f):\n            pass"
    ),
    "a name in passing": "    assert (Option := done)",
    "a number without end": "    f = 9 ** 9 ** 9",
    "a text without end": "    f = 'x' * 99999999999",
    "a loop without end": "    while True: pass",
    "a loop": "    for f in trace.all(kind='line'): pass",
    "a list that is computed": "    f = [x for x in trace.all(kind='line')]",
    "a choice": "    if done: f = 1",
    "a value that is awaited": "    await f",
    "a value that is yielded": "    yield f",
    "a function": "    def f(x=trace): ...",
    "a class of its own": "    class f: ...",
    "a call of itself": "    in_order(trace)",
    "a call of what was called": "    trace.one(kind='done')()",
    "a scenario": "    asks(None)",
    "a watch": "    state(trace)",
    "arguments from a mapping": "    trace.one(**{'kind': 'done'})",
    "arguments from a list": "    trace.state(*['x'])",
    "an annotation": "    f: exec('') = 1",
}
AT_THE_TOP = {
    "another module": ("import antigravity", ""),
    "the app": ("from app import app", ""),
    "a neighbour": ("from . import helper", ""),
    "the engine": ("from asrun import cache", ""),
    "everything": ("from httpx import *", ""),
    "everything of asrun": ("from asrun import *", ""),
    "a builtin that is another": ("from httpx import get as __builtins__", ""),
    "another under asrun's name": ("from httpx import get as Option", ""),
    "asrun's under another name": ("from asrun import snapshot as scenarios", ""),
    "a name of asrun's that is another": ("", "def show(*names): ..."),
    "a name that is bound twice": ("", "def which(trace): ..."),
    "a name that has a value": ("", "LINES = []"),
    "a name of asrun's that has a value": ("", "scenario = lambda title: lambda run: run()"),
    "an attribute that is set": ("", "Trace.one = None"),
    "a call": ("", "print('x')"),
    "what is shown by another": ("from httpx import get as advice", "advice('x')"),
    "a function": ("", "def helper(trace): ..."),
    "a class": ("", "class Own: ..."),
    "a choice": ("", "if True:\n    import os"),
    "a loop": ("", "for one in (): pass"),
    "a decorator of its own": ("", "@scenario\ndef helper(): ..."),
    "a decorator that is not asrun's": ("", "@asyncio.run('x')\ndef helper(): ..."),
    "a decorator that is not imported": ("", "@snapshot(on=None)\ndef helper(trace): ..."),
    "a decorator of asrun's that is none": ("", "@show('x')\ndef helper(trace): ..."),
    "two decorators": ("", "@watch('X')\n@scenario('x')\ndef helper(client): ..."),
    "a scenario's decorator as a proof's": ("", "@asks.throw(None)\ndef helper(trace): ..."),
    "a proof on what is called": ("", "@quiz('', on=state(None), hint='')\ndef helper(trace): ..."),
    "a proof on what is computed": ("", "@quiz('', on=exec(''), hint='')\ndef helper(trace): ..."),
    "a proof on what is in a mapping": ("", "@quiz('', **{'on': asks})\ndef helper(trace): ..."),
    "a default": ("", "@quiz('', on=None, hint='')\ndef helper(trace, f=exec): ..."),
    "a default by name": ("", "@quiz('', on=None, hint='')\ndef helper(trace, *, f=exec): ..."),
    "all arguments": ("", "@quiz('', on=None, hint='')\ndef helper(*traces): ..."),
    "all arguments by name": ("", "@quiz('', on=None, hint='')\ndef helper(**traces): ..."),
    "a proof that is a coroutine": ("", "@quiz('', on=None, hint='')\nasync def helper(trace): ..."),
}  # fmt: skip
LEFT_OUT = {
    "a scenario's default": "@scenario('x')\nasync def more(client=exec('1/0')): ...",
    "a scenario's title": "@scenario(1/0)\nasync def more(client): ...",
    "what a scenario returns": "@scenario('x')\nasync def more(client) -> exec('1/0'): ...",
    "what is shown": "show(1/0)",
    "what a proof is given": "@quiz('', on=None, hint='')\ndef more(trace: exec('1/0')): ...",
    "what a proof returns": "@quiz('', on=None, hint='')\ndef more(trace) -> exec('1/0'): ...",
}


def _lesson(imports: str = "", top: str = "", body: str = "") -> ast.Module:
    return ast.parse(LESSON.format(imports=imports, top=top, body=body))


@pytest.mark.parametrize("body", WITHIN)
def test_what_a_proof_asks_of_its_traces_is_contained(body: str) -> None:
    kept = contained(_lesson(body=body))
    assert [type(node).__name__ for node in kept.body] == [
        "ImportFrom", "Assign", "Assign", "FunctionDef", "FunctionDef",
    ]  # fmt: skip


@pytest.mark.parametrize("what", INSIDE)
def test_a_proof_that_does_anything_else_is_not(what: str) -> None:
    with pytest.raises(Unusual):
        contained(_lesson(body=INSIDE[what]))


@pytest.mark.parametrize("what", AT_THE_TOP)
def test_a_lesson_that_does_more_than_usual_is_not(what: str) -> None:
    imports, top = AT_THE_TOP[what]
    marker = "def helper"
    lesson = _lesson(imports, "" if marker in top else top)
    if marker in top:  # after what it names
        lesson.body += ast.parse(top).body
    with pytest.raises(Unusual):
        contained(lesson)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="is no syntax")
def test_a_proof_with_types_of_its_own_is_not() -> None:
    lesson = _lesson()
    lesson.body += ast.parse("@quiz('', on=None, hint='')\ndef more[T: exec('')](trace): ...").body
    with pytest.raises(Unusual):
        contained(lesson)


@pytest.mark.parametrize("what", LEFT_OUT)
def test_what_judging_does_not_need_does_not_run(what: str) -> None:
    tree = _lesson()
    tree.body += ast.parse(LEFT_OUT[what]).body
    exec(compile(contained(tree), "lesson.py", "exec"), {})


# ------------------------------------------------------------------ the lessons of the site


class Here:
    """Runs jobs in this process.

    Args:
        broken: what becomes of a job that judges several lessons.
    """

    def __init__(self, broken: Callable[[Job], Ended] | None = None) -> None:
        self.broken = broken
        self.ran: list[tuple[str, int]] = []

    def run(self, jobs: Any, started: Started | None = None) -> Iterator[Ended]:
        for job in jobs:
            name = job.entry.partition(":")[2]
            self.ran.append((name, len(job.request.get("lessons", [job]))))
            if self.broken is not None and name == "judge_together":
                yield self.broken(job)
            else:
                yield Ended(job, getattr(child, name)(json.loads(json.dumps(job.request))))


@pytest.fixture(scope="module")
def site() -> list[Lesson]:
    """The lessons of the site."""
    return list(lessons.find(ROOT).lessons)


@pytest.fixture(scope="module")
def traces(site: list[Lesson]) -> dict[tuple[str, str], Trace]:
    """A run of each of their scenarios, as accepted."""
    found = {}
    for lesson in site:
        for scenario in lesson.scenarios:
            kept, _ = accepted.read(accepted.folder(lesson, scenario.name))
            runs = [k.recording for k in kept if k.recording.outcome == "recorded"]
            found[lesson.id, scenario.name] = runs[-1].trace
    return found


@pytest.fixture(scope="module")
def alone(site: list[Lesson], traces: dict[tuple[str, str], Trace]) -> Any:
    """The verdicts on each, judged by itself."""
    found: dict[str, Any] = {}
    for lesson in site:
        found |= court.judge([lesson], traces, Cache(None), Here())
    return found


def test_a_lesson_is_judged_together_as_it_is_alone(
    site: list[Lesson], traces: dict[tuple[str, str], Trace], alone: Any
) -> None:
    children = Here()
    assert court.judge(site, traces, Cache(None), children) == alone
    several = [many for name, many in children.ran if name == "judge_together"]
    assert sum(several) == len(site)
    proved = [all(v.outcome == "proved" for v in found.values()) for found in alone.values()]
    assert [name for name, _ in children.ran].count("judge") == proved.count(False)


def test_what_is_false_is_told_by_a_process_of_its_own(
    site: list[Lesson], traces: dict[tuple[str, str], Trace], alone: Any
) -> None:
    lesson, *others = site
    other = {key: next(iter(traces.values())) for key in traces if key[0] == lesson.id}
    children = Here()
    found = court.judge(site, {**traces, **other}, Cache(None), children)
    assert {v.outcome for v in found[lesson.id].values()} > {"proved"}
    assert all(found[one.id] == alone[one.id] for one in others)
    assert ("judge", 1) in children.ran


BROKEN: dict[str, Callable[[Job], Ended]] = {
    "it hangs": lambda job: Ended(job, None, hung=True),
    "it ends": lambda job: Ended(job, None, code=-9),
    "it does what is refused": lambda job: Ended(job, {"judged": []}, said=("refused",)),  # type: ignore[arg-type]
    "it answers for fewer": lambda job: Ended(job, {"judged": []}),
    "it answers nothing": lambda job: Ended(job, {}),
    "it answers something else": lambda job: Ended(job, {"judged": ["proved"] * 3}),
}


@pytest.mark.parametrize("how", BROKEN)
def test_where_anything_goes_wrong_each_is_judged_alone(
    how: str, site: list[Lesson], traces: dict[tuple[str, str], Trace], alone: Any
) -> None:
    children = Here(BROKEN[how])
    three = site[:3]
    assert court.judge(three, traces, Cache(None), children) == {x.id: alone[x.id] for x in three}
    assert [name for name, _ in children.ran].count("judge") == 3
