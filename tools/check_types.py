"""Check types with mypy: the engine, the hooks, the tests, the tools and every lesson.

All lessons have an `app.py` and a `lesson.py`, in folders with hyphens, which mypy can't tell
apart. It is shown them through links in folders that are packages by name.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINKS = Path(".asrun/types/lessons")


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


def main() -> int:
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


if __name__ == "__main__":
    sys.exit(main())
