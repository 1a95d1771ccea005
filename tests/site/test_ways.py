"""From one place to another: by links that the theme has made whole, while a run plays, with the focus kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.pages import LESSON
from tests.site.conftest import Visit

pytestmark = pytest.mark.browser
Opener = Callable[..., Visit]

PAGE = f"{LESSON}.html"
HOST = "asrun-player:not([hidden]) .mode-host"


@pytest.fixture(params=["served", "file"])
def lesson(request: pytest.FixtureRequest, visit: Opener, built_site: Path) -> Callable[..., Visit]:
    """Open the lesson over HTTP, where the theme makes all its links whole, and from a file."""
    served = request.getfixturevalue("served_site") if request.param == "served" else ""

    def open_at(rest: str = "") -> Visit:
        opened = visit(f"{served or built_site.as_uri()}/{PAGE}{rest}")
        opened.page.wait_for_load_state("networkidle")
        return opened

    return open_at


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.tagName"))


def test_explain_shows_the_key_moment_of_its_step(lesson: Callable[..., Visit]) -> None:
    opened = lesson("?mode=explain#answers-6")
    assert opened.page.locator(".km:has(a[href$='#answers-6'])").count() > 0
    opened.page.locator(HOST).get_by_role("button", name="Show the reason").click()
    assert opened.page.locator(f"{HOST} .said b").count() > 0
    assert opened.complaints == []


def test_another_run_is_shown_without_leaving_the_page(lesson: Callable[..., Visit]) -> None:
    opened = lesson("?mode=watch#answers-2")
    page = opened.page
    page.evaluate("document.querySelector('asrun-player').kept = true")
    first, second = page.locator(".scenarios a").all()
    second.click()
    expect(page.locator("asrun-player").nth(1)).to_be_visible()
    first.click()
    expect(page.locator("asrun-player").nth(0)).to_be_visible()
    assert page.evaluate("document.querySelector('asrun-player').kept")
    assert page.locator(".cur").first.inner_text() == "2"
    assert opened.complaints == []


def test_what_plays_stops_when_another_run_is_shown(lesson: Callable[..., Visit]) -> None:
    page = lesson("?mode=watch#answers-1").page
    page.get_by_role("button", name="Play").click()
    assert page.locator(".playing").count() == 1
    page.locator(".scenarios a").nth(1).click()
    expect(page.locator("asrun-player").nth(1)).to_be_visible()
    assert page.locator(".playing").count() == 0


def test_a_variable_leads_on_from_the_step_of_the_server(lesson: Callable[..., Visit]) -> None:
    page = lesson().page
    before = page.locator(".cur").first.inner_text()
    page.locator("asrun-player:not([hidden]) .vars button").first.click()
    assert page.locator(".cur").first.inner_text() != before


def test_a_step_is_said(lesson: Callable[..., Visit]) -> None:
    page = lesson("?mode=watch#answers-1").page
    page.get_by_role("button", name="Next step").focus()
    page.keyboard.press("ArrowRight")
    assert (page.locator(".say-line").first.text_content() or "").startswith("Step 2 of 17: ")


@pytest.mark.parametrize(
    ("rest", "sign", "key"),
    [
        ("?mode=watch#answers-6", ".says a", "ArrowRight"),
        ("?mode=watch#answers-6", ".vars button", "End"),
        ("?mode=skim#answers-6", ".mode-host a.st", "Enter"),
        ("?mode=skim#answers-6", ".mode-host .button", "Enter"),
        ("?mode=compare#answers-6", ".mode-host a.st[href*='answers-1']", "Enter"),
        ("?mode=explain#answers-6", ".mode-host .button:last-child", "Enter"),
    ],
)
def test_the_focus_is_never_lost(
    lesson: Callable[..., Visit], rest: str, sign: str, key: str
) -> None:
    opened = lesson(rest)
    there = opened.page.locator(f"asrun-player:not([hidden]) {sign}").first
    there.focus()
    opened.page.keyboard.press(key)
    assert focused(opened.page) != "BODY"
    assert opened.complaints == []


@pytest.mark.parametrize("part", ["abc", "-1", "99"])
def test_a_part_that_is_none_leads_to_one(lesson: Callable[..., Visit], part: str) -> None:
    opened = lesson(f"?mode=order&part={part}#answers-1")
    assert opened.page.locator(f"{HOST} .order li").count() > 2
    assert opened.complaints == []


def test_the_address_keeps_the_second_run_of_compare(lesson: Callable[..., Visit]) -> None:
    opened = lesson("?mode=compare#answers-6")
    page = opened.page
    page.locator(HOST).get_by_role("combobox").select_option(index=1)
    beside = page.locator(f"{HOST} th").last.inner_text()
    expect(page).to_have_url(re.compile(r"\?mode=compare&part=1#answers-6$"))
    page.reload()
    expect(page.locator(f"{HOST} th").last).to_have_text(beside)
    # Another mode has nothing of it.
    page.locator(".modes a", has_text="Lanes").click()
    expect(page).to_have_url(re.compile(r"\?mode=lanes#answers-6$"))
    assert opened.complaints == []


def test_the_address_keeps_the_steps_to_be_put_in_order(lesson: Callable[..., Visit]) -> None:
    opened = lesson("?mode=order#answers-6")
    page = opened.page
    title = page.locator(f"{HOST} .cap")
    first = title.inner_text()
    page.locator(HOST).get_by_role("button", name="Other steps").click()
    asked = title.inner_text()
    assert asked != first
    page.reload()
    expect(title).to_have_text(asked)
    # What was missed comes back, from the lesson's own list, too.
    page.locator(HOST).get_by_role("button", name="Check").click()
    expect(page.locator(f"{HOST} .no")).to_be_visible()
    page.evaluate(
        """() => {
          const kept = JSON.parse(localStorage["asrun:kept"]);
          for (const { value } of Object.values(kept)) if (value.due) value.due = 1;
          localStorage["asrun:kept"] = JSON.stringify(kept);
        }"""
    )
    page.locator(".modes a", has_text="Review").click()
    page.locator(f"{HOST} ol a").click()
    expect(title).to_have_text(asked)
    assert opened.complaints == []


def test_the_numbers_below_the_lanes_are_said_by_the_slider_alone(
    lesson: Callable[..., Visit],
) -> None:
    foot = lesson("?mode=watch#answers-6").page.locator("asrun-player:not([hidden]) .lanes-foot")
    assert foot.get_by_role("slider").count() == 1
    assert "text:" not in foot.aria_snapshot()
