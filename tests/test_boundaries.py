"""What each part of the engine may know of the others, and of what is installed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recorded import ROOT

ENGINE = ROOT / "hooks" / "asrun"
RECORDER = {
    "boundaries", "bytecode", "clock", "frames", "locks", "log", "loop", "monitoring", "probes", "program",
    "randomness", "server", "session", "settrace", "source", "tracers", "turns", "values", "websocket", "wire",
}  # fmt: skip
"""The recorder proper: what it sees, it sees in whatever process it is."""


def imports(file: Path, *, late: bool) -> Iterator[str]:
    """Modules that a file imports when it is imported itself; with `late`, those in functions, too."""
    waiting: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: a relative import"
            yield node.module or ""
            if (node.module or "").startswith("asrun"):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)) or (
            not late and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        ):
            continue
        waiting.extend(ast.iter_child_nodes(node))


def files(*names: str) -> list[Path]:
    return sorted(f for name in names for f in ENGINE.glob(name))


LIGHT = files("__init__.py", "authoring.py", "record/*.py", "judge/*.py")


@pytest.mark.parametrize("file", LIGHT, ids=lambda f: str(f.relative_to(ENGINE)))
def test_what_old_environments_load_imports_the_standard_library_only(file: Path) -> None:
    known = {*sys.stdlib_module_names, "asrun"}
    assert {name for name in imports(file, late=False) if name.split(".")[0] not in known} == set()


@pytest.mark.parametrize("name", sorted(RECORDER))
def test_the_recorder_proper_knows_nothing_of_processes_and_sandboxes(name: str) -> None:
    found = set(imports(ENGINE / "record" / f"{name}.py", late=True))
    outside = {m for m in found if m.startswith("asrun.record.")} - {
        f"asrun.record.{r}" for r in RECORDER
    }
    allowed = {"asrun.record.turns.Hold", "asrun.record.tracers.Name"}
    parts = {m for m in outside if m.count(".") > 2}
    assert outside - parts - allowed == set()
    assert not found & {"subprocess", "multiprocessing", "signal", "resource", "ctypes.util"}


def test_the_recorder_is_all_there() -> None:
    assert {f"{name}.py" for name in RECORDER} <= {f.name for f in files("record/*.py")}


@pytest.mark.parametrize("file", files("**/*.py"), ids=lambda f: str(f.relative_to(ENGINE)))
def test_the_engine_imports_no_site_generator(file: Path) -> None:
    roots = {name.split(".")[0] for name in imports(file, late=True)}
    assert not roots & {"mkdocs", "mkdocs_gen_files", "material", "properdocs"}


@pytest.mark.parametrize("module", ["asrun", "asrun.record.session", "asrun.judge.child"])
def test_importing_loads_no_third_party_module(module: str) -> None:
    """The same as above, seen at run time: also what is imported by what is imported."""
    code = (
        f"import sys; import {module}; "
        "print(*sorted({m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    )
    ran = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(ENGINE.parent)!r}); {code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(ran.stdout.split()) <= {"asrun", "__main__"}
