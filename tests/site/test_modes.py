"""Each mode, wherever readers are: schemes, widths, zoom, forced colours, paper, instant navigation, hostile values."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Route, expect

from asrun.render.view import MODES
from tests.pages import LESSON
from tests.site.conftest import SITE_URL, Visit

pytestmark = pytest.mark.browser
Opener = Callable[..., Visit]

PAGE = f"{LESSON}.html"
NAMES = [mode for mode, *_ in MODES]
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CUT = """
() => [...document.querySelectorAll(".ar *")].filter((e) => {
  if (!e.checkVisibility() || e.closest(".vh, [tabindex='0'], pre, svg") || !e.childNodes.length) return false;
  const style = getComputedStyle(e);
  const box = e.getBoundingClientRect();
  if (box.width <= 1) return false;
  return (style.overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1)
    || (style.overflowY !== "visible" && e.scrollHeight > e.clientHeight + 1)
    || box.right > innerWidth + 1 || box.left < -1;
}).map((e) => e.outerHTML.slice(0, 100))
"""
"""What shows less than it holds, or stands beside the window: but for what a reader can scroll."""


NUMBERS = """
() => {
  const lanes = document.querySelector("asrun-player:not([hidden]) .lanes");
  const box = (e) => e.getBoundingClientRect();
  const shown = [...lanes.querySelectorAll(".lanes-foot .lanes-cells > span")].filter((e) =>
    e.checkVisibility({visibilityProperty: true}));
  const head = box(lanes.querySelector(".lanes-now i"));
  return [shown.map((e) => [box(e).left, box(e).right]), head.x + head.width / 2];
}
"""
"""Where the numbers below the lanes begin and end, and where the playhead stands."""


def player(page: Page) -> Locator:
    return page.locator("asrun-player:not([hidden])")


def axe(page: Page) -> list[tuple[str, str]]:
    found = Axe().run(page).response["violations"]
    return [(one["id"], node["html"][:100]) for one in found for node in one["nodes"]]


@pytest.fixture(params=["built", "problem"])
def lesson(
    request: pytest.FixtureRequest, built_site: Path, story_site: Callable[[str], Path]
) -> Path:
    """A lesson's page, and one with a problem."""
    return (built_site if request.param == "built" else story_site(request.param)) / PAGE


@pytest.mark.parametrize("mode", NAMES)
def test_a_mode_fits(visit: Opener, lesson: Path, mode: str) -> None:
    """In both schemes axe finds nothing; at 320 pixels and at 200 % nothing is cut or beside the window."""
    page = visit(f"{lesson.as_uri()}?mode={mode}#answers-6").page
    assert player(page).get_attribute("data-mode") == mode
    assert axe(page) == []
    page.get_by_title("Switch to dark").click()
    assert axe(page) == []
    for width, height in ((720, 450), (320, 640)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(SIDEWAYS) == 0, width
        assert page.evaluate(CUT) == [], width


def test_what_is_cut_would_be_seen(visit: Opener, built_site: Path) -> None:
    page = visit(built_site / PAGE).page
    assert page.evaluate(CUT) == []
    page.locator(".cur").first.evaluate(
        "(e) => { e.style = 'display: block; overflow: hidden; width: 5px' }"
    )
    page.locator(".run-title").first.evaluate("(e) => { e.style = 'width: 200vw' }")
    found = page.evaluate(CUT)
    assert {text[:7] for text in found} == {"<span c", "<h2 cla"}


# ------------------------------------------------------------------ other eyes


def test_forced_colours_show_what_is_now_and_what_changed(visit: Opener, built_site: Path) -> None:
    """Bands and greys are gone there: lines and words are left."""
    address = f"{(built_site / PAGE).as_uri()}?mode=watch#answers-8"
    page = visit(address, forced_colors="active", reduced_motion="reduce").page
    outlined = "(e) => [getComputedStyle(e).outlineStyle, getComputedStyle(e).outlineColor]"
    plain = page.locator("#answers-9").evaluate(outlined)
    for sign in ("#answers-8", ".code li.on", ".flow .on", ".vt td.on", ".fr.now"):
        style, _ = player(page).locator(sign).first.evaluate(outlined)
        assert style == "solid" != plain[0], sign
    head = (
        player(page)
        .locator(".lanes-now i")
        .evaluate(
            "(e) => [getComputedStyle(e).borderLeftColor, getComputedStyle(document.body).backgroundColor]"
        )
    )
    assert head[0] != head[1]
    assert (
        player(page)
        .locator(".fr.now .fr-s")
        .evaluate("(e) => getComputedStyle(e, '::before').content")
        == '"▸"'
    )
    assert player(page).locator(".chip").all_inner_texts() == ["+ new", "→ changed from open"]
    held = player(page).locator(".fr.sleep").evaluate("(e) => getComputedStyle(e).borderTopStyle")
    assert held == "dashed"


def test_a_step_moves_nothing_for_readers_who_want_it_still_or_not(
    visit: Opener, built_site: Path
) -> None:
    address = f"{(built_site / PAGE).as_uri()}?mode=watch#answers-5"
    page = visit(address).page
    moving = (
        player(page)
        .get_by_role("button", name="Next step")
        .evaluate(
            """(button) => {
              button.click();
              return document.getAnimations().filter((a) => a.effect.target.closest(".ar")).length;
            }"""
        )
    )
    assert moving == 0


def test_on_paper_each_step_of_each_run_whatever_is_on_screen(
    visit: Opener, built_site: Path
) -> None:
    address = f"{(built_site / PAGE).as_uri()}?mode=predict#answers-3"
    page = visit(address, width=680, color_scheme="dark").page
    rows = page.locator(".ex tbody tr")
    assert rows.count() == 17 + 16
    assert not page.locator("#raises-16").is_visible()
    page.emulate_media(media="print")
    assert [row.get_attribute("id") for row in rows.all() if not row.is_visible()] == []
    order = page.evaluate(
        "[...document.querySelectorAll('.ex, .km, .answers')].map((e) => e.getBoundingClientRect().top)"
    )
    assert order == sorted(order)
    assert page.evaluate(SIDEWAYS) == 0
    # Paper is white, and browsers leave grounds out unless they are asked for.
    style = "(e) => [getComputedStyle(e).color, getComputedStyle(e).printColorAdjust]"
    assert page.locator("#raises-16 .what").evaluate(style)[0] == "rgb(86, 91, 98)"
    assert page.locator(".lanes .mark.run").first.evaluate(style)[1] == "exact"
    # What a reader would fill in by pen is drawn for paper, too, and an answer has its question's number.
    scheme = "(e) => getComputedStyle(e).colorScheme"
    assert page.locator(".opts input").first.evaluate(scheme) == "light"
    number = "(e) => [getComputedStyle(e).display, getComputedStyle(e).listStyleType]"
    assert page.locator(".answers li").first.evaluate(number) == ["list-item", "decimal"]


def test_a_chapters_snapshots_on_paper(visit: Opener, built_site: Path) -> None:
    """One column, nothing of the site round it, and no bullet that begins on one page and ends on the next."""
    page = visit(built_site / f"{LESSON.partition('/')[0]}/snapshots.html", width=680).page
    page.emulate_media(media="print")
    assert page.locator(".md-header:visible, .md-sidebar:visible, .md-footer:visible").count() == 0
    bullets = page.locator(".snap li")
    boxes = bullets.evaluate_all(
        "(all) => all.map((e) => [e.getBoundingClientRect().x, getComputedStyle(e).breakInside])"
    )
    assert len(boxes) > 10
    assert {tuple(box) for box in boxes} == {(boxes[0][0], "avoid")}
    headings = page.locator(".snapshots h2").evaluate_all(
        "(all) => all.map((e) => getComputedStyle(e).breakAfter)"
    )
    assert set(headings) == {"avoid"}


# ------------------------------------------------------------------ values that are no text


@pytest.mark.parametrize("mode", NAMES)
def test_hostile_values_are_text_in_a_mode(
    visit: Opener, story_site: Callable[[str], Path], mode: str
) -> None:
    opened = visit(f"{(story_site('hostile') / PAGE).as_uri()}?mode={mode}#answers-1")
    page = opened.page
    foreign = (
        "document.querySelectorAll('.ar :is(script, img, iframe), .ar b > :is(div, script)').length"
    )
    if mode == "watch":
        player(page).get_by_role("button", name="Next step").focus()
        for n in range(2, 18):
            page.keyboard.press("ArrowRight")
            assert player(page).locator(".cur").inner_text() == str(n)
            said = str(player(page).locator(".says .what").text_content())
            assert "<b>&amp;&copy;" in said
        page.keyboard.press("Home")
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        value = player(page).locator(".vars bdi").first
        assert "</script></div><script>window.pwned=1</script>" in str(value.text_content())
        # What is written from right to left turns round nothing that stands beside it.
        assert value.evaluate("(e) => getComputedStyle(e).unicodeBidi") == "isolate"
    else:
        buttons = player(page).locator(".mode-host button:visible:enabled")
        for _ in range(min(buttons.count(), 3)):
            buttons.first.click()
    assert page.evaluate(foreign) == 0
    assert page.evaluate("window.pwned") is None
    assert page.evaluate(SIDEWAYS) == 0
    assert opened.complaints == []


# ------------------------------------------------------------------ one page and another


def test_two_players_on_a_page_know_nothing_of_each_other(visit: Opener, built_site: Path) -> None:
    """Without a chooser all runs are shown: each is taken out and put in again, as its page may be."""
    opened = visit(built_site / PAGE, reduced_motion="reduce")
    page = opened.page
    page.evaluate(
        """() => {
          document.querySelector("asrun-modes").remove();
          for (const player of document.querySelectorAll("asrun-player")) {
            const after = player.nextSibling, parent = player.parentNode;
            player.remove();
            player.hidden = false;
            parent.insertBefore(player, after);
          }
        }"""
    )
    first, second = page.locator("asrun-player").all()
    count = [one.locator(".cur") for one in (first, second)]
    before = [one.inner_text() for one in count]
    for one in (first, second):
        assert one.get_by_role("slider").count() == 1
        assert one.get_by_role("button", name="Next step").count() == 1
    first.get_by_role("button", name="First step").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert [one.inner_text() for one in count] == ["2", before[1]]
    second.get_by_role("slider").focus()
    page.keyboard.press("End")
    assert [one.inner_text() for one in count] == ["2", "16"]
    for one, n in ((first, "answers-2"), (second, "raises-16")):
        assert one.locator(".ex [aria-current=step]").get_attribute("id") == n
        assert one.locator("[id].on").count() == 1
    assert opened.complaints == []


def _from(folder: Path, route: Route) -> None:
    path = route.request.url.removeprefix(SITE_URL).partition("?")[0].partition("#")[0]
    file = folder / (path or "index.html")
    if file.is_file():
        route.fulfill(path=file)
    else:
        route.fulfill(status=404)


@pytest.fixture
def instant(visit: Opener, story_site: Callable[[str], Path]) -> Iterator[Visit]:
    """A site that knows its address, where Material swaps pages without loading them."""
    opened = visit("about:blank", reduced_motion="reduce")
    opened.page.route(f"{SITE_URL}**", functools.partial(_from, story_site("instant")))
    opened.page.goto(f"{SITE_URL}{PAGE}?mode=watch#answers-3")
    opened.page.wait_for_load_state("networkidle")
    opened.page.evaluate("window.same = true")
    yield opened
    assert opened.page.evaluate("window.same"), "the page was loaded anew"
    assert [c for c in opened.complaints if not c.startswith("failed: ")] == []


@pytest.mark.parametrize("mode", NAMES)
def test_there_and_back_with_a_mode_open(instant: Visit, mode: str) -> None:
    page = instant.page
    for _ in range(2):
        page.locator(f".modes a[href$='?mode={mode}']").click()
        expect(player(page)).to_have_attribute("data-mode", mode)
        page.locator(".md-nav__link[href$='concepts.html']").first.click()
        expect(page.locator("asrun-player")).to_have_count(0)
        page.locator(".cards a").first.click()
        expect(page.locator(".modes a[aria-current]")).to_have_count(1)
        page.go_back()
        expect(page.locator("asrun-player")).to_have_count(0)
        page.go_back()
        expect(player(page)).to_have_attribute("data-mode", mode)
    page.locator(".modes a[href$='?mode=watch']").click()
    page.evaluate(
        "() => { window.steps = 0; addEventListener('asrun:step', () => { window.steps += 1; }); }"
    )
    following = player(page).get_by_role("button", name="Next step")
    expect(following).to_have_count(1)
    following.focus()
    now = int(player(page).locator(".cur").inner_text())
    page.keyboard.press("ArrowRight")
    expect(player(page).locator(".cur")).to_have_text(str(now + 1))
    assert page.evaluate("window.steps") == 1


def test_a_steps_link_moves_the_stage_and_not_the_page(instant: Visit) -> None:
    """Material makes addresses whole, where it swaps pages: they still are this page's."""
    page = instant.page
    player(page).locator(".flow a").first.evaluate("(e) => e.scrollIntoView({block: 'center'})")
    before = page.evaluate("scrollY")
    for n in (14, 4):
        link = player(page).locator(f".flow a[href$='#answers-{n}']")
        link.click()
        expect(player(page).locator(".cur")).to_have_text(str(n))
        assert page.evaluate("scrollY") == before


# ------------------------------------------------------------------ a long run


def test_a_step_of_a_long_run_touches_no_more_than_one_of_a_short_run(
    visit: Opener, story_site: Callable[[str], Path]
) -> None:
    """All parts follow, to the end; and what is touched does not grow with the rows."""
    address = f"{(story_site('long') / PAGE).as_uri()}?mode=watch#answers-1"
    opened = visit(address, reduced_motion="reduce")
    page = opened.page
    steps = player(page).locator(".ex tbody tr").count()
    assert steps == 306
    player(page).get_by_role("button", name="Next step").focus()
    page.evaluate(
        """() => {
          window.touched = [];
          new MutationObserver((seen) => window.touched.push(seen.length)).observe(
            document.querySelector("asrun-player:not([hidden])"),
            {subtree: true, childList: true, attributes: true, characterData: true});
        }"""
    )
    for _ in range(38):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    assert player(page).locator(".cur").inner_text() == str(steps)
    assert player(page).locator(".ex [aria-current=step]").get_attribute("id") == f"answers-{steps}"
    assert player(page).get_by_role("slider").get_attribute("aria-valuenow") in (None, str(steps))
    assert player(page).get_by_role("slider").input_value() == str(steps)
    touched = page.evaluate("window.touched")
    assert len(touched) >= 39
    assert max(touched) < 100
    for width in (320, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        # The theme's own header takes a moment to follow.
        page.wait_for_function(f"{SIDEWAYS} === 0", timeout=5000)
        shown, playhead = page.evaluate(NUMBERS)
        assert len(shown) > 5, width
        *others, at = shown
        assert all(a[1] <= b[0] for a, b in pairwise(others)), width
        assert abs((at[0] + at[1]) / 2 - playhead) < 2, width
    assert opened.complaints == []
