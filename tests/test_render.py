"""Story to pages: which there are, and that nothing that was recorded becomes markup."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import replace
from typing import Any

import markdown
import pytest
from mkdocs.utils import meta
from mkdocs.utils.yaml import yaml_load

from asrun.render import nav, paths, render_site
from asrun.render.markup import highlight, inline, show
from asrun.render.picture import phase_labels, rails
from tests import pages
from tests.conftest import ROOT
from tests.dom import Element, parse
from tests.pages import LESSON, PAGE, source, tree_of


@pytest.fixture(scope="module")
def plain() -> dict[str, str]:
    return render_site(pages.site(), draft=False)


@pytest.fixture(scope="module")
def lesson() -> Element:
    return tree_of(pages.site())


# ------------------------------------------------------------------ which files there are


def test_files_and_navigation(plain: dict[str, str]) -> None:
    chapter = "yield-dependencies"
    assert set(plain) == {
        "index.md",
        "changes.md",
        "concepts.md",
        "review.md",
        f"{chapter}/snapshots.md",
        PAGE,
        f"{LESSON}/app.py",
        f"{LESSON}/lesson.py",
    }
    assert plain[f"{LESSON}/app.py"] == pages.APP
    assert nav(pages.site()) == [
        {"Home": "index.md"},
        {"All concepts": "concepts.md"},
        {"What changed when": "changes.md"},
        {"Review": "review.md"},
        {
            "Dependencies with yield": [
                {"Async generator dependencies": PAGE},
                {"Snapshots": f"{chapter}/snapshots.md"},
            ]
        },
        *({title: path} for title, path in paths.HAND_WRITTEN.items()),
    ]


def test_every_hand_written_page_is_in_the_navigation_by_its_title() -> None:
    written = {f.name: f.read_text(encoding="utf-8") for f in (ROOT / "docs").glob("*.md")}
    assert sorted(written) == sorted(paths.HAND_WRITTEN.values())
    for title, path in paths.HAND_WRITTEN.items():
        assert meta.get_data(written[path])[1]["title"] == title


def test_a_site_with_problems_is_a_draft_or_nothing() -> None:
    site = pages.site(problems=(pages.false_statement(),))
    with pytest.raises(ValueError, match="draft"):
        render_site(site, draft=False)
    rest = replace(pages.site(), problems=(pages.false_statement(),))
    with pytest.raises(ValueError, match="draft"):
        render_site(rest, draft=False)
    assert PAGE in render_site(site, draft=True)


@pytest.mark.parametrize(
    ("here", "target", "address"),
    [
        ("index.md", "a/b.md", "a/b.html"),
        ("a/b.md", "index.md", "../index.html"),
        ("a/b.md", "a/b/app.py", "b/app.py"),
        ("a/b.md", "c/snapshots.md", "../c/snapshots.html"),
    ],
)
def test_addresses_are_relative(here: str, target: str, address: str) -> None:
    assert paths.link(here, target) == address


# ------------------------------------------------------------------ ids, links, contents


@pytest.mark.parametrize("hostile", [False, True])
def test_ids_are_unique_and_every_link_arrives(hostile: bool) -> None:
    site = pages.site(hostile=hostile)
    files = render_site(site, draft=False)
    trees = {path: parse(source(files, path)[1]) for path in files if path.endswith(".md")}
    ids = {}
    for path, tree in trees.items():
        found = [one.attrs["id"] for one in tree.walk() if "id" in one.attrs]
        assert len(found) == len(set(found)), path
        ids[path] = set(found)

    run_files = {paths.trace(LESSON, run.scenario) for run in pages.page().runs}
    others = {*files, *run_files, paths.SCHEMA, *paths.HAND_WRITTEN.values()}
    links = 0
    for path, tree in trees.items():
        for link in tree.all("a"):
            target, _, fragment = link.attrs["href"].partition("#")
            target = target.partition("?")[0]
            file = (
                posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
                if target
                else path
            )
            file = re.sub(r"\.html$", ".md", file)
            assert file in others, f"{path} links to {link.attrs['href']}"
            assert not fragment or fragment in ids[file], f"{path} links to {link.attrs['href']}"
            links += 1
    assert links > 100


def test_the_contents_are_the_headings(plain: dict[str, str], lesson: Element) -> None:
    front, _ = source(plain, PAGE)
    [top] = front["contents"]
    listed = [top["id"]]
    for entry in top["children"]:
        listed += [entry["id"], *(below["id"] for below in entry["children"])]
    shown = [
        one.attrs["id"]
        for one in lesson.walk()
        if re.fullmatch("h[1-3]", one.tag)
        and "id" in one.attrs
        and "vh" not in one.classes
        and one.attrs["id"] != "scenarios"
    ]
    assert listed == shown
    assert listed[:4] == ["top", "run-of-answers", "flow-of-answers", "table-of-answers"]


# ------------------------------------------------------------------ what was recorded stays text


with (ROOT / "mkdocs.yml").open(encoding="utf-8") as config:
    MARKDOWN = yaml_load(config)["markdown_extensions"]


def through_markdown(text: str) -> str:
    """What MkDocs makes of a page's body, with the site's own extensions."""
    names = [next(iter(one)) if isinstance(one, dict) else one for one in MARKDOWN]
    settings = {
        name: value for one in MARKDOWN if isinstance(one, dict) for name, value in one.items()
    }
    return str(markdown.markdown(text, extensions=names, extension_configs=settings))


@pytest.mark.parametrize("hostile", [False, True])
def test_markdown_leaves_every_page_alone(hostile: bool) -> None:
    files = render_site(pages.site(hostile=hostile), draft=False)
    for path in files:
        if path.endswith(".md"):
            _, body = source(files, path)
            assert through_markdown(body).strip() == body


def test_this_would_be_seen() -> None:
    """The check above fails where Markdown does touch a body."""
    body = '<div class="ar"><p>a</p></div>\n\n```\nb\n```'
    assert through_markdown(body).strip() != body


def test_hostile_values_are_text() -> None:
    site = pages.site(hostile=True)
    files = render_site(site, draft=False)
    for path in (PAGE, "index.md", "concepts.md"):
        front, body = source(files, path)
        assert "\n" not in body
        tree = parse(body)
        assert not tree.all("script")
        # A theme puts titles and descriptions into the page as they are.
        for value in (front["title"], front.get("description", "")):
            assert "<" not in value
            assert '"' not in value
    tree = parse(source(files, PAGE)[1])
    seen = "</script></div><script>window.pwned=1</script> ``` # heading * star `code` {{ brace }} {% tag %}"
    rows = tree.one("tr", id="answers-5")
    for part in (
        rows.one(cls="act"),
        rows.one(cls="af"),
        tree.one(id="run-of-answers"),
        tree.all(cls="vt")[0],
    ):
        assert part.holds(seen) or part.holds(seen.replace("`", "'"))
    assert tree.holds(r"\x00\x02\x1b[31m\u202egnirts\u202c שלום")


def test_data_for_a_player_survives_hostile_values() -> None:
    site = pages.site(hostile=True)
    tree = tree_of(site)
    for run, template in zip(pages.page(hostile=True).runs, tree.all("template"), strict=True):
        data = json.loads(template.text)
        assert data["frames"] == [frame.key for frame in run.steps[0].frames]
        assert len({step["key"] for step in data["steps"]}) == len(run.steps)
        frames: dict[str, Any] = {}
        objects: dict[str, Any] = {}
        for step, told in zip(data["steps"], run.steps, strict=True):
            frames |= step.get("frames", {})
            objects |= step.get("objects", {})
            assert step["row"] == told.row
            assert step.get("line") == told.line
            for at, frame in enumerate(told.frames):
                one = frames[str(at)]
                assert (one["kind"], one["words"], one.get("line")) == (
                    frame.kind,
                    frame.words,
                    frame.line,
                )
                assert [(v["name"], v["value"], v.get("sign", "")) for v in one["vars"]] == [
                    (v.name, v.value, v.sign) for v in frame.variables
                ]
                assert (step.get("now") == at) == frame.now
            assert [
                (one["id"], one["state"], one.get("was", ""), one.get("new", False))
                for one in (objects[str(at)] for at in range(len(told.objects)))
            ] == [(it.id, it.state, it.was, it.new) for it in told.objects]


def test_data_for_a_player_says_which_steps_had_to_come_first() -> None:
    told = pages.page()
    run = replace(told.runs[0], causes=((), (1,), (1,), (2, 3), (4,)))
    one = replace(told, runs=(run, *told.runs[1:]))
    data = json.loads(tree_of(pages.site_of(one)).all("template")[0].text)
    assert data["causes"] == {"1": [], "3": [1], "4": [2, 3]}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<b>&", "&lt;b&gt;&amp;"),
        ("a\n\tb", "a&#10;&#9;b"),
        ("\x00\x1b\r", r"\x00\x1b\r"),
        ("\u202e\ud800", r"\u202e\ud800"),
        ("שלום é 🍏", "שלום é 🍏"),
    ],
)
def test_text_is_shown_as_it_is(text: str, html: str) -> None:
    assert show(text) == html


def test_backticks_of_an_author_are_code() -> None:
    assert inline("after `yield <x>` and `") == "after <code>yield &lt;x&gt;</code> and `"


def test_highlighting_changes_no_character() -> None:
    lines = [*pages.APP.splitlines(), '"""two', "\tlines <>", '"""', "", "x = 'a' and b # c"]
    html = highlight("\n".join(lines))
    assert [parse(line).text for line in html] == lines
    assert "<b>async</b> <b>def</b> get_db" in html[11]
    assert html[-1] == "x = <i>&#39;a&#39;</i> <b>and</b> b <i># c</i>"


# ------------------------------------------------------------------ home, map, snapshots


def test_home_opens_with_the_finding() -> None:
    tree = tree_of(pages.site(), "index.md")
    assert tree.one("h1").text == "When does the code after yield run?"
    head = tree.one("header")
    assert head.one("p", "lead").holds("After the response has been sent")
    assert head.one("span", "ok").text == "proved"
    assert [a.attrs["href"] for a in head.all("a")] == [
        f"{LESSON}.html#answers-12",
        f"{LESSON}.html#answers-14",
    ]
    assert [h.text.split(" 1")[0] for h in tree.one(cls="pair").all("h3")] == [
        "The endpoint answers",
        "The endpoint raises",
    ]
    assert len(tree.all(role="img")) == 2
    assert tree.holds("1 concept, 2 runs, 4 statements proved by this build")


def test_home_shows_no_finding_that_is_not_proved() -> None:
    tree = tree_of(pages.site(problems=(pages.false_statement(),)), "index.md", draft=True)
    assert tree.one("h1").text == "FastAPI, as run"
    assert not tree.all(cls="pair")
    assert tree.one("ul", "cards").holds("1 problem")


def test_concepts_and_snapshots(plain: dict[str, str]) -> None:
    concepts = parse(source(plain, "concepts.md")[1])
    assert concepts.one("ul", "cards").one("a").attrs["href"] == f"{LESSON}.html"
    assert concepts.holds(
        "1 concept in 1 chapter, 2 runs with 33 steps, 4 statements proved by this build on FastAPI 0.165.0"
    )
    snapshots = parse(source(plain, "yield-dependencies/snapshots.md")[1])
    bullet = snapshots.one("ul", "snap")
    assert bullet.holds("finally closes the session.")
    assert bullet.one("a", "st").attrs["href"] == "async-generator.html#raises-11"


def test_search_finds_a_sentence_in_its_lesson_only(plain: dict[str, str]) -> None:
    gathers = {
        path
        for path in plain
        if path.endswith(".md") and source(plain, path)[0].get("search") == {"exclude": True}
    }
    assert gathers == {path for path in plain if path.endswith(".md")} - {PAGE}


# ------------------------------------------------------------------ pictures


def test_rails_follow_the_flow() -> None:
    run = pages.page().runs[0]
    drawn = rails(run)
    assert drawn.height == 48 * len(run.flow)
    assert [node for _, _, node in drawn.nodes] == list(run.flow)
    assert len({x for x, _, _ in drawn.nodes}) == len({node.row for node in run.flow})
    paths_of = dict(drawn.lines)
    assert list(paths_of) == ["rail", "move", "gap", "asleep"]
    assert paths_of["rail"].count("M") == 4
    assert paths_of["move"].count("c") == 4
    assert paths_of["move"].count("v") == 1
    dashes = paths_of["asleep"]
    x = next(x for x, _, node in drawn.nodes if node.row == "get_db")
    assert dashes == f"M{x} {2 * 48 + 24 + 9}V{4 * 48 + 24 - 9}"


def test_names_of_phases_show_where_they_fit() -> None:
    run = pages.page().runs[0]
    fits = {label.phase.name: label.fits for label in phase_labels(run)}
    assert fits == {
        "request": "always",
        "dependencies": "wide",
        "endpoint": "wide",
        "response": "always",
        "cleanup": "always",
        "end": "wide",
    }
