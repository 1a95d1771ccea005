"""What a reader's browser gets: the size of a page and what belongs to it, and how fast it is.

Sizes are of the built files, gzipped as a host would. The browser is Debian's chromium, driven by
playwright; without it, or while a page has no player, those keys say so and have no runs.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tools.bench_parts import browser
from tools.bench_parts.generate import long_snippet, write_lessons
from tools.bench_parts.measure import BenchError, Found, Plan
from tools.bench_parts.tree import Tree

OWN = "asrun"
"""The project's own styles and scripts have this in their names; the rest is the theme's."""
LONG_RUN = 300
"""Steps, at least, of the run in which a browser steps."""
REQUESTS = 13
"""So many requests have as many steps."""


def page(plan: Plan, found: Found) -> None:
    """Build the project's own lessons, and look at the heaviest of their pages."""
    plan.tell("page: building the project's own lessons")
    tree = Tree.of_project(plan.fresh("pages"))
    tree.build()
    for lesson in tree.lessons:
        for key, value in sizes(tree.site, tree.site / f"{lesson}.html").items():
            found.cost(f"{lesson}: {key}", value)
    for key in ("page_js_gzip", "page_css_gzip", "page_html_gzip_max", "page_total_gzip"):
        found.add(key, max(found.costs[f"{lesson}: {key}"][0] for lesson in tree.lessons))
    found.add("page_other_hosts", sum(len(others(tree.site / f"{x}.html")) for x in tree.lessons))

    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        found.skip(browser.KEYS, "there is no chromium")
        return
    plan.tell(f"page: building a run of {LONG_RUN} steps")
    long = Tree(plan.fresh("long"))
    made = long_snippet(REQUESTS)
    write_lessons(long.root, [made])
    long.asrun("accept", "--yes")
    long.build()
    steps = (long.site / f"{made.id}.html").read_text(encoding="utf-8").count('<tr role="row" id=')
    if steps < LONG_RUN:
        raise BenchError(f"the long run has {steps} steps, and not {LONG_RUN} or more")
    found.cost("the long run: steps", steps)
    plain = _plain_page(tree)
    lesson = max(tree.lessons, key=lambda x: (tree.site / f"{x}.html").stat().st_size)
    browser.measure(
        plan,
        found,
        executable,
        lesson=(tree.site, f"{lesson}.html"),
        plain=(plain, "index.html"),
        long=(long.site, f"{made.id}.html"),
    )


def sizes(site: Path, file: Path) -> dict[str, float]:
    """Return what a page weighs, in bytes of gzip."""
    html = file.read_bytes()
    weights = {"js": 0, "css": 0, "rest": 0}
    for link in set(_read(html.decode()).files):
        target = (file.parent / unquote(urlsplit(link).path)).resolve()
        if not target.is_relative_to(site.resolve()) or not target.is_file():
            continue
        kind = target.suffix[1:] if OWN in target.name else "rest"
        weights[kind if kind in weights else "rest"] += _gzip(target.read_bytes())
    whole = _gzip(html)
    return {
        "page_js_gzip": weights["js"],
        "page_css_gzip": weights["css"],
        "page_html_gzip_max": whole,
        "page_total_gzip": whole + sum(weights.values()),
    }


def others(file: Path) -> list[str]:
    """Return what a page asks other hosts for."""
    return [x for x in _read(file.read_text(encoding="utf-8")).files if urlsplit(x).netloc]


def _gzip(data: bytes) -> int:
    return len(gzip.compress(data, 9, mtime=0))


class _Files(HTMLParser):
    """Notes what a browser loads by itself: styles, scripts, icons, pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.files += [link for link in _loaded(tag, dict(attrs)) if not link.startswith("data:")]


def _loaded(tag: str, given: dict[str, str | None]) -> Iterator[str]:
    rel = (given.get("rel") or "").split()
    if tag == "link" and {"stylesheet", "icon", "preload"} & set(rel) and given.get("href"):
        yield given["href"] or ""
    if tag in ("script", "img", "iframe", "source") and given.get("src"):
        yield given["src"] or ""


def _read(html: str) -> _Files:
    parser = _Files()
    parser.feed(html)
    return parser


def _plain_page(tree: Tree) -> Path:
    """Build a page of the theme with a few words on it, and return its site."""
    shutil.rmtree(tree.pages / "docs")
    (tree.pages / "docs").mkdir()
    (tree.pages / "docs" / "index.md").write_text("# A page\n\nA few words.\n", encoding="utf-8")
    (tree.pages / "nav.json").write_text('[{"Home": "index.md"}]', encoding="utf-8")
    tree.prepare_plain()
    tree.build_plain(check=False)
    return tree.root / "plain-site"
