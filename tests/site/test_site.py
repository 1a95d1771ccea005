"""The built site as files: complete, linked, within its budgets."""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import ROOT
from tests.dom import Element, parse
from tests.site.where import CHAPTERS, LESSONS, PAGES

HTML_BUDGET = 40 * 1024
CSS_BUDGET = 8 * 1024
SCRIPT_BUDGET = 12 * 1024


@pytest.fixture(scope="module")
def trees(built_site: Path) -> dict[str, Element]:
    """All pages, by their paths."""
    found = built_site.rglob("*.html")
    return {
        f.relative_to(built_site).as_posix(): parse(f.read_text("utf-8"), strict=False)
        for f in found
    }


def test_every_page_is_there_and_no_other(trees: dict[str, Element]) -> None:
    assert sorted(trees) == sorted(PAGES)


def broken_links(trees: dict[str, Element], built_site: Path) -> list[str]:
    """Links and sources that lead to nothing, in a site of pages."""
    ids = {
        path: {e.attrs["id"] for e in tree.walk() if "id" in e.attrs}
        for path, tree in trees.items()
    }
    broken = []
    for path, tree in trees.items():
        for element in tree.walk():
            for name in ("href", "src"):
                url = urlsplit(element.attrs.get(name, ""))
                if name not in element.attrs or url.scheme in (
                    "http",
                    "https",
                    "javascript",
                    "data",
                ):
                    continue
                # The page of errors can be shown at any address, so its links start at the root.
                start = built_site if url.path.startswith("/") else (built_site / path).parent
                target = (start / unquote(url.path).lstrip("/")) if url.path else built_site / path
                if target.is_dir():
                    target /= "index.html"
                file = target.resolve().relative_to(built_site).as_posix()
                if not target.is_file() or (
                    url.fragment and unquote(url.fragment) not in ids.get(file, set())
                ):
                    broken.append(f"{path}: {element.attrs[name]}")
    return broken


def test_every_link_and_anchor_arrives(trees: dict[str, Element], built_site: Path) -> None:
    assert broken_links(trees, built_site) == []


def test_a_broken_link_would_be_seen(tmp_path: Path) -> None:
    page = (
        '<a href="no.html">x</a><a href="#no">y</a><a href="#yes" id="yes">z</a><img src="no.png">'
    )
    (tmp_path / "a.html").write_text(page)
    assert broken_links({"a.html": parse(page)}, tmp_path) == [
        "a.html: no.html",
        "a.html: #no",
        "a.html: no.png",
    ]


@pytest.mark.parametrize("path", LESSONS)
def test_ids_are_unique(trees: dict[str, Element], path: str) -> None:
    ids = [e.attrs["id"] for e in trees[path].walk() if "id" in e.attrs]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", LESSONS)
def test_a_lesson_says_what_this_build_proved(
    trees: dict[str, Element], built_site: Path, path: str
) -> None:
    tree = trees[path]
    lesson = built_site / path.removesuffix(".html")
    source = (ROOT / "snippets" / path.removesuffix(".html") / "app.py").read_text()
    assert ast.unparse(ast.parse((lesson / "app.py").read_text())) == ast.unparse(ast.parse(source))
    said = [e for e in tree.walk() if e.attrs.get("id", "").startswith("said-")]
    tried = len(said) - tree.text.count("not true on FastAPI")
    assert tree.one("dl", "meta").holds(f"{tried} proved by this build")
    for trace in lesson.glob("*.json"):
        events = json.loads(trace.read_text("utf-8"))["events"]
        shown = [
            li
            for row in tree.all("tr")
            if row.attrs.get("id", "").startswith(f"{trace.stem}-")
            for li in row.all("li")
        ]
        assert sorted(int(li.attrs["value"]) for li in shown) == [event["seq"] for event in events]
    assert len(list(lesson.glob("*.json"))) == len(tree.all("asrun-player"))


def test_contents_stand_in_the_navigation(trees: dict[str, Element]) -> None:
    tree = trees[LESSONS[0]]
    entries = [
        a.attrs["href"] for nav in tree.all("nav", "md-nav--secondary") for a in nav.all("a")
    ]
    assert {"#moments", "#quiz", "#snapshot", "#transcript"} <= set(entries)
    assert [e for e in entries if e.startswith("#table-of-")]


def test_pages_stay_within_their_budget(built_site: Path) -> None:
    sizes = {path: len(gzip.compress((built_site / path).read_bytes(), mtime=0)) for path in PAGES}
    assert {path: size for path, size in sizes.items() if size > HTML_BUDGET} == {}
    for name, budget in {"asrun.css": CSS_BUDGET, "asrun.js": SCRIPT_BUDGET}.items():
        size = len(gzip.compress((built_site / "assets" / name).read_bytes(), mtime=0))
        assert size <= budget, name


def test_search_finds_each_sentence_once(built_site: Path, trees: dict[str, Element]) -> None:
    index = json.loads((built_site / "search" / "search_index.json").read_text("utf-8"))["docs"]
    texts = {doc["location"]: unescape(re.sub(r"<[^>]+>", "", doc["text"])) for doc in index}
    whole = " ".join(" ".join(texts.values()).split())
    for path in LESSONS:
        tree = trees[path]
        assert f"{path}#moments" in texts
        for said in tree.all("article", "km"):
            question = " ".join(said.one("h3").text.split())
            assert whole.count(question) == 1
        tables = " ".join(
            " ".join(text.split()) for at, text in texts.items() if at.startswith(f"{path}#table-")
        )
        for row in tree.all("tr"):
            if row.all("p", "what"):
                assert " ".join(row.one("p", "what").text.split()) in tables
        # What several runs of an app do in the same way is found in the first of them alone.
        assert tables.count("The client sends its request.") <= 1
        assert "unbound" not in tables
    assert not [
        location
        for location in texts
        if location.startswith(tuple(f"{chapter}/snapshots" for chapter in CHAPTERS))
    ]
    assert "concepts.html" not in texts
    explained = [
        why.text
        for path in LESSONS
        for fb in trees[path].all("ol", "fb")
        for why in fb.all("span", "said")
    ]
    assert explained
    for kept_out in ('"frames"', "Answers to the quiz", *explained):
        assert " ".join(kept_out.split()) not in whole
    assert "unchanged" not in whole


def test_hostile_values_do_not_leave_their_page(story_site: Callable[[str], Path]) -> None:
    site = story_site("hostile")
    for file in site.rglob("*.html"):
        text = file.read_text("utf-8")
        assert "<script>window.pwned" not in text
        parse(text, strict=False).one("html")
    page = (site / "yield-dependencies" / "async-generator.html").read_text("utf-8")
    title = parse(page, strict=False).one("title").text
    assert title.startswith(
        "Async generator dependencies</script></div><script>window.pwned=1</script>"
    )
