"""What a child leaves behind is read as what a stranger says: nothing of it is followed or believed."""

from __future__ import annotations

import json
import os
import py_compile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from asrun import children, endings, jobs, lessons, recorder
from asrun.cache import Cache
from asrun.children import Children, Ended, Job, can_fork
from tests.conftest import Project

GOOD = {
    "status": "recorded",
    "events": [{"kind": "done", "lane": "wire", "unit": 0, "request": 1}],
    "versions": dict.fromkeys(("fastapi", "starlette", "pydantic", "anyio", "python"), "1"),
    "requests": 1,
    "files": [],
}


def read(folder: Path, code: int = 0) -> endings.Ending:
    """What the parent makes of a job's folder."""
    return endings.read(folder, "/lessons/one", code, 0.1)


@pytest.mark.parametrize("name", ["output.txt", "report.txt", "stacks.txt", "result.json"])
def test_links_are_not_followed(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    told = {
        "kind": "refused",
        "message": "swordfish",
        "todo": "",
        "stack": [],
        "status": "swordfish",
    }
    frame = '\n  File "/lessons/one/app.py", line 1 in swordfish\n'
    secret.write_text(json.dumps(told) + (frame if name.endswith(".txt") else ""))
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / name).write_text(secret.read_text())
    assert "swordfish" in str(read(folder))  # as a plain file it would be read
    (folder / name).unlink()
    (folder / name).symlink_to(secret)
    assert "swordfish" not in str(read(folder))


@pytest.mark.parametrize("name", ["output.txt", "report.txt", "stacks.txt", "result.json"])
def test_a_pipe_does_not_hold_the_parent_up(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    assert read(tmp_path).result is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 100_000,
        "9" * 10_000,
        '{"a": ' * 100_000,
        "\x00",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
    ids=lambda text: repr(text[:10]),
)
def test_what_is_no_result_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(text)
    (tmp_path / "report.txt").write_text(text)
    ending = read(tmp_path)
    assert ending.result is None
    assert ending.said == ()


def test_a_result_of_a_child_that_failed_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("{}")
    assert read(tmp_path).result == {}
    assert read(tmp_path, code=1).result is None


@pytest.mark.parametrize("file", ["../../../etc/passwd", "/etc/passwd", "", "a/../../b"])
def test_no_place_is_outside_the_lesson(file: str, tmp_path: Path) -> None:
    told = {"kind": "refused", "message": "m", "todo": "t", "stack": [[file, 1, "f"]]}
    (tmp_path / "report.txt").write_text(json.dumps(told))
    assert read(tmp_path).said == ()


def test_a_dump_is_told_by_the_thread_that_is_the_authors(tmp_path: Path) -> None:
    (tmp_path / "stacks.txt").write_text(
        "Timeout (0:00:01)!\n"
        "Thread 0x00007f01 (most recent call first):\n"
        '  File "/usr/lib/python3.11/threading.py", line 320 in wait\n'
        '  File "/lessons/one/lesson.py", line 12 in asks\n'
        "Thread 0x00007f02 (most recent call first):\n"
        '  File "/elsewhere/app.py", line 1 in other\n'
        '  File "/lessons/one/app.py", line 7 in inner\n'
        '  File "/lessons/one/app.py", line 9 in endpoint\n'
    )
    assert read(tmp_path, code=1).stack == (("app.py", 9, "endpoint"), ("app.py", 7, "inner"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("line\nnext\tcolumn", "line\nnext\tcolumn"),
        ("over\rwritten", r"over\rwritten"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnirts", r"\u202egnirts"),
        ("\ud800", r"\ud800"),
        ("naïve 👩‍💻 שלום", "naïve 👩‍💻 שלום"),
    ],
)
def test_what_commands_a_terminal_is_shown(text: str, shown: str, tmp_path: Path) -> None:
    assert endings.clean(text) == shown
    (tmp_path / "result.json").write_text(json.dumps({"a": [{text: text}]}))
    assert read(tmp_path).result == {"a": [{shown: shown}]}


class Forger:
    """Children that give back what they like."""

    def __init__(self, result: Any) -> None:
        self._result = result

    def run(self, given: Iterable[Job], started: Any = None) -> Iterator[Ended]:
        return (Ended(one, self._result) for one in given)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "splendid"},
        {"events": None},
        {"events": [7]},
        {"events": [{"kind": "done"}]},
        {"events": [{**GOOD["events"][0], "kind": "<script>"}]},  # type: ignore[index]
        {"events": [{**GOOD["events"][0], "names": {"a": 7}}]},  # type: ignore[index]
        {"events": [{**GOOD["events"][0], "line": "7"}]},  # type: ignore[index]
        {"versions": {}},
        {"requests": "many"},
        {"files": [7]},
        {"status": "crashed"},
        {"status": "crashed", "message": "m", "stack": [["../../x.py", 1, "f"]]},
    ],
    ids=str,
)
def test_a_forged_recording_is_no_recording(change: dict[str, Any], project: Project) -> None:
    found = lessons.find(project.root).lessons
    assert len(recorder.record(found, Cache(None), Forger(GOOD)).done) == 2
    done = recorder.record(found, Cache(None), Forger(GOOD | change))
    assert done.done == []
    assert {p.kind for p in done.problems} == {"crashed"}
    assert "can't have made" in done.problems[0].message


# ---------------------------------------------------------------- what a lesson's folder holds


def _record(project: Project) -> Any:
    found = lessons.find(project.root).lessons
    with Children() as running:
        return recorder.record(found, Cache(None), running)


def test_a_link_in_the_folder_leads_nowhere(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("outside") / "secret.txt"
    secret.write_text("swordfish")
    (project.app.parent / "names.txt").symlink_to(secret)
    project.edit(
        project.app, 'names = ["apple", "pear"]', 'names = open(__file__[:-6] + "names.txt").read()'
    )
    done = _record(project)
    assert {p.kind for p in done.problems} == {"refused"}
    assert done.problems[0].line == project.line(project.app, "names.txt")
    assert "swordfish" not in str(done)


def test_compiled_code_is_compared_with_its_source(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `.pyc` can say that it need not be: then it would run in the place of what a reviewer reads."""
    project.edit(project.app, "app = FastAPI()", "app = FastAPI()\nfrom helper import NAMES")
    project.edit(project.app, 'names = ["apple", "pear"]', "names = NAMES")
    helper = project.write(f"snippets/{project.id}/helper.py", "NAMES = ['hidden']\n")
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(helper), invalidation_mode=unchecked)
    helper.write_text("NAMES = ['seen']\n")

    def names() -> str:
        return str([e for e in _record(project).done[0].events if e["kind"] == "set"])

    assert "seen" in names()

    def plain(python: str, module: str) -> list[str]:
        return [python, "-m", module]

    monkeypatch.setattr(children, "command", plain)
    if can_fork():
        assert "hidden" in names()  # the option is what does it


def test_the_users_environment_stays_outside(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASRUN_TEST_SECRET", "swordfish")
    assert "swordfish" not in str(jobs.scrubbed_environment())
    project.edit(
        project.app,
        'names = ["apple", "pear"]',
        "import os\n    names = [f'{sorted(os.environ)} {os.environ[\"PATH\"]}']",
    )
    done = _record(project)
    [body] = {e["detail"]["body"] for e in done.done[0].events if e["kind"] == "complete"}
    known = ["HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TEMP", "TMP", "TMPDIR", "TZ"]
    assert json.loads(body) == f"{known} {os.defpath}"
