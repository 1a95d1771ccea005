"""What is recorded again and what is not, why, and what becomes of a cache that is damaged."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asrun import cache, lessons, recorder
from asrun.cache import Cache
from asrun.children import Children
from asrun.recorder import Recordings
from tests.conftest import APP, Project, environment

READS = (
    APP.replace('names = ["apple", "pear"]', 'names = (HERE / "names.txt").read_text().split()')
    .replace("app = FastAPI()", "app = FastAPI()\nHERE = Path(__file__).parent")
    .replace("from typing import", "from pathlib import Path\nfrom typing import")
)


@pytest.fixture
def reading(project: Project) -> Project:
    """A project whose lesson reads a file, and imports another."""
    project.write(f"snippets/{project.id}/app.py", "import helper\n" + READS.lstrip())
    project.write(f"snippets/{project.id}/helper.py", "LENGTH = 2\n")
    project.write(f"snippets/{project.id}/names.txt", "apple pear\n")
    return project


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    """One zygote for all tests here."""
    with Children(["fastapi"]) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(tmp_path / ".asrun/cache")


Build = Callable[[], Recordings]


@pytest.fixture
def build(reading: Project, store: Cache, children: Children) -> Build:
    """Record what has to be recorded."""

    def record() -> Recordings:
        found = lessons.find(reading.root)
        done = recorder.record(found.lessons, store, children)
        assert not done.problems
        assert len(done.done) == 2
        return done

    return record


def whys(done: Recordings) -> set[str]:
    """The reasons, of all scenarios."""
    return set(done.why.values())


def files(project: Project) -> list[Path]:
    """The cache's files."""
    return sorted((project.root / ".asrun/cache").glob("*.json"))


def test_nothing_has_changed(build: Build) -> None:
    first, second = build(), build()
    assert (first.ran, whys(first)) == (2, {"it was never recorded"})
    assert (second.ran, whys(second)) == (0, {""})
    assert [(r.events, r.versions, r.files) for r in first.done] == [
        (r.events, r.versions, r.files) for r in second.done
    ]
    assert {r.origin for r in second.done} == {"cache"}


def test_what_a_run_opened_is_told(build: Build) -> None:
    opened = build().done[0].files
    assert {Path(name).name for name in opened} >= {"app.py", "lesson.py", "helper.py", "names.txt"}
    assert all(name.startswith("snippets/lending/resource/") for name in opened)


@pytest.mark.parametrize("name", ["app.py", "lesson.py", "helper.py", "names.txt"])
def test_a_file_has_changed(name: str, build: Build, reading: Project) -> None:
    build()
    with (reading.root / "snippets" / reading.id / name).open("a") as file:
        file.write("# plum\n")
    done = build()
    [why] = whys(done)
    assert done.ran == 2
    assert why.endswith(f"{name} has changed")
    assert build().ran == 0


def test_a_file_has_gone(build: Build, reading: Project) -> None:
    build()
    app = reading.app.read_text().replace("import helper\n", "")
    (reading.root / "snippets" / reading.id / "helper.py").unlink()
    reading.app.write_text(app)
    assert build().ran == 2


def test_a_file_was_added(build: Build, reading: Project) -> None:
    build()
    reading.write(f"snippets/{reading.id}/settings.json", "{}")
    assert whys(build()) == {"files were added to its folder, or taken away"}


def test_what_no_run_reads_does_not_matter(build: Build, reading: Project) -> None:
    build()
    reading.write(f"snippets/{reading.id}/recordings/answers/0.165.0.txt", "accepted")
    reading.write(f"snippets/{reading.id}/.app.py.swp", "an editor's")
    reading.write(f"snippets/{reading.id}/__pycache__/app.pyc", "an interpreter's")
    reading.write("README.md", "of the project")
    assert build().ran == 0


def test_a_scenario_of_its_own_is_recorded_alone(build: Build, reading: Project) -> None:
    build()
    reading.edit(reading.lesson, "async def raises", "async def fails").edit(
        reading.lesson, "on=raises", "on=fails"
    )
    done = build()
    # The file has changed, and with it all that is recorded of it.
    assert done.why == {
        ("lending/resource", "answers"): "lesson.py has changed",
        ("lending/resource", "fails"): "it was never recorded",
    }


def test_python_has_changed(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    before = cache.python()
    monkeypatch.setattr(cache, "python", lambda: "cpython 9.9.9")
    assert whys(build()) == {f"Python has changed: {before} -> cpython 9.9.9"}


def test_a_package_has_changed(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    others = {**cache.packages(), "anyio": "99.0", "new_one": "1.0"}
    anyio = cache.packages()["anyio"]
    monkeypatch.setattr(cache, "packages", lambda: others)
    assert whys(build()) == {
        f"what is installed has changed: anyio {anyio} -> 99.0, new_one none -> 1.0"
    }


def test_the_recorder_has_changed(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    build()
    monkeypatch.setattr(cache, "engine", lambda part: f"another {part}")
    assert whys(build()) == {"asrun's recorder has changed"}


def test_packages_are_those_that_are_installed() -> None:
    from importlib.metadata import version

    assert cache.packages()["fastapi"] == version("fastapi")
    assert len(cache.packages()) > 20


def test_no_cache(reading: Project, children: Children) -> None:
    found = lessons.find(reading.root).lessons
    for _ in range(2):
        done = recorder.record(found, Cache(None), children)
        assert (done.ran, whys(done)) == (2, {"the cache is not used"})


def test_what_went_wrong_is_not_kept(reading: Project, store: Cache, children: Children) -> None:
    reading.edit(reading.app, "import helper", "import helper, missing")
    found = lessons.find(reading.root).lessons
    for _ in range(2):
        done = recorder.record(found, store, children)
        assert (done.ran, len(done.problems)) == (2, 2)
        assert whys(done) == {"it was never recorded"}


# ---------------------------------------------------------------- damage


def _truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def _flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _garbage(file: Path) -> None:
    file.write_bytes(os.urandom(500))


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _loop(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def _wrong_shape(file: Path) -> None:
    """What an entry of another kind would hold, and its digest is right."""
    Cache(file.parent).put(file.stem, {"recording": {"events": [{"kind": "no such kind"}]}})


def _deep(file: Path) -> None:
    text = b'{"parts": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    check = hashlib.sha256(file.stem.encode() + b"\n" + text).hexdigest().encode()
    file.write_bytes(check + b"\n" + text)


@pytest.mark.parametrize(
    "damage", [_truncate, _flip, _empty, _garbage, _folder, _loop, _pipe, _wrong_shape, _deep]
)
def test_a_damaged_entry_is_made_again(
    damage: Callable[[Path], None], build: Build, reading: Project
) -> None:
    first = build()
    for file in files(reading):
        damage(file)
    second = build()
    assert second.ran == 2
    assert whys(second) == {"what was kept of it is damaged"}
    assert [r.events for r in second.done] == [r.events for r in first.done]
    if damage is not _folder:  # in whose place no file can be put
        assert build().ran == 0


def test_an_entry_of_another_scenario_is_not_taken(build: Build, reading: Project) -> None:
    done = build()
    events = {r.scenario.name: r.events for r in done.done}
    large = sorted(files(reading), key=lambda file: file.stat().st_size)[-2:]
    one, other = (file.read_bytes() for file in large)
    large[0].write_bytes(other)
    large[1].write_bytes(one)
    assert {r.scenario.name: r.events for r in build().done} == events


def test_a_cache_that_is_a_file(reading: Project, children: Children) -> None:
    place = reading.write("cache", "not a folder")
    found = lessons.find(reading.root).lessons
    for _ in range(2):
        assert len(recorder.record(found, Cache(place), children).done) == 2
    assert place.read_text() == "not a folder"


def test_a_disk_that_is_full(
    build: Build, monkeypatch: pytest.MonkeyPatch, reading: Project
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert build().ran == 2
    assert build().ran == 2
    monkeypatch.undo()
    assert not list((reading.root / ".asrun/cache").iterdir())


# ---------------------------------------------------------------- size


def test_old_entries_are_removed(tmp_path: Path) -> None:
    now, day = time.time(), 24 * 3600
    Cache(tmp_path).put("old", {})
    Cache(tmp_path).put("used", {})
    os.utime(tmp_path / "old.json", (now - 40 * day, now - 40 * day))
    os.utime(tmp_path / "used.json", (now - 40 * day, now - 40 * day))
    unfinished = tmp_path / "x.part"
    unfinished.touch()
    os.utime(unfinished, (now - 2 * day, now - 2 * day))
    assert Cache(tmp_path).get("used") == {}  # which counts as use
    Cache(tmp_path).put("new", {})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["new.json", "used.json"]


# ---------------------------------------------------------------- as a user sees it


def test_why(accepted: Project) -> None:
    def why(*options: str) -> list[str]:
        said = accepted.asrun("build", "--why", *options).err.splitlines()
        return [line for line in said if line.startswith("lending/")]

    assert why() == [
        "lending/resource answers ran: it was never recorded",
        "lending/resource raises ran: it was never recorded",
    ]
    assert why() == [
        "lending/resource answers did not run: all that it depends on is the same",
        "lending/resource raises did not run: all that it depends on is the same",
    ]
    assert why("--no-cache")[0] == "lending/resource answers ran: the cache is not used"
    with accepted.app.open("a") as file:
        file.write("# a remark\n")
    assert why()[0] == "lending/resource answers ran: app.py has changed"
    shutil.rmtree(accepted.root / ".asrun/cache")
    assert why()[0] == "lending/resource answers ran: it was never recorded"


HELPED = """
from proofs import expected


@snapshot(on=answers)
def helped(trace):
    \"\"\"The response starts with a 200.\"\"\"
    sent = trace.one(asgi="http.response.start")
    assert sent.status == expected()
"""


def test_a_module_that_a_proof_uses_has_changed(accepted: Project) -> None:
    module = f"snippets/{accepted.id}/proofs.py"
    accepted.write(module, "def expected():\n    return 200\n")
    with accepted.lesson.open("a", encoding="utf-8") as file:
        file.write(HELPED)
    assert accepted.asrun("check").code == 0
    accepted.write(module, "def expected():\n    return 201\n")
    assert "statement-false" in accepted.asrun("check", "--format", "json").kinds()


WAITS = """import pathlib, select
    if not pathlib.Path(__file__).with_name("go").exists():
        select.select([], [], [], 60)
    await client.get("/items/7")"""


def test_a_build_that_is_interrupted_goes_on_from_where_it_was(accepted: Project) -> None:
    accepted.add_lesson("other").accepted()
    # The last of all: where there is one core, the others have been recorded before it.
    other = accepted.root / "snippets/lending/other"
    accepted.edit(other / "lesson.py", 'await client.get("/items/7")', WAITS)
    command = [sys.executable, "-m", "asrun", "build"]
    environ = environment(ASRUN_DEADLINE="50")
    build = subprocess.Popen(command, cwd=accepted.root, env=environ, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while len(files(accepted)) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)  # until three of four are recorded, and what is installed is noted
    build.send_signal(signal.SIGINT)
    said = build.communicate(timeout=30)[1]
    assert b"Traceback" not in said
    assert build.returncode == 130, said
    assert not (accepted.root / ".asrun/pages").exists()
    (other / "go").touch()
    again = accepted.asrun("build", "--why")
    assert again.code == 0
    assert "lending/resource answers did not run" in again.err
    assert "lending/resource raises did not run" in again.err
    assert "(2 recorded now, 2 from the cache)" in again.err


def test_a_build_with_a_damaged_cache(accepted: Project) -> None:
    assert accepted.asrun("build").code == 0
    for file in (accepted.root / ".asrun/cache").iterdir():
        _flip(file)
    again = accepted.asrun("build", "--why")
    assert again.code == 0
    assert "ran: what was kept of it is damaged" in again.err
    assert json.loads((accepted.root / ".asrun/pages/report.json").read_text())["ok"]
