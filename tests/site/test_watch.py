"""Watch: one step, shown by all parts at once; by keyboard, by jumps, by itself, and by its address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from asrun.render.view import MODES
from tests.pages import LESSON
from tests.site.conftest import Visit

pytestmark = pytest.mark.browser
Opener = Callable[..., Visit]

PAGE = f"{LESSON}.html"
STEPS = 17
SHOWN = """
() => {
  const player = document.querySelector("asrun-player:not([hidden])");
  const all = (q) => [...player.querySelectorAll(q)];
  const text = (e) => e?.textContent.trim();
  const middle = (e) => { const box = e.getBoundingClientRect(); return box.x + box.width / 2; };
  const number = (e) => Number(/\\d+$/.exec(text(e))?.[0] ?? 0);
  const slider = player.querySelector("input[type=range]");
  const playhead = middle(player.querySelector(".lanes-now i"));
  const row = player.querySelector(".ex [aria-current=step]");
  return {
    count: number(player.querySelector(".cur")),
    row: number(row.querySelector("th")),
    said: text(player.querySelector(".says .what")),
    what: text(row.querySelector(".what")),
    lane: all(".lanes-foot .lanes-cells > span").findIndex((e) => Math.abs(middle(e) - playhead) < 2) + 1,
    slider: Number(slider.value),
    spoken: slider.getAttribute("aria-valuetext"),
    lines: all(".code li.on").map((li) => li.value),
    cited: all(`.code a.st[href='#${row.id}']`).map((a) => a.closest("li").value),
    flow: all(".flow .on .num").map(number),
    nodes: all(".flow .num").map(number),
    rails: all(".rails circle").map((e, at) => e.classList.contains("on") ? number(all(".flow .num")[at]) : 0).filter(Boolean),
    column: all(".vt thead .on").map(number),
    columns: all(".vt thead th").slice(1).map(number),
  };
}
"""


def same_everywhere(shown: dict[str, Any], n: int) -> None:
    """Each part of the page shows step `n`, as the page itself says without a script."""
    for part in ("count", "row", "lane", "slider"):
        assert shown[part] == n, part
    assert shown["said"] == shown["what"]
    assert shown["spoken"].startswith(f"Step {n} of ")
    assert shown["what"] in shown["spoken"]
    assert shown["lines"] == shown["cited"]
    before = [at for at in shown["nodes"] if at <= n][-1]
    assert shown["flow"] in ([before], [] if before != n else None)
    assert shown["rails"] == shown["flow"]
    assert shown["column"] == [[at for at in shown["columns"] if at <= n][-1]]


@pytest.fixture(scope="module")
def opened(browser: Browser, built_site: Path) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    one = Visit(context.new_page())
    one.listen()
    one.page.set_default_timeout(5000)
    one.page.goto(f"{(built_site / PAGE).as_uri()}?mode=watch#answers-1")
    yield one
    context.close()


@pytest.fixture
def page(opened: Visit) -> Iterator[Page]:
    """The lesson in Watch, at the first step of its first run, with the focus nowhere."""
    opened.page.evaluate("document.activeElement.blur()")
    at(opened.page, "answers-1")
    yield opened.page
    assert opened.complaints == []


def at(page: Page, address: str) -> None:
    """Go where a link would, and wait until the step is shown."""
    page.evaluate(
        "(to) => { history.pushState(null, '', '#' + to); dispatchEvent(new HashChangeEvent('hashchange')); }",
        address,
    )
    expect(player(page).locator(".cur")).to_have_text(address.rpartition("-")[2])


def player(page: Page) -> Locator:
    return page.locator("asrun-player:not([hidden])")


def step(page: Page) -> int:
    return int(player(page).locator(".cur").inner_text())


def control(page: Page, name: str) -> Locator:
    return player(page).get_by_role("button", name=name, exact=True)


def test_all_parts_show_the_same_step(page: Page) -> None:
    control(page, "Next step").focus()
    for n in range(1, STEPS + 1):
        same_everywhere(page.evaluate(SHOWN), n)
        page.keyboard.press("ArrowRight")
    assert step(page) == STEPS
    for key, n in (("ArrowLeft", STEPS - 1), ("Home", 1), ("End", STEPS)):
        page.keyboard.press(key)
        same_everywhere(page.evaluate(SHOWN), n)


def test_buttons_and_slider_by_keyboard(page: Page) -> None:
    ways = [
        ("Next step", 2),
        ("Next step", 3),
        ("Step back", 2),
        ("Last step", STEPS),
        ("Next step", STEPS),
    ]
    for name, n in [*ways, ("First step", 1), ("Step back", 1)]:
        control(page, name).focus()
        page.keyboard.press("Enter")
        assert step(page) == n, name
    slider = player(page).get_by_role("slider")
    slider.focus()
    for key, n in (
        ("ArrowRight", 2),
        ("ArrowUp", 3),
        ("ArrowLeft", 2),
        ("End", STEPS),
        ("Home", 1),
    ):
        page.keyboard.press(key)
        same_everywhere(page.evaluate(SHOWN), n)


@pytest.mark.parametrize(
    ("start", "name", "stops"),
    [
        (2, "wire", [11, 12, 2]),
        (1, "read_item()", [7, 8, 9, 7]),
        (5, "AsyncSession#1", [8, 15, 5]),
        (6, "db", [5]),
    ],
    ids=["a lane", "a function's lane", "an object", "a variable"],
)
def test_a_name_leads_to_its_next_step(page: Page, start: int, name: str, stops: list[int]) -> None:
    at(page, f"answers-{start}")
    control(page, name).focus()
    for n in stops:
        page.keyboard.press("Enter")
        assert step(page) == n
        # Whoever came by keyboard can go on from there.
        expect(control(page, name)).to_be_focused()


def test_a_line_leads_to_its_next_step(page: Page) -> None:
    line = player(page).locator(".code li[value='15'] code").first
    for n in (6, 14, 6):
        line.click()
        assert step(page) == n


@pytest.mark.parametrize(
    ("n", "signs"),
    [
        (5, ["db AsyncSession#1 + new", "AsyncSession#1 open + new"]),
        (6, ["db AsyncSession#1", "AsyncSession#1 open"]),
        (8, ["names ['apple', 'pear'] + new", "AsyncSession#1 in transaction → changed from open"]),
    ],
)
def test_a_change_has_a_sign_and_a_word(page: Page, n: int, signs: list[str]) -> None:
    at(page, f"answers-{n}")
    shown = player(page).locator(".vars > div, .objs li").all_inner_texts()
    said = {" ".join(text.split()) for text in shown}
    assert set(signs) <= said
    assert {text for text in said if "new" in text or "→" in text} <= set(signs)


def test_a_suspended_frame_stays_until_it_is_resumed(page: Page) -> None:
    look = "(e) => [e.getBoundingClientRect().x, getComputedStyle(e).color, getComputedStyle(e).borderTopStyle]"
    lent, app = (
        player(page).locator(f".fr:has(code:text-is('{name}'))") for name in ("get_db()", "FastAPI")
    )
    at(page, "answers-5")
    x, ink, border = lent.evaluate(look)
    assert (x, border) == (app.evaluate(look)[0], "solid")
    for n in range(6, 14):
        at(page, f"answers-{n}")
        assert lent.is_visible()
        assert "suspended at yield, line 15, since step 6" in lent.inner_text()
        assert player(page).locator(".code li.held").get_attribute("value") == "15"
        x_now, grey, border = lent.evaluate(look)
        assert x_now > x, n
        assert grey != ink, n
        assert border == "dashed", n
    at(page, "answers-14")
    assert lent.evaluate(look)[0] == x
    assert player(page).locator(".code li.held").count() == 0


def test_keys_act_only_inside_the_player(page: Page) -> None:
    for outside in ("asrun-quiz input", ".modes a", ".md-header a"):
        page.locator(outside).first.focus()
        page.keyboard.press("End")
        assert step(page) == 1, outside
    speed = player(page).get_by_role("combobox", name="Speed")
    speed.focus()
    page.keyboard.press("ArrowDown")
    assert step(page) == 1
    speed.select_option("1")
    control(page, "Next step").focus()
    page.keyboard.press("Alt+End")
    page.keyboard.press("x")
    assert step(page) == 1
    # The theme's own keys still are the theme's.
    page.keyboard.press("/")
    expect(page.locator(".md-search__input")).to_be_focused()
    page.keyboard.press("Escape")


def test_each_step_of_each_run_has_an_address(page: Page) -> None:
    """It opens its run, and its row is not under what stays in place."""
    for run, steps in (("raises", 16), ("answers", STEPS)):
        for n in range(1, steps + 1):
            page.evaluate("(to) => { location.hash = to; }", f"{run}-{n}")
            expect(player(page).locator(".cur")).to_have_text(str(n))
            assert player(page).get_attribute("data-run") == run
            row, console = (
                page.locator(sign).bounding_box()
                for sign in (f"#{run}-{n}", "asrun-player:not([hidden]) .console")
            )
            assert row is not None
            assert console is not None
            assert console["y"] + console["height"] - 1 <= row["y"] < 900


def test_each_mode_has_an_address_and_a_way_back(visit: Opener, built_site: Path) -> None:
    opened = visit("about:blank")
    page = opened.page
    for mode, *_ in MODES:
        page.goto(f"{(built_site / PAGE).as_uri()}?mode={mode}#raises-5")
        assert player(page).get_attribute("data-run") == "raises", mode
        current = page.locator(".modes a[aria-current]")
        assert current.get_attribute("href") == f"?mode={mode}"
    page.goto(f"{(built_site / PAGE).as_uri()}?mode=watch#answers-4")
    went = ["order", "explain", "watch"]
    for mode in went:
        page.locator(f".modes a[href='?mode={mode}']").focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(rf"\?mode={mode}#"))
    for mode in [*reversed(went[:-1]), "watch"]:
        page.go_back()
        assert page.locator(".modes a[aria-current]").get_attribute("href") == f"?mode={mode}"
        assert player(page).get_attribute("data-mode") == mode
    assert step(page) == 4
    assert opened.complaints == []


def test_it_plays_pauses_and_stops_at_the_end(visit: Opener, built_site: Path) -> None:
    opened = visit("about:blank")
    page = opened.page
    page.clock.install()
    page.goto(f"{(built_site / PAGE).as_uri()}?mode=watch#answers-1")
    # From here on no time passes but what the test lets pass.
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    reached = []
    for speed in ("1", "2"):
        player(page).get_by_role("slider").focus()
        page.keyboard.press("Home")
        player(page).get_by_role("combobox", name="Speed").select_option(speed)
        control(page, "Play").click()
        page.clock.run_for(6000)
        reached.append(step(page))
        control(page, "Pause").click()
        page.clock.run_for(6000)
        assert step(page) == reached[-1]
    assert 1 < reached[0] < reached[1] < STEPS
    control(page, "Play").click()
    page.clock.run_for(60_000)
    assert step(page) == STEPS
    assert control(page, "Play").is_visible()
    # Whoever takes over is not overruled.
    control(page, "Play").click()
    player(page).get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    page.clock.run_for(6000)
    assert step(page) == 2
    assert opened.complaints == []


def test_the_sentence_stays_in_sight_beside_the_table(page: Page) -> None:
    page.locator("#answers-12").evaluate("(e) => e.scrollIntoView({block: 'center'})")
    header, said = (
        page.locator(sign).bounding_box()
        for sign in (".md-header", "asrun-player:not([hidden]) .console")
    )
    assert header is not None
    assert said is not None
    assert abs(header["y"] + header["height"] - said["y"]) <= 1
    assert said["height"] < 450


def test_on_a_phone_the_controls_stay_and_a_step_is_a_card(visit: Opener, built_site: Path) -> None:
    address = f"{(built_site / PAGE).as_uri()}?mode=watch#answers-6"
    page = visit(address, width=360, height=740, has_touch=True, is_mobile=True).page
    card = page.locator("#answers-9")
    card.evaluate("(e) => e.scrollIntoView({block: 'center'})")
    following = control(page, "Next step").bounding_box()
    assert following is not None
    assert 680 < following["y"] + following["height"] <= 740
    boxes = [cell.bounding_box() for cell in card.locator("> :not(:empty)").all()[1:]]
    tops = [box["y"] for box in boxes if box]
    assert tops == sorted(set(tops)), "one below the other"
    assert card.get_attribute("role") == "row"
    control(page, "Next step").tap()
    assert step(page) == 7
