"""Reading a lesson without JavaScript, by keyboard, on paper, and from link to link."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pages import LESSON
from tests.site.conftest import Visit, build_story, serving
from tests.site.where import LESSONS

pytestmark = pytest.mark.browser
Opener = Callable[..., Visit]

BACKGROUND = "(e) => getComputedStyle(e).backgroundColor"


@pytest.mark.parametrize("path", LESSONS)
def test_each_step_has_an_address_without_javascript(
    visit: Opener, built_site: Path, path: str
) -> None:
    opened = visit(built_site / path, java_script_enabled=False)
    page = opened.page
    traces = sorted((built_site / path.removesuffix(".html")).glob("*.json"))
    assert traces
    for scenario in (trace.stem for trace in traces):
        rows = page.locator(f"tr[id^='{scenario}-']")
        assert rows.count() >= 7
        plain = rows.first.evaluate(BACKGROUND)
        for number in range(1, rows.count() + 1):
            page.goto(f"{(built_site / path).as_uri()}#{scenario}-{number}")
            row = page.locator(":target")
            assert row.locator("th").inner_text() == str(number)
            assert row.evaluate(BACKGROUND) != plain
            header = page.locator(".md-header").bounding_box()
            box = row.bounding_box()
            assert box is not None
            assert header is not None
            top = box["y"]
            assert header["y"] + header["height"] <= top
            assert top < 900


@pytest.mark.parametrize("path", LESSONS)
def test_all_of_a_lesson_can_be_read_without_javascript(
    visit: Opener, built_site: Path, path: str
) -> None:
    page = visit(built_site / path, java_script_enabled=False).page
    for run in page.locator("asrun-player").all():
        for part in (
            ".says .what",
            ".lanes",
            ".code > .src",
            ".stack",
            ".flow ol",
            ".ex tbody tr",
            ".vt",
        ):
            assert run.locator(part).first.is_visible(), part
    for details in page.locator(
        "details.hint, details.answer, details.proof, details.fold, details.events"
    ).all()[:12]:
        inside = details.locator("> :not(summary)").first
        if not details.locator("> summary").is_visible():
            continue  # in one that is still closed
        assert not inside.is_visible()
        details.locator("> summary").click()
        assert inside.is_visible()


def test_a_quiz_by_keyboard(visit: Opener, built_site: Path) -> None:
    page = visit(built_site / LESSONS[0], java_script_enabled=False).page
    quiz = page.locator(".qz").first
    radios = quiz.locator("input")
    radios.first.focus()
    page.keyboard.press("Space")
    assert radios.nth(0).is_checked()
    page.keyboard.press("ArrowDown")
    assert radios.nth(1).is_checked()
    assert not radios.nth(0).is_checked()
    quiz.locator("details.answer > summary").focus()
    page.keyboard.press("Enter")
    assert quiz.locator(".fb-right").is_visible()
    assert quiz.locator(".fb-right .ok").inner_text() == "right"


def test_what_has_focus_is_seen(visit: Opener, served_site: str) -> None:
    page = visit(f"{served_site}/{LESSONS[0]}").page
    for sign in (".st", ".ex th a", ".flow a", ".qz summary"):
        page.locator(sign).first.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", (
            sign
        )


def test_on_paper(visit: Opener, built_site: Path) -> None:
    page = visit(built_site / LESSONS[0], java_script_enabled=False).page
    seen = "(e) => e.checkVisibility({contentVisibilityAuto: true, opacityProperty: true}) && e.getBoundingClientRect().height > 0"
    proof, answers = page.locator(".km .proof pre").first, page.locator(".answers")
    assert not proof.evaluate(seen)
    assert not answers.evaluate(seen)
    page.emulate_media(media="print")
    # What was out of sight on the screen is laid out with the next frame, which a picture waits for.
    page.screenshot()
    for sign in (
        ":not(.answer) > .proof pre",
        ".events li",
        ".sample .fold li",
        ".answers li",
        ".ex tr[id]",
        ".transcript p",
    ):
        hidden = page.locator(sign).evaluate_all(f"(all) => all.filter((e) => !({seen})(e)).length")
        assert page.locator(sign).count()
        assert hidden == 0, sign
    for sign in (".md-header", ".md-sidebar--primary", ".qz-more", ".lanes-now"):
        assert not page.locator(sign).first.is_visible(), sign
    last = page.locator(".ar > :last-child")
    assert "answers" in (last.get_attribute("class") or "")


def test_a_link_to_a_folded_line_opens_it(visit: Opener, built_site: Path) -> None:
    address = f"{(built_site / LESSONS[0]).as_uri()}#L1"
    page = visit(address, java_script_enabled=False).page
    assert page.locator("#L1").is_visible()


def test_from_the_finding_to_its_step(visit: Opener, served_site: str) -> None:
    opened = visit(f"{served_site}/index.html")
    link = opened.page.locator(".lead .st").first
    number = link.inner_text().split()[-1]
    # A page that is left while its search still loads has its request cut off, by us.
    opened.page.wait_for_load_state("networkidle")
    link.click()
    opened.page.wait_for_selector("tr:target")
    assert opened.page.locator("tr:target th").inner_text() == number
    assert opened.complaints == []


def test_the_same_with_instant_navigation(visit: Opener, tmp_path: Path) -> None:
    """Material swaps pages without loading them, where the site knows its address."""
    site = tmp_path / "site"
    site.mkdir()
    with serving(site) as address:
        build_story(tmp_path, site_url=f"{address}/")
        opened = visit(f"{address}/index.html")
        opened.page.evaluate("window.same = true")
        opened.page.locator(".lead .st").nth(1).click()
        opened.page.wait_for_url(f"{address}/{LESSON}.html#answers-14")
        opened.page.wait_for_selector("tr#answers-14:target")
        assert opened.page.evaluate("window.same"), "the page was loaded anew"
        assert opened.page.locator(".md-nav--secondary a[href$='#quiz']").count()
        assert opened.complaints == []


def called(built_site: Path, lesson: str) -> list[str]:
    """The functions that a lesson's runs call."""
    traces = sorted((built_site / lesson.removesuffix(".html")).glob("*.json"))
    events = [e for file in traces for e in json.loads(file.read_text("utf-8"))["events"]]
    return [e["function"] for e in events if e["kind"] == "call"]


def test_search_finds_a_step(visit: Opener, served_site: str, built_site: Path) -> None:
    functions = {lesson: called(built_site, lesson) for lesson in LESSONS}
    elsewhere = {name for lesson in LESSONS[:-1] for name in functions[lesson]}
    # A name that other lessons have, too, may lead to them first.
    name = next(name for name in functions[LESSONS[-1]] if name not in elsewhere)
    page = visit(f"{served_site}/index.html").page
    page.locator(".md-search__input").focus()
    page.get_by_text("Type to start searching").wait_for()
    page.locator(".md-search__input").press_sequentially(name)
    result = page.locator(".md-search-result__item a").first
    result.wait_for()
    assert LESSONS[-1] in (result.get_attribute("href") or "")
