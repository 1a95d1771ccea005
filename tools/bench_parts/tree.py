"""A project in a folder of its own: this project's configuration, with other lessons.

Everything is built as a user builds it: `mkdocs build --strict`, by the hooks. The plain side is
mkdocs with the same theme, configuration and finished pages, but without the hooks and gen-files.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from tools.bench_parts.generate import snippet, write_lessons
from tools.bench_parts.measure import ROOT, BenchError, Cost, measure, python

_SAID = re.compile(r"\((\d+) recorded now, (\d+) from the cache\)")


class Tree:
    """A project's root.

    Args:
        root: an empty folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("mkdocs.yml", "pyproject.toml", "docs", "hooks/mkdocs_events.py"):
            _copy(ROOT / name, root / name)
        for name in ("hooks/gen_pages.py", "tools/serve.py"):
            _copy(ROOT / name, root / name)

    @classmethod
    def of_project(cls, root: Path) -> Tree:
        """Make one with this project's own lessons and their accepted recordings."""
        made = cls(root)
        _copy(ROOT / "snippets", root / "snippets")
        return made

    @classmethod
    def generated(cls, root: Path, count: int) -> Tree:
        """Make one with so many generated lessons, all accepted."""
        made = cls(root)
        write_lessons(root, [snippet(number) for number in range(count)])
        made.asrun("accept", "--yes")
        return made

    @property
    def lessons(self) -> list[str]:
        """The lessons' ids."""
        found = sorted((self.root / "snippets").glob("*/*/lesson.py"))
        return ["/".join(file.parent.parts[-2:]) for file in found]

    @property
    def pages(self) -> Path:
        """Where the engine writes."""
        return self.root / ".asrun" / "pages"

    @property
    def site(self) -> Path:
        """Where mkdocs writes."""
        return self.root / "site"

    def asrun(self, *args: str) -> Cost:
        """Run a command of the engine."""
        return measure(python("-m", "asrun", *args), self.root)

    def forget(self) -> None:
        """Remove all that was built and kept: the next build is a cold one."""
        shutil.rmtree(self.root / ".asrun", ignore_errors=True)
        shutil.rmtree(self.site, ignore_errors=True)

    def build(self) -> Cost:
        """Build the site by the hooks."""
        cost = measure(python("-m", "mkdocs", "build", "--strict"), self.root)
        self._check(self.site)
        return cost

    def prepare_plain(self) -> None:
        """Lay the finished pages where plain mkdocs reads them; the site has to be built."""
        docs = self.root / "plain-docs"
        shutil.rmtree(docs, ignore_errors=True)
        shutil.copytree(self.root / "docs", docs)
        shutil.copytree(self.pages / "docs", docs, dirs_exist_ok=True)
        config = {
            "INHERIT": "mkdocs.yml",
            "docs_dir": docs.name,
            "site_dir": "plain-site",
            "hooks": [],
            "plugins": _other_plugins(self.root / "mkdocs.yml"),
            "nav": json.loads((self.pages / "nav.json").read_text(encoding="utf-8")),
        }
        (self.root / "plain.yml").write_text(json.dumps(config), encoding="utf-8")

    def build_plain(self, *, check: bool = True) -> Cost:
        """Build the finished pages without the engine, and check that all lessons are there."""
        cost = measure(python("-m", "mkdocs", "build", "-f", "plain.yml"), self.root)
        if check:
            self._check(self.root / "plain-site")
        return cost

    def ran(self, cost: Cost) -> int:
        """Return how many scenarios ran in a build."""
        said = _SAID.search(cost.output)
        if said is None:
            raise BenchError(f"a build did not say how many scenarios ran:\n{cost.output}")
        return int(said[1])

    def _check(self, site: Path) -> None:
        missing = [x for x in self.lessons if not (site / f"{x}.html").is_file()]
        if missing:
            raise BenchError(f"{site} lacks {len(missing)} lessons, such as {missing[0]}")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _other_plugins(config: Path) -> list[Any]:
    """Return the plugins of an mkdocs.yml without gen-files, which is the engine's way in."""
    from mkdocs.utils.yaml import yaml_load

    with config.open("rb") as file:
        plugins = yaml_load(file)["plugins"]
    return [x for x in plugins if "gen-files" not in (x if isinstance(x, dict) else (x,))]
