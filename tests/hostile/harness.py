"""Runs the hostile snippets of `cases/` in a project of their own, as the super-user or as another.

A case is an `app.py` whose first line says how it has to end, and whose line with `# <-` is the one
that the problem has to name:

    # refused: opens a socket
    …
        connection = socket.socket()  # <-

`# harmless` is one that is recorded as if nothing were the matter. Where several endings will do,
`|` stands between them. Each case is bounded by itself, so that it does no harm where the sandbox
fails.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).parent / "cases"
SECRET = "swordfish-4711"
ORDINARY = 54321
"""A user id that owns nothing."""

LESSON = '''"""Hostile

A lesson that does what it may not.
"""

from asrun import scenario, show

show("endpoint")


@scenario("It is asked")
async def asks(client):
    await client.get("/")
'''

INNOCENT = """from collections.abc import Iterator

from fastapi import Depends, FastAPI

app = FastAPI()


def number() -> Iterator[int]:
    yield 7


@app.get("/")
async def endpoint(n: int = Depends(number)) -> dict[str, int]:
    return {"n": n}
"""


@dataclass(frozen=True)
class Case:
    """One hostile snippet.

    Attributes:
        name: the file's stem.
        ending: how it has to end, as its first line says.
        source: `app.py`, before `{…}` are filled in.
    """

    name: str
    ending: str
    source: str

    @property
    def lesson(self) -> str:
        """Its lesson's id."""
        return f"hostile/{self.name.replace('_', '-')}"

    @property
    def lines(self) -> set[int]:
        """Lines that the problem may name; empty where it need not name any."""
        numbers: set[int] = set()
        for number, line in enumerate(self.source.splitlines(), 1):
            if "# <-" not in line:
                continue
            numbers.add(number)
            if "the line before" in line:
                numbers.add(number - 1)
            if "any line above" in line:
                numbers |= set(range(1, number))
            if "or none" in line:
                return set()
        return numbers

    def endings(self) -> list[tuple[str, str]]:
        """(kind of problem, words of its message) that will do."""
        found = []
        kind = ""
        for part in self.ending.split(" | "):
            head, colon, rest = part.partition(": ")
            if not colon and not kind:
                head, colon = part, ":"
            kind, words = (head, rest) if colon and " " not in head else (kind, part)
            found.append((kind, words.strip()))
        return found


def cases() -> list[Case]:
    """All of them."""
    found = []
    for path in sorted(CASES.glob("*.py")):
        source = path.read_text(encoding="utf-8")
        found.append(
            Case(path.stem, source.splitlines()[0].removeprefix("# ").rstrip(": "), source)
        )
    return found


def write_project(root: Path, snippets: Iterable[Case], values: dict[str, str]) -> None:
    """Make a project of these cases, with an innocent lesson before, between and after them."""
    names = []
    for number, case in enumerate(snippets):
        if number % 10 == 0:
            names.append(_lesson(root, f"innocent-{number // 10}", INNOCENT))
        names.append(_lesson(root, case.lesson.partition("/")[2], fill(case.source, values)))
    names.append(_lesson(root, "innocent-last", INNOCENT))
    toml = f'[[chapter]]\nname = "hostile"\ntitle = "Hostile"\nlessons = {json.dumps(names)}\n'
    (root / "snippets/chapters.toml").write_text(toml)


def _lesson(root: Path, name: str, app: str, lesson: str = LESSON) -> str:
    folder = root / "snippets/hostile" / name
    folder.mkdir(parents=True)
    (folder / "app.py").write_text(app, encoding="utf-8")
    (folder / "lesson.py").write_text(lesson, encoding="utf-8")
    return name


def fill(text: str, values: dict[str, str]) -> str:
    """Put values in the place of `{name}`; other braces stay."""
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


# ---------------------------------------------------------------- whose processes

RECORD = """
import json, sys
from pathlib import Path

from asrun import lessons, recorder
from asrun.cache import Cache
from asrun.children import Children
from asrun.record.limits import MIB, Limits

told = json.loads(sys.argv[1])
found = lessons.find(Path(told["project"]))
limits = Limits(**{"memory": 256 * MIB, "file_size": 4 * MIB, "folder_size": 16 * MIB, **told.get("limits", {})})
preload = sorted({m for lesson in found.lessons for m in lesson.imports})
with Children(preload, told.get("start"), limits=limits) as children:
    done = recorder.record(found.lessons, Cache(None), children, deadline=told["deadline"])
print(json.dumps({
    "problems": [p.to_dict() for p in [*found.problems, *done.problems]],
    "recorded": {r.lesson.id: r.events for r in done.done},
}))
"""

_WATCHED = """
import ctypes, json, os, signal, subprocess, sys

assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # what is left behind becomes a child of this
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True)
left = []
for pid in open("/proc/thread-self/children").read().split():
    try:
        left.append(open(f"/proc/{pid}/cmdline").read().replace("\\0", " "))
        os.kill(int(pid), signal.SIGKILL)
    except OSError:
        continue
print(json.dumps({"code": done.returncode, "out": done.stdout.decode(), "err": done.stderr.decode(), "left": left}))
"""


@dataclass(frozen=True)
class User:
    """Who runs the engine.

    Attributes:
        name: "root" or "ordinary".
        uid: the user id.
        python: an interpreter with all that the engine needs, which that user can start.
        engine: the folder that holds `asrun`.
        environ: what else its environment needs.
    """

    name: str
    uid: int
    python: str
    engine: str
    environ: dict[str, str]

    def run(
        self, arguments: list[str], folder: Path, environ: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Run a Python program as this user: its exit code, its output, and what it left running.

        Args:
            arguments: for the interpreter.
            folder: where; `home` and `tmp` in it are the user's.
            environ: what else is in its environment.
        """
        own: dict[str, Any] = {}
        if self.uid != os.geteuid():
            own = {"user": self.uid, "group": self.uid, "extra_groups": []}
        done = subprocess.run(
            [self.python, "-c", _WATCHED, self.python, *arguments],
            cwd=folder, text=True, capture_output=True, timeout=300, check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder / "home"),
                "TMPDIR": str(folder / "tmp"),
                "PYTHONPATH": self.engine,
                "PYTHONDONTWRITEBYTECODE": "1",
                "ASRUN_TEST_SECRET": SECRET,
                **self.environ,
                **(environ or {}),
            },
            **own,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    def own(self, folder: Path) -> None:
        """Make a folder and all in it this user's."""
        if os.geteuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self.uid, self.uid, follow_symlinks=False)


def user(name: str, made: Path) -> User | None:
    """Who runs the engine.

    Args:
        name: "root" or "ordinary".
        made: where what that user needs may be put.

    Returns:
        None where whoever runs the tests can't be that user.
    """
    return root_user() if name == "root" else ordinary_user(made / "ordinary")


def root_user() -> User | None:
    """The super-user, if that is who runs the tests."""
    if os.geteuid() != 0:
        return None
    return User("root", 0, sys.executable, str(ROOT / "hooks"), {})


def ordinary_user(made: Path) -> User:
    """A user who is not the super-user: who runs the tests, or one that root makes up.

    Args:
        made: where an interpreter is copied to, if that user can't reach the one that runs the tests.
    """
    if os.geteuid() != 0:
        return User("ordinary", os.geteuid(), sys.executable, str(ROOT / "hooks"), {})
    engine = made / "hooks"
    python = made / "python"
    once(made, "copied", lambda: _copy(python, engine))
    name = f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    environ = {"LD_LIBRARY_PATH": str(python / "lib")}
    return User("ordinary", ORDINARY, str(python / name), str(engine), environ)


def _copy(python: Path, engine: Path) -> None:
    _copy_interpreter(python)
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "hooks/asrun", engine / "asrun", ignore=skip)


def _copy_interpreter(python: Path) -> None:
    """A copy (of links, where the disk allows) of the interpreter and of what the engine needs."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base, library = Path(sys.base_prefix), f"lib/{version}"
    site = Path(sys.prefix) / library / "site-packages"
    skip = shutil.ignore_patterns(
        "test", "tests", "idlelib", "ensurepip", "site-packages", "config-*"
    )
    shutil.copytree(
        base / library, python / library, copy_function=_link, ignore=skip, symlinks=True
    )
    (python / "bin").mkdir()
    _link(str(base / "bin" / version), str(python / "bin" / version))
    for shared in (base / "lib").glob("libpython*.so*"):
        _link(str(shared.resolve()), str(python / "lib" / shared.name))
    large = ("playwright", "mypy", "mypyc", "ruff", "uv", "babel", "material", "hypothesis", "pip")
    shutil.copytree(
        site,
        python / library / "site-packages",
        copy_function=_link,
        ignore=shutil.ignore_patterns(*large, "*.pth"),
    )


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=True)
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def shared(factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that all processes have in common that run the tests; the last one removes it.

    Not below pytest's own, which every other run of pytest closes to other users.
    """
    base = factory.getbasetemp()
    base = base.parent if base.name.startswith("popen-") else base
    digest = hashlib.sha256(bytes(base)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"asrun-tests-{digest}"
    lock_file = folder.with_suffix(".lock")
    with lock_file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        yield folder
        fcntl.flock(lock, fcntl.LOCK_UN)
        with suppress(BlockingIOError):  # someone else still uses it
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            lock_file.unlink(missing_ok=True)


def once(folder: Path, name: str, make: Callable[[], Any]) -> Any:
    """JSON data that is made once, however many processes run the tests."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = folder / f"{name}.json"
        if not kept.exists():
            kept.write_text(json.dumps(make()))
        return json.loads(kept.read_text())
