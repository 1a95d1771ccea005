"""The modes, used to their end by keyboard alone, and what the active ones keep of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

from tests.pages import LESSON
from tests.site.conftest import Visit

pytestmark = pytest.mark.browser
Opener = Callable[..., Visit]

PAGE = f"{LESSON}.html"
OTHER = f"{LESSON}/0.106.0.html"
MODES = ["predict", "runtime", "order", "explain", "review"]
READ = ["skim", "lanes", "compare"]


@pytest.fixture
def lesson(visit: Opener, built_site: Path) -> Iterator[Callable[..., Page]]:
    """Opens the lesson in a mode, and complains of what the browser complains of."""
    opened: list[Visit] = []

    def go(mode: str = "", step: str = "", **options: object) -> Page:
        address = f"{(built_site / PAGE).as_uri()}?mode={mode}#{step}"
        opened.append(visit(address, **options))
        return opened[-1].page

    yield go
    assert [complaint for one in opened for complaint in one.complaints] == []


def host(page: Page) -> Locator:
    return page.locator("asrun-player:not([hidden]) .mode-host")


def kept(page: Page) -> dict[str, dict[str, object]]:
    """What is kept of questions, by their keys."""
    text = page.evaluate("localStorage['asrun:kept'] ?? '{}'")
    return {
        key.removeprefix("item:"): entry["value"]
        for key, entry in json.loads(text).items()
        if key.startswith("item:")
    }


def keyboard(page: Page, first: Locator) -> None:
    """Put the focus where a reader gets by Tab."""
    first.focus()
    assert first.evaluate("(e) => e === document.activeElement")


def words(where: Locator) -> list[str]:
    return [" ".join(text.split()) for text in where.all_text_contents()]


def table(page: Page, of: str = "answers") -> list[tuple[str, str]]:
    """Number and action of each step of a run."""
    player = page.locator(f"asrun-player[data-run={of}]")
    actions = words(player.locator(".ex tbody .act > code"))
    return [(str(n), action) for n, action in enumerate(actions, 1)]


# ------------------------------------------------------------------ three to read


def test_skim_is_what_was_proved_and_each_phase(lesson: Callable[..., Page]) -> None:
    page = lesson("skim", "answers-1")
    said = words(host(page).locator(".said"))
    player = page.locator("asrun-player").first
    for proved in (
        page.locator(".snap [data-on~=answers] .said").first,
        player.locator(".exit .said"),
    ):
        [text] = words(proved)
        assert any(one in text for one in said)
    assert len(said) < page.locator(".said").count() / 2
    assert words(host(page).locator(".tp h4")) == words(
        player.locator(".lanes-phases .lanes-cells > span")
    )

    # Each of its steps is one press away, and Back leads here again.
    step = host(page).locator("a.st").first
    number = step.text_content()
    keyboard(page, step)
    page.keyboard.press("Enter")
    assert page.locator(".modes [aria-current]").inner_text().startswith("Watch")
    assert page.locator(".cur").first.inner_text() == number
    page.go_back()
    assert words(host(page).locator(".said")) == said


def test_what_is_not_true_in_other_releases_is_not_the_gist_there(
    visit: Opener, built_site: Path
) -> None:
    page = visit(f"{(built_site / OTHER).as_uri()}?mode=skim#answers-1").page
    untrue = words(page.locator(".snap .untrue, .exit .untrue"))
    assert untrue
    assert host(page).locator(".said").count()
    assert not [text for text in words(host(page).locator(".said")) if text in untrue]


def test_lanes_by_keyboard(lesson: Callable[..., Page]) -> None:
    page = lesson("lanes", "answers-5")
    rows = host(page).locator(".seq li")
    told = [
        (row.locator("a").inner_text(), row.locator("code").last.inner_text()) for row in rows.all()
    ]
    assert told == table(page)
    present = host(page).locator(".seq li.on a")
    assert words(present) == ["5"]
    assert words(page.locator("#answers-5 .what"))[0] in words(host(page).get_by_role("status"))[0]

    # The head of a lane leads along it, and from its end to its start.
    of_client = [str(n) for n, text in enumerate(recorded(page), 1) if text.startswith("client")]
    keyboard(page, host(page).get_by_role("button", name="client", exact=True))
    visited = []
    for _ in (*of_client, 0):
        page.keyboard.press("Enter")
        visited += words(present)
    start = visited[0]
    assert visited == [*of_client[of_client.index(start) :], *of_client][: len(visited)]
    page.keyboard.press("ArrowLeft")
    assert words(present) == [str(int(visited[-1]) - 1 or 1)]

    # Between its `yield` and what resumes it, the generator is suspended, and nowhere else.
    heads = words(host(page).locator(".seq-head"))
    rail = heads.index("get_db()")
    kinds = [row.locator(".rail > i").nth(rail).get_attribute("class") for row in rows.all()]
    actions = [action for _, action in told]
    asleep = range(actions.index("yield db") + 1, actions.index("resumed after yield db"))
    assert [n for n, kind in enumerate(kinds) if kind == "mark sleep"] == list(asleep)


Sides = tuple[list[tuple[str, str]], list[tuple[str, str]]]


def sides(page: Page) -> Sides:
    """The steps that Compare shows on its left, and on its right."""
    found: Sides = ([], [])
    for row in host(page).locator("tbody tr").all():
        for side, at in zip(found, (0, 2), strict=True):
            cell = row.locator("td").nth(at)
            # Where nothing is drawn, both sides still say it.
            assert cell.inner_text()
            if cell.locator("a").count():
                side.append((cell.locator("a").inner_text(), words(cell.locator("code"))[0]))
    return found


def moves(page: Page) -> list[tuple[int, int]]:
    """What moved, as its two rows say it."""
    notes = words(host(page).locator("tr.moved small"))
    assert sorted(notes[::2] + notes[1::2]) == sorted([*dict.fromkeys(notes)] * 2)
    pairs = [note.removeprefix("moved: ").split(" → ") for note in dict.fromkeys(notes)]
    return [(int(a), int(b)) for a, b in pairs]


def test_compare_by_keyboard(lesson: Callable[..., Page], visit: Opener, built_site: Path) -> None:
    other = table(visit(built_site / OTHER).page)
    page = lesson("compare", "answers-5")
    assert "0.106.0 to 0.117.1" in host(page).locator("th").last.inner_text()
    assert sides(page) == (table(page), other)
    assert words(host(page).locator("tr.on a")) == ["5", "5"]

    # The response moved: in both runs it is the same, elsewhere.
    moved = moves(page)
    here = table(page)
    assert moved
    assert all(here[a - 1][1] == other[b - 1][1] and a != b for a, b in moved)
    assert any("http.response.body" in here[a - 1][1] for a, _ in moved)
    assert host(page).locator("path").count() == len(moved)
    same = len(here) - len(moved)
    assert host(page).get_by_role("status").inner_text() == f"{same} the same, {len(moved)} moved."

    # The other run of the lesson, from the list.
    keyboard(page, host(page).get_by_role("combobox"))
    page.keyboard.press("ArrowDown")
    assert sides(page) == (here, table(page, "raises"))
    told = host(page).get_by_role("status").inner_text()
    for kind in ("the same", "with another value", "only here", "only there"):
        rows = host(page).locator(f"tr[class^='{kind}']")
        assert f"{rows.count()} {kind}" in told
    for row in host(page).locator("tr.another").all():
        left, right = words(row.locator("code"))
        assert left != right
    differs = host(page).locator("tr", has_text="500 Internal Server Error").last
    assert "another" in str(differs.get_attribute("class"))

    # A step is one press away, and Back leads here again.
    keyboard(page, host(page).locator("a").nth(1))
    page.keyboard.press("Enter")
    assert page.locator("asrun-player:not([hidden])").get_attribute("data-run") == "raises"
    assert page.locator(".modes [aria-current]").inner_text().startswith("Watch")
    page.go_back()
    assert sides(page)[0] == here


def test_compare_tells_states_that_differ(lesson: Callable[..., Page]) -> None:
    """As if one statement left the session otherwise in the other run."""
    page = lesson("watch", "answers-5")
    page.evaluate(
        """() => {
          const other = document.querySelectorAll("asrun-player")[1];
          other.row(5).querySelector(".af p").textContent = "db = None";
        }"""
    )
    page.locator(".modes a", has_text="Compare").click()
    host(page).get_by_role("combobox").select_option(index=1)
    row = host(page).locator("tr.state")
    assert words(row.locator("td > small")) == [
        ", ".join(words(page.locator(f"#{run}-5 .af p"))) for run in ("answers", "raises")
    ]
    assert "1 with another state" in host(page).get_by_role("status").inner_text()


def test_a_step_of_another_release_is_on_its_page(lesson: Callable[..., Page]) -> None:
    page = lesson("compare", "answers-5")
    step = host(page).locator("tr.moved td:last-child a").first
    number = step.inner_text()
    keyboard(page, step)
    page.keyboard.press("Enter")
    page.wait_for_url("**/0.106.0.html?mode=watch#answers-*")
    assert page.locator(".cur").first.inner_text() == number


def test_compare_fits_a_phone(lesson: Callable[..., Page]) -> None:
    page = lesson("compare", "answers-5", width=360)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for cell in host(page).locator("td:not(:nth-child(2))").all():
        box = cell.bounding_box()
        assert box
        assert box["width"] > 130
        assert cell.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1")


# ------------------------------------------------------------------ the quiz


def right_of(quiz: Locator) -> str:
    return str(quiz.locator(".fb .fb-right").get_attribute("data-option"))


def test_a_quiz_is_answered_by_keyboard(lesson: Callable[..., Page]) -> None:
    page = lesson()
    quiz = page.locator("asrun-quiz").first
    right = right_of(quiz)
    letters = [str(i.get_attribute("value")) for i in quiz.locator("input").all()]
    wrong = next(letter for letter in letters if letter != right)
    assert not quiz.locator(".answer").is_visible()

    keyboard(page, quiz.get_by_role("button", name="Check"))
    page.keyboard.press("Enter")
    assert quiz.get_by_role("status").inner_text() == "Choose an option first."

    keyboard(page, quiz.locator("input").first)
    page.keyboard.press("Space")
    for _ in range(letters.index(wrong)):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    status = quiz.get_by_role("status")
    explained = quiz.locator(f".fb [data-option={wrong}] .said").text_content()
    assert str(explained).strip() in status.inner_text()
    assert "wrong" in status.inner_text()
    assert not quiz.locator(".answer").is_visible()
    assert next(iter(kept(page).values()))["right"] is False

    # The proof is one press away, and so is another try.
    links = status.locator("a.st")
    assert quiz.locator(".fb-right a.st").first.get_attribute("href") in [
        a.get_attribute("href") for a in links.all()
    ]
    keyboard(page, quiz.get_by_role("button", name="Try again"))
    page.keyboard.press("Enter")
    assert quiz.locator("input:checked").count() == 0
    quiz.locator(f"input[value={right}]").focus()
    page.keyboard.press("Space")
    keyboard(page, quiz.get_by_role("button", name="Check"))
    page.keyboard.press("Enter")
    assert "right" in status.inner_text()
    assert quiz.locator(".answer").is_visible()
    assert next(iter(kept(page).values()))["right"] is True


def test_a_changed_run_changes_what_is_said_of_the_answer(lesson: Callable[..., Page]) -> None:
    page = lesson()
    quiz = page.locator("asrun-quiz").first
    quiz.locator(f"input[value={right_of(quiz)}]").check()
    quiz.get_by_role("button", name="Check").click()
    page.reload()
    assert quiz.get_by_role("status").inner_text() == "You had this right."
    page.evaluate(
        """localStorage["asrun:kept"] =
             localStorage["asrun:kept"].replaceAll(/"digest":"./g, '"digest":"x')"""
    )
    page.reload()
    assert quiz.get_by_role("status").text_content() == "Changed since you answered."
    assert not quiz.locator(".answer").is_visible()


# ------------------------------------------------------------------ each mode to its end


def test_predict_by_keyboard(lesson: Callable[..., Page]) -> None:
    page = lesson("predict", "answers-1")
    steps = page.locator("asrun-player").first.locator(".ex tbody tr").count()
    keyboard(page, host(page).get_by_role("button").first)
    # At the last, nothing else is left: there is nothing to ask.
    for n in range(2, steps):
        asked = host(page).get_by_role("status").inner_text()
        assert f"after step {n - 1}" in asked.lower()
        assert page.locator(f"#answers-{n}.veiled").count() == 1
        page.keyboard.press("Enter")
        said = host(page).get_by_role("status").inner_text()
        assert "it ran otherwise" in said or "as it ran" in said
        assert page.locator(f"#answers-{n}.veiled").count() == 0
        assert page.locator(".cur").first.inner_text() == str(n)
        page.keyboard.press("Enter")
    assert f"of {steps - 2} right at once" in host(page).inner_text()
    assert len(kept(page)) == steps - 2


def test_predict_can_be_skipped_and_keeps_nothing_of_it(lesson: Callable[..., Page]) -> None:
    page = lesson("predict", "answers-1")
    host(page).get_by_role("button", name="Skip").click()
    assert "ran" not in host(page).get_by_role("status").inner_text()
    assert host(page).get_by_role("button", name="Next").is_visible()
    assert kept(page) == {}


def test_the_runtime_by_keyboard(lesson: Callable[..., Page]) -> None:
    page = lesson("runtime", "answers-1")
    keyboard(page, host(page).locator(".choices button").first)
    refused = 0
    for _ in range(100):
        if "right at once" in host(page).inner_text():
            break
        page.keyboard.press("Enter")
        if "not yet" in host(page).inner_text():
            refused += 1
    assert "of 15 right at once" in host(page).inner_text()
    assert refused > 0
    assert len(kept(page)) == 15
    assert page.locator(".veiled").count() == 0


def test_a_wrong_choice_says_which_cause_is_missing(lesson: Callable[..., Page]) -> None:
    page = lesson("runtime", "answers-6")
    host(page).get_by_role("button", name="resumed after yield db").click()
    said = host(page).get_by_role("status").last.inner_text()
    assert "http.response.body" in said
    assert host(page).get_by_role("button", name="resumed after yield db").is_disabled()


def labels(page: Page) -> list[str]:
    return [str(li.text_content()) for li in page.locator(".order li > :nth-child(2)").all()]


def recorded(page: Page) -> list[str]:
    """The steps of the shown run, as Order it names them, in the order of the table."""
    rows = page.locator("asrun-player:not([hidden]) .ex tbody tr").all()
    return [
        f"{row.locator('.lane').text_content()} {row.locator('.act > code').text_content()}"
        for row in rows
    ]


def arrange(page: Page, wanted: list[str]) -> None:
    """Bring the list into an order with the arrow keys alone."""
    for at, label in enumerate(wanted):
        now = labels(page)
        item = page.locator(".order li").nth(now.index(label))
        keyboard(page, item.get_by_role("button").first)
        for _ in range(now.index(label) - at):
            page.keyboard.press("ArrowUp")
    assert labels(page) == wanted


def check(page: Page) -> str:
    keyboard(page, page.get_by_role("button", name="Check").first)
    page.keyboard.press("Enter")
    return host(page).get_by_role("status").last.inner_text()


def test_order_by_keyboard(lesson: Callable[..., Page]) -> None:
    page = lesson("order")
    as_it_ran = [label for label in recorded(page) if label in labels(page)]
    assert labels(page) != as_it_ran
    assert "it can't be so" in check(page)
    arrange(page, as_it_ran)
    assert check(page).endswith("as it ran")


def test_an_order_that_could_have_been_is_right(lesson: Callable[..., Page]) -> None:
    page = lesson("order")
    other = [label for label in recorded(page) if label in labels(page)]
    whole = next(label for label in other if label.startswith("client 200"))
    # When the client has the response, no one in the app waits for: it can be last of all.
    other.remove(whole)
    other.append(whole)
    arrange(page, other)
    assert "it could have been so" in check(page)
    # But it can't have what was not sent.
    other.remove(whole)
    other.insert(1, whole)
    arrange(page, other)
    said = check(page)
    assert "it can't be so" in said
    assert "The client has only what was sent to it." in said
    assert "client 200" in said


def test_order_by_buttons_and_by_dragging(lesson: Callable[..., Page]) -> None:
    page = lesson("order")
    before = labels(page)
    page.get_by_role("button", name=f"Down: {before[0]}").click()
    assert labels(page)[:2] == [before[1], before[0]]
    page.get_by_role("button", name=f"Up: {before[0]}").click()
    assert labels(page) == before
    page.locator(".order").evaluate("(e) => e.scrollIntoView({block: 'center'})")
    first, third = (page.locator(".order li").nth(at).bounding_box() for at in (0, 2))
    assert first
    assert third
    page.mouse.move(first["x"] + 100, first["y"] + 10)
    page.mouse.down()
    page.mouse.move(third["x"] + 100, third["y"] + 10, steps=20)
    page.mouse.up()
    assert labels(page)[:3] == [before[1], before[2], before[0]]
    assert labels(page)[3:] == before[3:]


def test_explain_by_keyboard(lesson: Callable[..., Page]) -> None:
    page = lesson("explain", "answers-6")
    why = page.locator("#answers-6 .why").inner_text()
    assert not page.locator(".console li:not([hidden]) .why").first.is_visible()
    keyboard(page, host(page).get_by_role("textbox"))
    page.keyboard.type("because")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert why in host(page).inner_text()
    # What the key moments say of this step stands beside it.
    assert page.locator(".km:has([href='#answers-6'])").count()
    for moment in page.locator(".km:has([href='#answers-6']) h3").all():
        assert moment.inner_text() in host(page).inner_text()
    keyboard(page, host(page).get_by_role("button", name="Partly"))
    page.keyboard.press("Enter")
    [(key, item)] = kept(page).items()
    assert key == f"{LESSON}/answers/explain/6"
    assert item["right"] is False
    assert host(page).get_by_role("textbox").input_value() == ""


def test_what_was_written_is_there_again(lesson: Callable[..., Page]) -> None:
    page = lesson("explain", "answers-6")
    host(page).get_by_role("textbox").fill("it waits")
    page.reload()
    assert host(page).get_by_role("textbox").input_value() == "it waits"


@pytest.mark.parametrize("mode", [*READ, *MODES])
def test_a_mode_leaves_nothing_behind(mode: str, lesson: Callable[..., Page]) -> None:
    page = lesson(mode, "answers-6")
    assert host(page).inner_text()
    page.locator(".modes a[href*=watch]").click()
    assert host(page).inner_text() == ""
    assert page.locator(".veiled, [data-veil], [data-no-why]").count() == 0
    assert page.locator("#answers-17").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_nothing(mode: str, scheme: str, visit: Opener, built_site: Path) -> None:
    # Not by `lesson`: axe itself makes a browser complain, where there is no server.
    page = visit(f"{(built_site / PAGE).as_uri()}?mode={mode}#answers-6", color_scheme=scheme).page
    if mode in ("predict", "runtime"):
        host(page).locator(".choices button").first.click()
    elif mode != "review":
        name = "Check" if mode == "order" else "Show the reason"
        host(page).get_by_role("button", name=name).click()
    found = Axe().run(page, context="asrun-player:not([hidden])").response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_on_paper_answers_are_at_the_end_and_modes_are_not(lesson: Callable[..., Page]) -> None:
    page = lesson("predict", "answers-6")
    page.emulate_media(media="print")
    assert not host(page).is_visible()
    assert page.get_by_role("button", name="Check").count() == 0
    assert page.locator(".answers").is_visible()
    assert page.locator("#answers-17").is_visible()
