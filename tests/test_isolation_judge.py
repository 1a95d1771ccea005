"""Proofs are contributed code, too: the judging child has the same sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Project

LESSON = '''
"""Hostile proofs

A lesson whose proof does what it may not.
"""

from asrun import exit_line, scenario, show, snapshot

show("read")


@scenario("It is asked")
async def asks(client):
    await client.get("/items/0")


@exit_line(on=asks)
def the_end(trace):
    """It ends at {{done}}."""
    done = trace.one(kind="done", request=1)
{body}
    assert trace.count(kind="done", request=1) == 1
    return {{"done": done}}


@snapshot(on=asks)
def the_status(trace):
    """A 200. {{sent}}"""
    sent = trace.one(asgi="http.response.start")
    assert sent.status == 200
    return {{"sent": sent}}
'''

CASES = {
    "all(n >= 0 for n in range(20_000_000_000))": ("proof-hung", "the_end"),
    "__import__('os')._exit(0)": ("proof-crashed", "ends its process by `os._exit(0)`"),
    "__import__('sys').exit(0)": ("proof-crashed", "SystemExit"),
    "__import__('socket').socket()": ("proof-crashed", "opens a socket"),
    "open('{home}', 'w')": ("proof-crashed", "writes `"),
    "__import__('subprocess').run(['sleep', '60'])": ("proof-crashed", "starts a process"),
    "[bytes(1 << 26) for _ in range(48)]": ("proof-crashed", "MemoryError"),
}


@pytest.mark.parametrize("body", CASES)
def test_proof(
    body: str, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASRUN_DEADLINE", "2")
    home = tmp_path / "precious"
    home.write_text("kept")
    act = body.replace("{home}", str(home))
    project.add_lesson("hostile", lesson=LESSON.format(body=f"    {act}  # here"))
    report = project.asrun("check", "--format", "json", "--no-cache").json()
    mine = [p for p in report["problems"] if p["lesson"] == "lending/hostile" and p["statement"]]
    kind, words = CASES[body]
    assert [p["kind"] for p in mine] == [kind]
    assert words in mine[0]["message"]
    assert mine[0]["file"] == "snippets/lending/hostile/lesson.py"
    line = project.line(project.root / mine[0]["file"], "# here")
    assert mine[0]["line"] == line
    assert home.read_text() == "kept"
    # The lesson's other proofs are judged all the same.
    told = {s["statement"]: s["outcome"] for s in report["statements"]}
    assert told["the_status"] == "proved"
    others = [p for p in report["problems"] if p["lesson"] != "lending/hostile"]
    assert {p["kind"] for p in others} == {"not-accepted"}
