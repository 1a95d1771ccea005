"""Other releases on a page, from a story that was built by hand: timeline, sentences, changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asrun.elsewhere import Aligned, Apart, Behaviour, Change, Era, History, Instead, Told
from asrun.model import VersionRange
from asrun.page import LessonPage, Site
from asrun.render import render_elsewhere, render_lesson, render_site
from asrun.render.versions import spans
from tests import pages
from tests.dom import Element, parse
from tests.pages import LESSON, PAGE, site_of, source
from tests.runs import text

OTHER = f"{LESSON}/0.106.0.md"
ERAS = (
    ("0.95.2", "0.105.0", 18, ""),
    ("0.106.0", "0.117.1", 41, "0.106.0"),
    ("0.118.0", "0.165.0", 143, ""),
)


def behaviour(file: str, outcome: str = "recorded") -> Behaviour:
    ranges = tuple(
        VersionRange(a, b, recorded=2, of=n) for a, b, n, p in ERAS if (p or "0.95.2") == file
    )
    return Behaviour(
        scenario="answers",
        file=file,
        outcome="absent" if outcome == "absent" else "recorded",
        why="ImportError: no" if outcome == "absent" else "",
        line=0,
        ranges=ranges,
        newest=ranges,
        trace=None,
        here=file == "0.95.2",
    )


def history(middle: str = "recorded") -> History:
    """Three eras: as here, otherwise (or absent), as here."""
    eras = tuple(
        Era(
            a,
            b,
            "2023-01-01",
            "2023-02-02",
            n,
            2,
            {"answers": p or "0.95.2"},
            p if middle == "recorded" or not p else None,
        )
        for a, b, n, p in ERAS
    )
    rows = (
        Aligned("same", "client: GET", key="a", old=1, new=1),
        Aligned("same", "wire: scope", key="b", old=2, new=2),
        Aligned("same", "event loop: read_item()", key="c", old=3, new=3),
        Aligned("earlier", "event loop: await db.close()", 2, key="d", old=6, new=4),
        Aligned("same", "wire: http.response.start 200", key="e", old=4, new=5),
    )
    says = text("`await db.close()` now comes before `http.response.start 200`")
    change = Change(
        scenario="answers",
        release="0.106.0",
        day="2023-12-25",
        before="0.105.0",
        by="fastapi+pydantic",
        moved="+1.10.26>2.0.1",
        old="0.95.2",
        new="0.106.0",
        rows=rows,
        says=says,
    )
    back = replace(change, release="0.118.0", before="0.117.1", old="0.106.0", new="0.95.2", by="")
    true = (VersionRange("0.95.2", "0.105.0"), VersionRange("0.118.0", "0.165.0"))
    told = Told(
        "cleanup_follows_the_response",
        true,
        everywhere=False,
        text=text("After the response, at {sent}.", sent="answers-12"),
        instead=(Instead("0.106.0", text("`await db.close()` {at}", at="answers-4")),),
    )
    always = Told("state_once_lent", (VersionRange("0.95.2", "0.165.0"),), everywhere=True)
    behaviours = (behaviour("0.95.2"), behaviour("0.106.0", middle))
    return History("0.95.2", "0.165.0", behaviours, (change, back), (told, always), eras)


def own(**more: str) -> LessonPage:
    return replace(pages.page(), history=history(**more))


def other() -> LessonPage:
    """The page of 0.106.0 to 0.117.1, on which the key moment is not true."""
    page = own()
    moment = replace(page.key_moments[0], proved=False, elsewhere=True, text=text("as written"))
    return replace(page, era="0.106.0", key_moments=(moment,))


@pytest.fixture(scope="module")
def lesson() -> Element:
    return parse(source(render_lesson(own(), draft=False), PAGE)[1])


@pytest.fixture(scope="module")
def elsewhere() -> Element:
    return parse(source(render_elsewhere(other(), own(), draft=False), OTHER)[1])


def test_a_tick_for_each_release(lesson: Element) -> None:
    ticks = lesson.one(cls="eras").all("i")
    assert [t.attrs["style"] for t in ticks] == ["--n:18", "--n:41", "--n:143"]
    assert ["other" in t.classes for t in ticks] == [False, True, False]


def test_the_same_in_words_with_a_link_to_the_other_page(lesson: Element) -> None:
    listed = lesson.one("ol", "eras-of").all("li")
    assert [li.attrs.get("aria-current") for li in listed] == ["true", None, "true"]
    assert listed[1].holds("0.106.0 to 0.117.1")
    assert listed[1].holds("41 releases, recorded on 2")
    assert listed[1].holds("`await db.close()` now comes before".replace("`", ""))
    assert listed[1].holds("By FastAPI or pydantic 1.10.26 to 2.0.1")
    assert listed[1].all("a")[0].attrs["href"] == "async-generator/0.106.0.html"


APART = Apart(
    scenario="answers",
    first="0.100.0",
    last="0.104.1",
    by="anyio+pydantic",
    moved="3.7.1>4.16.0+2.0.1>2.14.3",
    old="0.95.2",
    new="0.106.0",
    rows=(),
    says=text("`await db.close()` is gone"),
)
OTHERWISE = (
    "0.100.0 to 0.104.1, The endpoint answers: await db.close() is gone. "
    "By AnyIO 3.7.1 to 4.16.0 or pydantic 2.0.1 to 2.14.3"
)


@pytest.mark.parametrize(
    ("newest", "apart", "same", "otherwise"),
    [(False, (), False, False), (True, (), True, False), (True, (APART,), False, True)],
)
def test_it_says_whether_the_newest_dependencies_make_a_difference(
    newest: bool, apart: tuple[Apart, ...], same: bool, otherwise: bool
) -> None:
    page = replace(own(), history=replace(history(), newest=newest, apart=apart))
    lesson = parse(source(render_lesson(page, draft=False), PAGE)[1])
    assert lesson.holds("in place of those of its day, it is the same") is same
    assert lesson.holds(OTHERWISE) is otherwise
    changes = parse(source(render_site(site_of(page), draft=False), "changes.md")[1])
    assert changes.holds("with the newest that install with it, the same") is same
    assert changes.holds(OTHERWISE.partition(" By ")[0]) is otherwise
    assert bool(changes.all(id="newest")) is otherwise


@pytest.mark.parametrize(
    ("every", "words"),
    [
        (
            False,
            "Recorded on 6 of them, each with the dependencies of its release day; the rest lie",
        ),
        (
            True,
            "Recorded on all of them, each with the dependencies of its release day. This build",
        ),
    ],
)
def test_it_says_on_how_many_releases_it_was_recorded(every: bool, words: str) -> None:
    ranges = tuple(VersionRange(a, b, recorded=n if every else 2, of=n) for a, b, n, _ in ERAS)
    known = replace(history(), behaviours=(replace(behaviour("0.95.2"), ranges=ranges),))
    page = replace(own(), history=known)
    assert parse(source(render_lesson(page, draft=False), PAGE)[1]).holds(words)


def test_steps_are_laid_beside_each_other_with_their_neighbours(lesson: Element) -> None:
    table = lesson.all("table", "al")[0]
    (moved,) = table.all("tr", "al-earlier")
    assert moved.holds("2 earlier")
    assert [a.attrs["href"] for a in moved.all("a")] == [
        "#answers-6",
        "async-generator/0.106.0.html#answers-4",
    ]
    assert table.holds("2 steps the same")


def test_a_sentence_says_where_it_is_true_and_what_happens_instead(lesson: Element) -> None:
    moment = lesson.one(id="said-cleanup_follows_the_response")
    assert moment.holds("True in 0.95.2 to 0.105.0 and 0.118.0 to 0.165.0")
    assert moment.one("span", "no").text == "Not in 0.106.0 to 0.117.1"
    hrefs = [a.attrs["href"] for a in moment.one("aside").all("a")]
    assert hrefs == ["async-generator/0.106.0.html#answers-4"]


def test_what_happens_instead_is_left_out_where_nothing_says_it() -> None:
    known = history()
    bare = replace(known.told[0], instead=(Instead("0.106.0", ()),))
    page = replace(own(), history=replace(known, told=(bare, *known.told[1:])))
    moment = parse(source(render_lesson(page, draft=False), PAGE)[1]).one(
        id="said-cleanup_follows_the_response"
    )
    assert moment.one("span", "no").text == "Not in 0.106.0 to 0.117.1"
    assert not moment.holds("there")


def test_a_proof_that_proves_nothing_there_does_not_make_its_sentence_untrue() -> None:
    known = history()
    unproved = replace(known, told=(replace(known.told[0], instead=()), *known.told[1:]))
    moment = replace(other().key_moments[0], elsewhere=False)
    page = replace(other(), history=unproved, key_moments=(moment,))
    box = parse(source(render_elsewhere(page, own(), draft=False), OTHER)[1]).one(
        id="said-cleanup_follows_the_response"
    )
    assert box.holds("Not proved on the runs of these releases")
    assert box.holds("After the response, at")
    assert not box.all(cls="untrue")
    assert not box.holds("not true")


def test_a_page_of_other_releases_says_what_it_is(elsewhere: Element) -> None:
    head = elsewhere.one(cls="era")
    assert head.holds("FastAPI 0.106.0 to 0.117.1")
    assert head.holds("this build did not run them")
    links = [a.attrs["href"] for a in head.all("a")]
    assert links == [
        "../async-generator.html?version=0.165.0",
        "#said-cleanup_follows_the_response",
    ]
    assert elsewhere.holds("accepted recordings")
    assert not elsewhere.holds("proved by this build")


def test_a_sentence_that_is_not_true_there_is_marked_so(elsewhere: Element) -> None:
    moment = elsewhere.one(id="said-cleanup_follows_the_response")
    untrue = moment.one("s", "untrue")
    assert untrue.holds("After the response, at")
    assert untrue.one("a").attrs["href"] == "../async-generator.html?version=0.165.0#answers-12"
    assert moment.holds("not true in 0.106.0 to 0.117.1")
    assert moment.one("aside").all("a")[0].attrs["href"] == "#answers-4"
    assert not moment.all("span", "ok")


def test_such_a_page_is_kept_out_of_search_and_names_the_lessons_own() -> None:
    front, _ = source(render_elsewhere(other(), own(), draft=False), OTHER)
    assert front["search"] == {"exclude": True}
    assert front["canonical"] == "../async-generator.html"
    assert front["title"] == "Async generator dependencies, FastAPI 0.106.0 to 0.117.1"


def test_where_a_lesson_cannot_run_there_is_no_page_but_a_reason() -> None:
    tree = parse(source(render_lesson(own(middle="absent"), draft=False), PAGE)[1])
    absent = tree.one("ol", "eras-of").all("li")[1]
    assert absent.holds("ImportError: no")
    assert absent.holds("it does not run")
    assert not any("0.106.0.html" in a.attrs["href"] for a in absent.all("a"))
    assert "none" in tree.one(cls="eras").all("i")[1].classes


def test_what_changed_when_is_newest_first_and_leads_to_both_runs() -> None:
    site: Site = replace(
        site_of(own()), releases=(("0.105.0", "2023-12-12"), ("0.106.0", "2023-12-25"))
    )
    tree = parse(source(render_site(site, draft=False), "changes.md")[1])
    parts = tree.all("section", "sec")
    assert [part.attrs["data-release"] for part in parts] == ["0.118.0", "0.106.0"]
    assert parts[1].holds("2023-12-25, upgrading from 0.105.0")
    assert [a.attrs["href"] for a in parts[1].all("a")][1:] == [
        f"{LESSON}.html?version=0.165.0#run-of-answers",
        f"{LESSON}/0.106.0.html#run-of-answers",
    ]
    assert tree.one("asrun-upgrade").attrs["data-releases"] == "0.106.0 0.105.0"


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ([("1", "1")], "1"),
        ([("1", "2"), ("4", "4")], "1 to 2 and 4"),
        ([("1", "2"), ("4", "4"), ("6", "7")], "1 to 2, 4 and 6 to 7"),
    ],
)
def test_ranges_in_words(ranges: list[tuple[str, str]], words: str) -> None:
    assert spans(VersionRange(a, b) for a, b in ranges) == words
