"""Hostile snippets: each ends in a clear problem, harms no other lesson, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.hostile import harness
from tests.hostile.harness import RECORD, SECRET, Case, User, cases, fill, once, write_project

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox's means are Linux's")

DEADLINE = {"root": 5.0, "ordinary": 5.0, "spawned": 10.0}
"""Seconds. An interpreter that was spawned warms up on the job's own time."""
SPAWNED = {
    "endless_comprehension", "endless_loop", "forks", "leaves_by_exit", "memory", "one_large_file", "opens_a_socket",
    "patches_fastapi", "reads_home", "signals_its_parent", "writes_to_the_repository",
}  # fmt: skip
"""Cases that are run where there is no fork, too."""


RUNS = ["root", "ordinary", "spawned"]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What is made once for all tests."""
    with harness.shared(tmp_path_factory) as folder:
        yield folder


@pytest.fixture
def run(request: pytest.FixtureRequest, made: Path) -> Any:
    """All cases, run once together by the super-user, by another, or each in an interpreter of its own."""
    name = request.param
    user = harness.user("root" if name == "root" else "ordinary", made)
    if user is None:
        pytest.skip("only the super-user can show what the super-user is refused: run this as root")
    return once(made, f"hostile-{name}", lambda: _run(user, name, made / f"hostile-{name}"))


def _run(user: User, name: str, folder: Path) -> dict[str, Any]:
    for path in (folder, folder / "home", folder / "tmp"):
        path.mkdir()
        path.chmod(0o755)
    (folder / "home/.profile").write_text(f"# {SECRET}\n")
    chosen = [case for case in cases() if name != "spawned" or case.name in SPAWNED]
    with _listeners(folder / "socket") as listeners:
        values = {
            "project": str(folder), "home": str(folder / "home"), "socket": str(folder / "socket"),
            "port": str(listeners[0].getsockname()[1]), "parent": str(os.getpid()),
            "deadline": f"{DEADLINE[name]:g}",
        }  # fmt: skip
        write_project(folder, chosen, values)
        user.own(folder)
        before = _files(folder)
        told = {
            "project": str(folder), "deadline": DEADLINE[name],
            "start": "spawn" if name == "spawned" else "fork",
        }  # fmt: skip
        done = user.run(["-c", RECORD, json.dumps(told)], folder)
        assert done["code"] == 0, done["err"]
        heard = [_heard(listener) for listener in listeners]
    return {
        **json.loads(done["out"]),
        "values": values,
        "cases": [case.name for case in chosen],
        "left running": done["left"],
        "left in tmp": [str(path) for path in (folder / "tmp").iterdir()],
        "left in shared memory": [str(path) for path in Path("/dev/shm").glob("asrun-hostile*")],
        "changed": sorted(set(before.items()) ^ set(_files(folder).items())),
        "heard": heard,
    }


@contextmanager
def _listeners(path: Path) -> Iterator[list[socket.socket]]:
    local = socket.socket(socket.AF_UNIX)
    with socket.create_server(("127.0.0.1", 0)) as internet, local:
        local.bind(str(path))
        local.listen()
        path.chmod(0o777)
        for listener in (internet, local):
            listener.setblocking(False)
        yield [internet, local]


def _heard(listener: socket.socket) -> bool:
    with suppress(BlockingIOError):
        listener.accept()[0].close()
        return True
    return False


def _files(folder: Path) -> dict[str, str]:
    """Every file of the project and of the home folder: what is in it, and its mode."""
    files = [p for p in folder.rglob("*") if p.is_file() and (folder / "tmp") not in p.parents]
    return {
        str(p): f"{p.stat().st_mode:o} {p.stat().st_mtime_ns} {p.read_bytes()!r}" for p in files
    }


@pytest.mark.parametrize(
    ("case", "run"),
    [
        pytest.param(case, name, id=f"{case.name}-{name}")
        for case in cases()
        for name in RUNS
        if name != "spawned" or case.name in SPAWNED
    ],
    indirect=["run"],
)
def test_case(case: Case, run: dict[str, Any]) -> None:
    problems = [p for p in run["problems"] if p["lesson"] == case.lesson]
    recorded = case.lesson in run["recorded"]
    if case.ending == "harmless":
        assert recorded
        assert not problems
        return
    assert not recorded, (
        f"it was recorded, as if nothing were the matter: {run['recorded'][case.lesson]}"
    )
    first = problems[0]
    said = f"{first['kind']}: {first['message']}"
    expected = [(kind, fill(words, run["values"])) for kind, words in case.endings()]
    assert any(first["kind"] == kind and words in first["message"] for kind, words in expected), (
        said
    )
    assert not case.lines or first["file"] == f"snippets/{case.lesson}/app.py", first["file"]
    assert not case.lines or first["line"] in case.lines, f"{first['line']}: {said}"
    assert first["todo"]


@pytest.mark.parametrize("run", RUNS, indirect=True)
def test_no_other_lesson_is_harmed(run: dict[str, Any]) -> None:
    innocent = {name: told for name, told in run["recorded"].items() if "/innocent-" in name}
    assert len(innocent) == 1 + (len(run["cases"]) + 9) // 10
    assert not [p for p in run["problems"] if "/innocent-" in p["lesson"]]
    first = innocent["hostile/innocent-0"]
    assert [e["detail"]["status"] for e in first if e["kind"] == "complete"] == [200]
    for name, events in innocent.items():
        assert events == first, name


@pytest.mark.parametrize("run", RUNS, indirect=True)
def test_nothing_is_left_behind(run: dict[str, Any]) -> None:
    assert run["left running"] == []
    assert run["left in tmp"] == []
    assert run["left in shared memory"] == []


@pytest.mark.parametrize("run", RUNS, indirect=True)
def test_nothing_outside_is_changed(run: dict[str, Any]) -> None:
    assert run["changed"] == []


@pytest.mark.parametrize("run", RUNS, indirect=True)
def test_no_one_is_called(run: dict[str, Any]) -> None:
    assert run["heard"] == [False, False]


@pytest.mark.parametrize("run", RUNS, indirect=True)
def test_no_secret_gets_out(run: dict[str, Any]) -> None:
    assert SECRET not in json.dumps([run["recorded"], run["problems"]])


@pytest.mark.parametrize("run", ["root", "ordinary"], indirect=True)
def test_nothing_that_is_told_commands_a_terminal(run: dict[str, Any]) -> None:
    text = json.dumps([run["recorded"], run["problems"]], ensure_ascii=False)
    assert "\\x1b" in text  # it is shown as what it is
    assert text.isprintable()
    text.encode()  # half a character can't be written into a page


@pytest.mark.parametrize("run", ["root", "ordinary"], indirect=True)
def test_no_repr_is_run(run: dict[str, Any]) -> None:
    events = run["recorded"]["hostile/repr-with-side-effects"]
    assert [e["detail"]["body"] for e in events if e["kind"] == "complete"] == ["0"]
    assert any(e.get("names", {}).get("odd") == "Odd#1" for e in events)
