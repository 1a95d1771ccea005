"""How the site looks to a browser: on each kind of page, in both schemes, on each width."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.pages import LESSON
from tests.site.conftest import Visit
from tests.site.where import KINDS, LESSONS, PAGES

pytestmark = pytest.mark.browser
Opener = Callable[..., Visit]

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def findings(opened: Visit) -> list[str]:
    """What axe finds against WCAG 2.2 AA and its best practices."""
    result = Axe().run(opened.page).response
    return [
        f"{found['id']}: {node['html'][:120]}"
        for found in result["violations"]
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page(visit: Opener, served_site: str, path: str, scheme: str) -> None:
    """Nothing for axe to find, no request to another host, no complaint in the console."""
    opened = visit(f"{served_site}/{path}", color_scheme=scheme)
    opened.page.wait_for_load_state("networkidle")
    assert findings(opened) == []
    assert len(opened.requests) > 3
    assert opened.others() == []
    assert opened.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", KINDS)
def test_axe_finds_nothing_on_a_phone(
    visit: Opener, served_site: str, path: str, scheme: str
) -> None:
    assert findings(visit(f"{served_site}/{path}", width=360, color_scheme=scheme)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("variant", ["problem", "hostile"])
def test_axe_finds_nothing_in_a_preview(
    visit: Opener, story_site: Callable[[str], Path], variant: str, scheme: str
) -> None:
    for page in (f"{LESSON}.html", "index.html"):
        assert findings(visit(story_site(variant) / page, color_scheme=scheme)) == []


def test_what_is_wrong_would_be_seen(visit: Opener, served_site: str) -> None:
    opened = visit(f"{served_site}/index.html")
    opened.page.evaluate(
        """() => {
          document.querySelector('.ar .lead').style.color = '#ccc';
          console.error('a complaint');
          fetch('http://127.0.0.1:9/elsewhere').catch(() => {});
        }"""
    )
    opened.page.wait_for_timeout(500)
    assert any(found.startswith("color-contrast") for found in findings(opened))
    assert "a complaint" in opened.complaints
    assert opened.others() == ["http://127.0.0.1:9/elsewhere"]


@pytest.mark.parametrize("path", KINDS)
def test_no_complaint_from_a_folder(visit: Opener, built_site: Path, path: str) -> None:
    if path == "404.html":
        pytest.skip("a page of errors is served, and links from the root")
    opened = visit(built_site / path)
    assert opened.others() == []
    assert opened.complaints == []


# 720 is a window of 1440 at 200 %, 320 is one of 1280 at 400 %.
@pytest.mark.parametrize("width", [320, 720])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_scrolls_sideways(visit: Opener, served_site: str, path: str, width: int) -> None:
    assert visit(f"{served_site}/{path}", width=width).page.evaluate(SIDEWAYS) == 0


@pytest.mark.parametrize("width", [320, 768, 1440])
@pytest.mark.parametrize("variant", ["problem", "hostile"])
def test_nothing_scrolls_sideways_in_a_preview(
    visit: Opener, story_site: Callable[[str], Path], variant: str, width: int
) -> None:
    for page in (
        f"{LESSON}.html",
        "index.html",
        "yield-dependencies/snapshots.html",
        "concepts.html",
    ):
        assert visit(story_site(variant) / page, width=width).page.evaluate(SIDEWAYS) == 0, page


def test_sideways_scrolling_would_be_seen(visit: Opener, served_site: str) -> None:
    opened = visit(f"{served_site}/index.html", width=320)
    opened.page.evaluate("document.querySelector('.ar h1').style.whiteSpace = 'nowrap'")
    assert opened.page.evaluate(SIDEWAYS) > 0


@pytest.mark.parametrize("path", KINDS)
def test_controls_are_large_enough(visit: Opener, served_site: str, path: str) -> None:
    """WCAG 2.5.8: 24 by 24 pixels, but for links within a sentence."""
    opened = visit(f"{served_site}/{path}", width=360)
    small = opened.page.evaluate(
        """() => [...document.querySelectorAll('.ar :is(a, summary, input, button)')]
          .filter((e) => e.checkVisibility() && !e.matches('p a, p *, .said *, label input, .st'))
          .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
          .filter(([, box]) => box.height < 23.9)
          .map(([html, box]) => `${html}: ${box.height}`)"""
    )
    assert small == []


def test_forced_colours_keep_the_picture(visit: Opener, served_site: str) -> None:
    opened = visit(f"{served_site}/{LESSONS[0]}", forced_colors="active")
    colours = "(e) => [getComputedStyle(e).backgroundColor, getComputedStyle(document.body).backgroundColor]"
    for sign in (".lanes .mark.run", ".lanes .mark.thin", "[data-lane=wire] .mark.in"):
        bar, ground = opened.page.locator(sign).first.evaluate(colours)
        assert bar != ground, sign
    assert (
        opened.page.locator(".src .on").first.evaluate("(e) => getComputedStyle(e).outlineStyle")
        == "solid"
    )


def test_values_from_right_to_left_stay_in_their_place(
    visit: Opener, story_site: Callable[[str], Path]
) -> None:
    opened = visit(story_site("hostile") / f"{LESSON}.html")
    for part in ("bdi", "code", "small"):
        kept = opened.page.locator(f".ar {part}").first.evaluate(
            "(e) => getComputedStyle(e).unicodeBidi"
        )
        assert kept.startswith("isolate"), part
    assert opened.page.evaluate("window.pwned") is None
