"""What is kept of a reader's progress: on the machine alone, in a file if wished, and brought back later."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.pages import LESSON
from tests.site.conftest import Visit

pytestmark = pytest.mark.browser
Opener = Callable[..., Visit]

PAGE = f"{LESSON}.html"
DAY = 24 * 60 * 60 * 1000
START = 1_800_000_000_000

FORBIDDEN = """
Object.defineProperty(window, "localStorage", {get() { throw new DOMException("no", "SecurityError"); }});
"""
FULL = """
Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
"""
DAMAGED = f"""
localStorage["asrun:kept"] ??= '{{"item:{LESSON}/state_once_lent/quiz/0": {{"value": {{"right": 7}}, "at": 1}}}}';
"""
NO_JSON = 'if (!sessionStorage.done) localStorage["asrun:kept"] = sessionStorage.done = "{";'


def answer(page: Page, *, right: bool) -> None:
    """Answer the lesson's first quiz question."""
    quiz = page.locator("asrun-quiz").first
    kind = "fb-right" if right else "fb-wrong"
    letter = quiz.locator(f".{kind}").first.get_attribute("data-option")
    quiz.locator(f"input[value={letter}]").check()
    quiz.get_by_role("button", name="Check").click()


@pytest.mark.parametrize(
    "broken", [FORBIDDEN, FULL, DAMAGED, NO_JSON], ids=["forbidden", "full", "damaged", "no JSON"]
)
def test_storage_that_fails_breaks_nothing(broken: str, visit: Opener, built_site: Path) -> None:
    opened = visit("about:blank")
    page = opened.page
    # The theme, too, wants to keep things, and complains where it can't: that is its own affair.
    ours: list[str] = []
    page.on(
        "pageerror", lambda e: ours.append(str(e.stack)) if "asrun.js" in str(e.stack) else None
    )
    page.add_init_script(broken)
    page.goto((built_site / PAGE).as_uri())
    answer(page, right=True)
    assert "right" in page.locator("asrun-quiz").first.get_by_role("status").inner_text()
    said = page.get_by_text("until the page is closed")
    assert said.count() == (0 if broken in (DAMAGED, NO_JSON) else 1)
    for mode in ("predict", "order"):
        page.locator(f".modes a[href*={mode}]").click()
        assert page.locator("asrun-player:not([hidden]) .mode-host").inner_text()
    page.locator("asrun-player:not([hidden]) .mode-host").get_by_role(
        "button", name="Check"
    ).click()
    assert said.count() == (0 if broken in (DAMAGED, NO_JSON) else 1)
    # While the page is open, what was answered is known.
    assert "1 of 3 right" in page.locator("asrun-progress").inner_text()
    assert ours == []


def test_progress_stands_beside_each_concept(visit: Opener, built_site: Path) -> None:
    page = visit(built_site / PAGE).page
    answer(page, right=True)
    for name in ("concepts.html", "index.html"):
        page.goto((built_site / name).as_uri())
        mine = page.locator(f"asrun-progress[data-lesson='{LESSON}']")
        assert mine.inner_text() == "1 of 3 right"
        assert "Visited: 1 of" in page.locator("asrun-mine").inner_text()
        assert "Kept on this machine alone" in page.locator("asrun-mine").inner_text()
    others = page.locator(f"asrun-progress:not([data-lesson='{LESSON}'])")
    assert others.count()
    assert set(others.all_inner_texts()) == {""}


def test_mastered_is_all_right_and_nothing_to_come_back(visit: Opener, built_site: Path) -> None:
    page = visit(built_site / PAGE).page
    for quiz in page.locator("asrun-quiz").all():
        letter = quiz.locator(".fb-right").get_attribute("data-option")
        quiz.locator(f"input[value={letter}]").check()
        quiz.get_by_role("button", name="Check").click()
    assert page.locator("asrun-progress").inner_text() == "mastered"
    answer(page, right=False)
    answer(page, right=True)
    assert page.locator("asrun-progress").inner_text() == "3 of 3 right"


def test_what_was_missed_comes_back_later_and_later(visit: Opener, built_site: Path) -> None:
    opened = visit("about:blank")
    page = opened.page
    page.clock.install(time=START)
    review = (built_site / "review.html").as_uri()
    page.goto((built_site / PAGE).as_uri())
    answer(page, right=False)
    now = START
    for days in (1, 3, 7, 21):
        page.goto(review)
        assert (
            page.get_by_role("status").first.inner_text().startswith("To review now: 0. Later: 1")
        )
        now += days * DAY + 60_000
        page.clock.set_fixed_time(now)
        page.goto(review)
        assert page.get_by_role("status").first.inner_text().startswith("To review now: 1.")
        page.locator("asrun-review li li a").click()
        page.wait_for_url("**#said-*")
        answer(page, right=True)
        answer(page, right=True)  # a second time on the same day says nothing more
    page.goto(review)
    assert page.get_by_role("status").first.inner_text().startswith("To review now: 0. Later: 0.")


def test_a_missed_prediction_is_asked_again_where_it_was(visit: Opener, built_site: Path) -> None:
    page = visit("about:blank").page
    page.clock.install(time=START)
    page.goto(f"{(built_site / PAGE).as_uri()}?mode=runtime#answers-6")
    host = page.locator("asrun-player:not([hidden]) .mode-host")
    host.get_by_role("button", name="resumed after").click()
    host.get_by_role("button", name="read_item(number=0").click()
    page.clock.set_fixed_time(START + 2 * DAY)
    page.goto(f"{(built_site / PAGE).as_uri()}?mode=review")
    host.get_by_role("link").first.click()
    page.wait_for_url("**mode=runtime*#answers-6")
    assert "after step 6" in host.get_by_role("status").first.inner_text()


def test_a_missed_order_is_asked_again(visit: Opener, built_site: Path) -> None:
    page = visit("about:blank").page
    page.clock.install(time=START)
    page.goto(f"{(built_site / PAGE).as_uri()}?mode=order")
    host = page.locator("asrun-player:not([hidden]) .mode-host")
    host.get_by_role("button", name="Other steps").click()
    title = host.get_by_role("status").first.inner_text()
    host.get_by_role("button", name="Check").click()
    page.clock.set_fixed_time(START + 2 * DAY)
    page.goto((built_site / "review.html").as_uri())
    page.get_by_role("link", name=title).click()
    page.wait_for_url("**mode=order*")
    assert host.get_by_role("status").first.inner_text() == title


def test_progress_goes_to_another_machine_in_a_file(
    visit: Opener, built_site: Path, tmp_path: Path
) -> None:
    page = visit(built_site / PAGE).page
    answer(page, right=True)
    page.goto((built_site / "review.html").as_uri())
    with page.expect_download() as started:
        page.get_by_role("button", name="Save it to a file").click()
    file = tmp_path / "progress.json"
    started.value.save_as(file)

    other = visit(built_site / "review.html").page
    other.locator("input[type=file]").set_input_files(file)
    other.get_by_text("entries added").wait_for()
    assert "Visited: 1 of" in other.locator("asrun-mine").inner_text()
    other.goto((built_site / PAGE).as_uri())
    status = other.locator("asrun-quiz").first.get_by_role("status")
    assert status.text_content() == "You had this right."
    # Of two answers to one question the newer one stays.
    answer(other, right=False)
    other.goto((built_site / "review.html").as_uri())
    other.locator("input[type=file]").set_input_files(file)
    other.get_by_text("0 entries added").wait_for()
    other.goto((built_site / PAGE).as_uri())
    assert status.text_content() == "You missed this."


GOOD = {"digest": "d", "title": "t", "right": True, "box": 0, "due": 0}


@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "[]",
        "{}",
        json.dumps({"asrun": 2, "kept": {}}),
        json.dumps({"asrun": 1, "kept": {"item:a/b/c/quiz/0": {"value": GOOD}}}),
        json.dumps({"asrun": 1, "kept": {"item:a/b/c/quiz/0": {"value": {"right": 1}, "at": 1}}}),
        json.dumps({"asrun": 1, "kept": {"version": {"value": 5, "at": 1}}}),
        json.dumps({"asrun": 1, "kept": {"item:javascript:x": {"value": GOOD, "at": 1}}}),
        json.dumps(
            {"asrun": 1, "kept": {"item:a/b/c/quiz/0": {"value": GOOD | {"title": 5}, "at": 1}}}
        ),
        json.dumps(
            {"asrun": 1, "kept": {"item:a/b/c/quiz/0": {"value": GOOD | {"due": "x"}, "at": 1}}}
        ),
    ],
)
def test_a_file_that_is_none_is_refused_and_nothing_taken(
    text: str, visit: Opener, built_site: Path, tmp_path: Path
) -> None:
    file = tmp_path / "progress.json"
    file.write_text(text)
    opened = visit(built_site / "review.html")
    opened.page.locator("input[type=file]").set_input_files(file)
    opened.page.get_by_text("This file was not saved here").wait_for()
    assert "item:" not in opened.page.evaluate("localStorage['asrun:kept'] ?? ''")
    assert opened.complaints == []


def test_a_file_that_is_chosen_and_put_back_is_not_read(visit: Opener, built_site: Path) -> None:
    opened = visit(built_site / "review.html")
    opened.page.locator("input[type=file]").set_input_files([])
    opened.page.locator("input[type=file]").dispatch_event("change")
    assert opened.complaints == []


def test_what_is_not_on_the_page_is_not_counted(visit: Opener, built_site: Path) -> None:
    gone = {f"item:gone/lesson/x/quiz/{n}": {"value": GOOD | {"due": 1}, "at": 1} for n in (0, 1)}
    opened = visit(built_site / "review.html")
    opened.page.evaluate("(kept) => { localStorage['asrun:kept'] = kept; }", json.dumps(gone))
    opened.page.reload()
    assert "To review now: 0." in opened.page.locator("asrun-review").inner_text()


def test_answers_to_a_run_that_has_changed_count_no_more(visit: Opener, built_site: Path) -> None:
    opened = visit(built_site / PAGE)
    answer(opened.page, right=True)
    progress = opened.page.locator("asrun-progress")
    assert progress.text_content() == "1 of 3 right"
    opened.page.evaluate(
        """localStorage["asrun:kept"] =
             localStorage["asrun:kept"].replaceAll(/"digest":"./g, '"digest":"x')"""
    )
    opened.page.reload()
    assert progress.text_content() == "visited"


def test_what_a_file_says_is_only_text(visit: Opener, built_site: Path, tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    bad = GOOD | {"title": "<img src=x onerror=window.pwned=1>", "right": False, "due": 1}
    file.write_text(
        json.dumps({"asrun": 1, "kept": {f"item:{LESSON}/x/quiz/0": {"value": bad, "at": 1}}})
    )
    page = visit(built_site / "review.html").page
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("1 entries added").wait_for()
    assert page.locator("asrun-review li li").inner_text().startswith("<img src=x")
    assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize("sure", [True, False])
def test_progress_can_be_deleted(sure: bool, visit: Opener, built_site: Path) -> None:
    page = visit(built_site / PAGE).page
    answer(page, right=False)
    page.goto((built_site / "review.html").as_uri())
    page.on("dialog", lambda dialog: dialog.accept() if sure else dialog.dismiss())
    page.get_by_role("button", name="Delete my progress").click()
    assert (page.evaluate("localStorage['asrun:kept']") == "{}") is sure
    if sure:
        assert "Deleted." in page.locator("asrun-mine").inner_text()


def test_review_without_javascript_leads_to_the_concepts(visit: Opener, built_site: Path) -> None:
    page = visit(built_site / "review.html", java_script_enabled=False).page
    assert page.locator("asrun-review a").first.is_visible()
    assert not page.get_by_role("button", name="Delete my progress").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_a_review_with_questions(
    scheme: str, visit: Opener, built_site: Path
) -> None:
    page = visit("about:blank", color_scheme=scheme).page
    page.clock.install(time=START)
    page.goto((built_site / PAGE).as_uri())
    answer(page, right=False)
    page.clock.set_fixed_time(START + 2 * DAY)
    page.goto((built_site / "review.html").as_uri())
    assert page.locator("asrun-review li li").count() == 1
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_search_works_in_a_folder(visit: Opener, built_site: Path) -> None:
    opened = visit(built_site / "index.html")
    page = opened.page
    page.locator(".md-search__input").fill("lends suspended")
    page.locator(".md-search-result__item").first.wait_for(timeout=20_000)
    found = page.locator(".md-search-result__link")
    assert found.count()
    assert "#table-of-" in " ".join(str(a.get_attribute("href")) for a in found.all())
    assert opened.others() == []
    assert opened.complaints == []
