"""Problems on a draft: each stands once, beside what it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from asrun.model import Near, NearStep, Problem
from asrun.render import nav, render_site
from tests import pages
from tests.dom import parse
from tests.pages import LESSON, site_of, source, tree_of
from tests.runs import text


def in_lesson(**more: Any) -> Problem:
    return replace(
        pages.false_statement(),
        **{"statement": "", "scenario": "", "diff": (), "expected": "", "ran": "", **more},
    )


def test_a_problem_stands_beside_its_sentence() -> None:
    problem = pages.false_statement()
    tree = tree_of(pages.site(problems=(problem,)), draft=True)
    [box] = tree.all(cls="prob")
    moment = tree.one(id="said-cleanup_follows_the_response")
    assert moment.all(cls="prob") == [box]
    assert not moment.all(cls="ok")
    assert box.one("blockquote").text == "After the response has been sent."
    for words in (
        problem.kind,
        problem.where,
        problem.message.replace("`", ""),
        problem.expected,
        problem.ran,
        problem.todo.replace("`", ""),
    ):
        assert box.holds(words)
    rows = [" ".join(li.text.split()) for li in box.one("ol", "diff").all("li")]
    assert rows == [
        "return names[number]",
        "await db.close() ↑ 2 earlier",
        "http.response.start 500 + new",
        "http.response.start 200 − gone",
        'http.response.body → was http.response.body "apple"',
    ]
    banner = tree.one(cls="preview")
    assert banner.holds("1 problem on this page")
    assert banner.holds("3 of 4 statements proved")
    assert banner.one("a").attrs["href"] == f"#{box.attrs['id']}"


@pytest.mark.parametrize(
    ("problem", "place"),
    [
        (in_lesson(scenario="raises", kind="behaviour-changed"), "run-of-raises"),
        (in_lesson(file=f"snippets/{LESSON}/app.py", line=16, kind="refused"), "L16"),
        (in_lesson(file=f"snippets/{LESSON}/app.py", line=99), ""),
        (in_lesson(kind="stale-recording", line=0), ""),
    ],
)
def test_every_other_problem_has_one_place(problem: Problem, place: str) -> None:
    tree = tree_of(pages.site(problems=(problem,)), draft=True)
    [box] = tree.all(cls="prob")
    assert box.holds(problem.where)
    if place.startswith("run"):
        [section] = [s for s in tree.all() if s.attrs.get("aria-labelledby") == place]
        assert box in section.inside
    elif place:
        lines = [
            li
            for li in tree.one("div", "sample").all("li")
            if "src" in str(li.classes) or "id" in li.attrs
        ]
        at = next(i for i, li in enumerate(lines) if li.attrs.get("id") == place)
        assert box in list(lines[at + 1].walk())
    else:
        assert box in tree.one("div", "ar").inside


def test_where_the_runs_are_that_a_sentence_is_about_stands_with_it() -> None:
    steps = (
        NearStep(1, "client", "GET /items/0"),
        NearStep(3, "wire", "http.response.body", events=(12, 14)),
    )
    now = Near("answers", "The endpoint answers", steps, same=False)
    then = replace(now, steps=steps[:1], accepted="0.110.0", same=None)
    problem = replace(pages.false_statement(), near=(now, then, replace(then, steps=())))
    tree = tree_of(pages.site(problems=(problem,)), draft=True)
    heads = [h.text for h in tree.one(cls="prob").all("h4") if "endpoint" in h.text]
    assert heads == [
        "What ran: The endpoint answers",
        *["As accepted on FastAPI 0.110.0: The endpoint answers"] * 2,
    ]
    ran, accepted = tree.one(cls="prob").all("ol", "near")
    assert [a.attrs["href"] for a in ran.all("a")] == ["#answers-1", "#answers-3"]
    assert [li.holds("events 12, 14") for li in ran.all("li")] == [False, True]
    assert not accepted.all("a")
    assert tree.holds("None of these steps runs in it.")


def test_several_problems_are_listed() -> None:
    found = (
        pages.false_statement(),
        in_lesson(
            kind="hung", scenario="answers", stack=("app.py:12 in get_db", "app.py:15 in get_db")
        ),
    )
    tree = tree_of(pages.site(problems=found), draft=True)
    assert len(tree.all(cls="prob")) == 2
    assert [a.text for a in tree.one(cls="preview-list").all("a")] == ["statement-false", "hung"]
    assert tree.one("ol", "stackt").text.count("in get_db") == 2


def test_a_lesson_without_a_run_has_a_page_with_its_problem() -> None:
    page = pages.page()
    crashed = in_lesson(kind="crashed", scenario="answers")
    nothing = replace(
        page, runs=(), versions=None, proved=0, problems=(crashed,), code=(), minutes=1,
        key_moments=tuple(replace(s, proved=False, text=text(s.statement.text)) for s in page.key_moments),
        quiz=tuple(replace(s, proved=False, choices=()) for s in page.quiz), snapshot=(), exit_lines=(),
    )  # fmt: skip
    tree = tree_of(site_of(nothing), draft=True)
    [section] = [s for s in tree.all() if s.attrs.get("aria-labelledby") == "run-of-answers"]
    assert section.one(cls="prob").holds("crashed")
    assert tree.holds("This scenario has no recording.")
    assert not tree.all(cls="ok")
    assert tree.one("dl", "meta").holds("none proved by this build")


def test_what_is_no_lesson_stands_on_the_home_page() -> None:
    unread = in_lesson(
        lesson="yield-dependencies/broken",
        file="snippets/yield-dependencies/broken/lesson.py",
        kind="lesson-invalid",
    )
    site = replace(
        pages.site(), problems=(unread, in_lesson(lesson="", file="snippets/chapters.toml"))
    )
    files = render_site(site, draft=True)
    home = parse(source(files, "index.md")[1])
    assert len(home.all(cls="prob")) == 2
    assert home.one(cls="preview").holds("2 problems that belong to no lesson")
    broken = parse(source(files, "yield-dependencies/broken.md")[1])
    assert broken.one(cls="prob").holds("snippets/yield-dependencies/broken/lesson.py:41")
    assert {"broken": "yield-dependencies/broken.md"} in nav(site)[4]["Dependencies with yield"]
