"""Check types: of the Python files with mypy, of the pages' script with TypeScript, by its JSDoc.

All lessons have an `app.py` and a `lesson.py`, in folders with hyphens, which mypy can't tell
apart. It is shown them through links in folders that are packages by name. The script's files
share one scope, so TypeScript, which deno carries, is shown them as one.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from asrun.render.script import joined, origin

ROOT = Path(__file__).resolve().parent.parent
WORK = Path(".asrun/types")
LINKS = WORK / "lessons"
STRICT = {"checkJs": True, "strict": True, "lib": ["dom", "dom.iterable", "esnext"]}
PLACE = re.compile(r"file://\S+?/asrun\.js:(\d+)")


def link_lessons() -> dict[str, str]:
    """Link each lesson into a package of its own, and return what each link stands for."""
    shutil.rmtree(LINKS, ignore_errors=True)
    targets = {}
    for source in sorted(Path("snippets").glob("*/*/*.py")):
        package = LINKS.joinpath(
            *(f"_{part.replace('-', '_')}" for part in source.parent.parts[1:])
        )
        package.mkdir(parents=True, exist_ok=True)
        link = package / source.name
        link.symlink_to(ROOT / source)
        targets[str(link)] = str(source)
    return targets


def check_python() -> int:
    """Run mypy once over everything, and print its findings by the files' own names."""
    targets = link_lessons()
    folders = [folder for folder in ("hooks", "tools", "tests") if any(Path(folder).rglob("*.py"))]
    mypy = subprocess.run(
        [sys.executable, "-m", "mypy", *folders, *targets],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    output = mypy.stdout
    for link, source in targets.items():
        output = output.replace(link, source)
    print(output, end="")
    return mypy.returncode


def check_script(docs: Path, work: Path) -> tuple[int, str]:
    """Check the player's files, and return deno's exit code and findings, by the files' own names.

    Args:
        docs: the folder of the hand-written pages, which has the files.
        work: a folder of its own; deno's cache goes there, too.
    """
    if importlib.util.find_spec("deno") is None:
        return 1, "The pages' script was not checked: deno, which carries TypeScript, is not here."
    script, lines = joined(docs)
    work.mkdir(parents=True, exist_ok=True)
    (work / "asrun.js").write_text(script, encoding="utf-8")
    (work / "deno.json").write_text(json.dumps({"compilerOptions": STRICT}), encoding="utf-8")
    deno = subprocess.run(
        [sys.executable, "-m", "deno", "check", "--quiet", "--no-remote", "asrun.js"],
        cwd=work,
        env={**os.environ, "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1", "DENO_DIR": "deno"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    def own(found: re.Match[str]) -> str:
        file, line = origin(lines, int(found[1]))
        return f"{os.path.relpath(file)}:{line}"

    return deno.returncode, PLACE.sub(own, deno.stdout.partition("\nerror: ")[0]).strip()


def main() -> int:
    """Check both, and return 0 if neither finds anything."""
    python = check_python()
    script, found = check_script(ROOT / "docs", WORK / "script")
    print(found or "Success: no issues found in the pages' script")
    return python or script


if __name__ == "__main__":
    sys.exit(main())
