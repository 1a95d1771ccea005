"""A lesson in other releases: links, the reader's own version, and what changed when, in a browser."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.dom import parse
from tests.site.conftest import Visit
from tests.site.where import ERAS, LESSONS

pytestmark = pytest.mark.browser
Opener = Callable[..., Visit]

LESSON = "yield-dependencies/async-generator"
OTHER = f"{LESSON}/0.106.0.html"
"""The lesson from 0.106.0 to 0.117.1: another behaviour than before and after."""
GATHERED = "threads/which-thread.html"
"""A lesson that behaves the same in all releases."""
ABSENT = "yield-dependencies/scopes.html"
"""A lesson that cannot run before 0.121.0."""


def set_version(page: Page, version: str) -> None:
    """Say which FastAPI is the reader's, by keyboard."""
    page.get_by_label("My FastAPI").fill(version)
    page.keyboard.press("Enter")


def said(page: Page) -> str:
    """What the page says of the reader's version."""
    return page.locator("asrun-version [role=status]").inner_text()


def test_a_version_is_set_once_and_kept(visit: Opener, served_site: str) -> None:
    opened = visit(f"{served_site}/{LESSON}.html")
    page = opened.page
    set_version(page, "0.110.0")
    page.wait_for_url(f"**/{OTHER}")
    assert "Yours is 0.110.0; this is its run." in said(page)

    page.goto(f"{served_site}/{LESSON}.html?mode=watch#answers-5")
    page.wait_for_url(f"**/{OTHER}?mode=watch#answers-5")
    page.goto(f"{served_site}/yield-dependencies/commit-after-200.html")
    page.wait_for_url("**/commit-after-200/0.106.0.html")

    page.goto(f"{served_site}/{GATHERED}")
    assert "Yours is 0.110.0; this is its run." in said(page)
    assert page.url.endswith(GATHERED)
    # Whoever leaves at once leaves the search's files unread.
    assert [c for c in opened.complaints if not c.startswith("failed: ")] == []


def test_another_release_can_be_looked_at_all_the_same(visit: Opener, served_site: str) -> None:
    page = visit(f"{served_site}/{LESSON}.html").page
    set_version(page, "0.110.0")
    page.wait_for_url(f"**/{OTHER}")
    page.locator("asrun-version").get_by_role("link", name="Show 0.165.0").click()
    page.wait_for_url(f"**/{LESSON}.html?version=0.165.0*")
    assert "this is another" in said(page)
    page.locator("asrun-version").get_by_role("link", name="Show 0.110.0").click()
    page.wait_for_url(f"**/{OTHER}")
    page.locator("#versions").scroll_into_view_if_needed()
    page.get_by_role("link", name="0.118.0 to 0.165.0").click()
    page.wait_for_url(f"**/{LESSON}.html?version=0.165.0*")


@pytest.mark.parametrize(
    ("path", "version", "words"),
    [
        (ABSENT, "0.115.0", "this lesson does not run there"),
        (GATHERED, "0.65.1", "that was not looked at"),
        (GATHERED, "1.0", "that was not looked at"),
    ],
)
def test_a_version_without_a_run_is_told(
    visit: Opener, served_site: str, path: str, version: str, words: str
) -> None:
    page = visit(f"{served_site}/{path}").page
    set_version(page, version)
    page.wait_for_function(
        "(words) => document.querySelector('asrun-version').textContent.includes(words)", arg=words
    )
    assert page.url.endswith(path)


def test_what_is_no_version_is_not_taken(visit: Opener, served_site: str) -> None:
    page = visit(f"{served_site}/{GATHERED}").page
    set_version(page, "latest")
    assert page.locator("asrun-version input:invalid").get_attribute("title") == "Like 0.110.0"
    page.reload()
    assert "Set once" in said(page)


def test_a_version_is_taken_back(visit: Opener, served_site: str) -> None:
    page = visit(f"{served_site}/{LESSON}.html").page
    set_version(page, "0.110.0")
    page.wait_for_url(f"**/{OTHER}")
    set_version(page, "")
    page.wait_for_url(f"**/{LESSON}.html")
    assert "Set once" in said(page)


def test_it_works_from_a_folder(visit: Opener, built_site: Path) -> None:
    page = visit(built_site / f"{LESSON}.html").page
    set_version(page, "0.110.0")
    page.wait_for_url(f"**/{OTHER}")
    assert "this is its run" in said(page)


def test_without_a_script_a_release_is_chosen_by_a_link(visit: Opener, built_site: Path) -> None:
    page = visit(built_site / f"{LESSON}.html", java_script_enabled=False).page
    page.get_by_role("link", name="0.106.0 to 0.117.1").click()
    page.wait_for_url(f"**/{OTHER}")
    assert page.get_by_text("this build did not run them").is_visible()
    assert page.locator("#answers-11").is_visible()
    page.get_by_role("link", name="Show 0.165.0").first.click()
    page.wait_for_url(f"**/{LESSON}.html*")

    page.get_by_text("0.105.0 and 0.106.0, step by step").click()
    moved = page.locator(".al-earlier").first
    assert "3 earlier" in moved.inner_text()
    before, after = (a.get_attribute("href") for a in moved.get_by_role("link").all())
    assert (before, after) == ("#answers-14", "async-generator/0.106.0.html#answers-11")


def test_the_timeline_has_a_tick_for_each_release(visit: Opener, served_site: str) -> None:
    for width in (360, 1440):
        page = visit(f"{served_site}/{LESSON}.html", width=width).page
        boxes = [one.bounding_box() for one in page.locator(".eras i").all()]
        widths = [box["width"] for box in boxes if box]
        assert [round(202 * w / sum(widths)) for w in widths] == [18, 41, 143]
        assert len({round(box["y"]) for box in boxes if box}) == 2
    line = page.locator(".eras")
    assert line.get_attribute("aria-hidden") == "true"
    # What is out of sight has no inner text yet.
    listed = page.locator(".eras-of > li").all_text_contents()
    assert [" ".join(text.split()[:4]) for text in listed] == [
        "1 0.95.2 to 0.105.0",
        "2 0.106.0 to 0.117.1",
        "3 0.118.0 to 0.165.0",
    ]


def test_an_upgrade_shows_only_what_changes_in_between(visit: Opener, served_site: str) -> None:
    opened = visit(f"{served_site}/changes.html")
    page = opened.page
    every = page.locator("[data-release]:visible").count()
    page.get_by_role("combobox", name="From").select_option("0.106.0")
    page.get_by_role("combobox", name="to", exact=True).select_option("0.110.0")
    shown = page.locator("[data-release]:visible")
    assert 0 < shown.count() < every
    assert {r.get_attribute("data-release") for r in shown.all()} == {"0.108.0", "0.110.0"}
    status = page.locator("asrun-upgrade [role=status]").inner_text()
    assert status == "Upgrading from 0.106.0 to 0.110.0: 2 behaviours change."
    kept = visit(page.url).page
    assert kept.locator("[data-release]:visible").count() == 2
    page.get_by_role("combobox", name="to", exact=True).select_option("0.100.0")
    assert page.locator("asrun-upgrade").get_by_text("0.100.0 is older than 0.106.0.").count() == 1
    # Most of what 0.106.0 changed, 0.118.0 changed back.
    page.get_by_role("combobox", name="to", exact=True).select_option("0.118.0")
    page.get_by_role("combobox", name="From").select_option("0.105.0")
    status = page.locator("asrun-upgrade [role=status]").inner_text()
    known = "2 behaviours change, and 11 more on the way and back again."
    assert status == f"Upgrading from 0.105.0 to 0.118.0: {known}"
    assert opened.complaints == []


def test_pages_of_other_releases_are_kept_out_of_search_and_named_for_engines(
    built_site: Path,
) -> None:
    index = json.loads((built_site / "search" / "search_index.json").read_text("utf-8"))["docs"]
    found = {doc["location"].partition("#")[0] for doc in index}
    assert set(LESSONS) <= found
    assert ERAS
    for path in ERAS:
        assert path not in found
        tree = parse((built_site / path).read_text("utf-8"), strict=False)
        canonical = tree.one("link", rel="canonical").attrs["href"]
        assert (built_site / path).parent.joinpath(canonical).resolve() == built_site.joinpath(
            path.rpartition("/")[0] + ".html"
        )


@pytest.mark.parametrize("path", [*LESSONS, *ERAS])
def test_the_navigation_marks_the_lesson_alone_on_its_pages_of_all_releases(
    built_site: Path, visit: Opener, path: str
) -> None:
    page = visit(built_site / path, width=1440).page
    weights = page.locator(".md-sidebar--primary a.md-nav__link:visible").evaluate_all(
        "(all) => all.filter((e) => +getComputedStyle(e).fontWeight > 500).map((e) => e.href)"
    )
    lesson = path if path in LESSONS else f"{path.rpartition('/')[0]}.html"
    assert [one.partition("#")[0].removesuffix("./") for one in weights] == [
        (built_site / lesson).as_uri()
    ]


def test_the_runs_to_lay_beside_each_other_cost_little(built_site: Path) -> None:
    text = (built_site / f"{LESSON}.html").read_text("utf-8")
    tree = parse(text, strict=False)
    other = tree.one("template", data_version="0.106.0")
    run = json.loads(other.text)
    assert run["name"] == "the same in FastAPI 0.106.0 to 0.117.1"
    assert run["page"] == "async-generator/0.106.0.html"
    steps = parse((built_site / OTHER).read_text("utf-8"), strict=False)
    assert len(run["steps"]) == len(
        [r for r in steps.all("tr") if r.attrs.get("id", "").startswith("answers-")]
    )
    assert len(gzip.compress(other.text.encode())) < 1024
