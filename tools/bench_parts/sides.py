"""What runs the same snippets, each in a way of its own: `python -m … SIDE FOLDER COUNT`.

A side is a process that runs the snippets 0 to COUNT - 1 below FOLDER and fails where one of them
does not answer as it should. All make the same two requests to the same app by httpx, in process.

| side | isolation | deadline | what it gives back |
|---|---|---|---|
| `asrun` | a forked child each, sandboxed | yes | every event; nothing is judged or rendered |
| `nbclient` | a Jupyter kernel each | yes | what was printed |
| `fresh_python` | a new `python` each | no | what was printed |
| `markdown_exec` | none: one process, `exec` | no | a page of HTML with what was printed |
| `inprocess` | none: one process, `exec` | no | what was printed |
"""

from __future__ import annotations

import importlib
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from tools.bench_parts.generate import Snippet, snippet


def asrun(folder: Path, count: int) -> None:
    """Record each lesson's scenario as a build does, from an empty cache."""
    from asrun import lessons, recorder
    from asrun.cache import Cache
    from asrun.children import Children

    found = lessons.find(folder).lessons[:count]
    with Children(sorted({module for lesson in found for module in lesson.imports})) as children:
        done = recorder.record(found, Cache(folder / ".asrun" / "recorded"), children)
    for problem in done.problems:
        raise SystemExit(f"{problem.where}: {problem.message}")
    if done.ran != count:
        raise SystemExit(f"{done.ran} scenarios ran, and not {count}")


def nbclient(folder: Path, count: int) -> None:
    """Execute a notebook of two cells each: the app, the requests."""
    client: Any = importlib.import_module("nbclient")
    form: Any = importlib.import_module("nbformat.v4")
    for one in _snippets(count):
        cells = [form.new_code_cell(one.app), form.new_code_cell(f"{one.client}\n\nawait use()\n")]
        made = form.new_notebook(cells=cells)
        client.NotebookClient(made, kernel_name="python3", timeout=60).execute()
        _check(one, "".join(out.get("text", "") for out in cells[1].outputs))


def fresh_python(folder: Path, count: int) -> None:
    """Run each script with a new interpreter."""
    for number, one in enumerate(_snippets(count)):
        script = folder / "scripts" / f"{number}.py"
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, check=True
        )
        _check(one, done.stdout)


def markdown_exec(folder: Path, count: int) -> None:
    """Convert a page each, with the script in a block that markdown-exec runs."""
    markdown: Any = importlib.import_module("markdown")
    runner: Any = importlib.import_module("markdown_exec")
    fence = {
        "name": "python",
        "class": "python",
        "validator": runner.validator,
        "format": runner.formatter,
    }
    for one in _snippets(count):
        page = markdown.Markdown(
            extensions=["pymdownx.superfences"],
            extension_configs={"pymdownx.superfences": {"custom_fences": [fence]}},
        )
        html = page.convert(f'# Page\n\n```python exec="1" result="text"\n{one.script}```\n')
        _check(one, html[html.rindex("<code>") + len("<code>") :])


def inprocess(folder: Path, count: int) -> None:
    """Run each script by `exec`, in this process."""
    for one in _snippets(count):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(one.script, "app.py", "exec"), {"__name__": "__main__"})
        _check(one, printed.getvalue())


SIDES: dict[str, Callable[[Path, int], None]] = {
    "asrun": asrun,
    "nbclient": nbclient,
    "fresh_python": fresh_python,
    "markdown_exec": markdown_exec,
    "inprocess": inprocess,
}


def _snippets(count: int) -> Iterator[Snippet]:
    return (snippet(number) for number in range(count))


def _check(one: Snippet, printed: str) -> None:
    """End where a snippet did not answer as it should: its cost would mean nothing."""
    lines = [line for line in printed.splitlines() if line[:3].isdecimal()]
    if len(lines) != 2 or not all(map(str.startswith, lines, one.printed)):
        raise SystemExit(f"{one.id} should have printed {one.printed}, and printed {printed!r}")


if __name__ == "__main__":
    SIDES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
