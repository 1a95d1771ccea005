"""A lesson's page: everything that is told is on it, and only what was proved is marked so."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests import pages
from tests.dom import Element
from tests.pages import LESSON, site_of, tree_of
from tests.runs import text


@pytest.fixture(scope="module")
def lesson() -> Element:
    return tree_of(pages.site())


def test_every_step_has_a_row_with_all_that_is_told(lesson: Element) -> None:
    for run in pages.page().runs:
        for step in run.steps:
            row = lesson.one("tr", id=step.address)
            assert row.one("th").text == str(step.n)
            act = row.one(cls="act")
            assert act.holds(step.lane_label)
            assert act.holds(step.action)
            assert act.holds("".join(piece.value for piece in step.what))
            for label, states in (("Before", step.before), ("After", step.after)):
                shown = row.one("td", data_label=label).all("p")
                assert [one.text for one in shown] == list(states)
            notes = row.one("td", data_label="Notes").all("p")
            why = "".join(piece.value for piece in step.why)
            assert [n.text for n in notes if "why" in n.classes] == [why] * bool(why)
            rest = [n for n in notes if "why" not in n.classes]
            for note, shown_note in zip(step.notes, rest, strict=True):
                assert shown_note.holds("".join(piece.value for piece in note.text))
                assert ("by-author" in shown_note.classes) == (note.by == "author")
            assert [one.attrs["value"] for one in row.one(cls="events").all("li")] == [
                str(e.seq) for e in step.events
            ]


def test_each_run_stands_whole(lesson: Element) -> None:
    for run in pages.page().runs:
        part = lesson.one("asrun-player", data_run=run.scenario)
        assert part.attrs["data-step"] == str(run.stage)
        assert part.attrs["data-digest"] == run.digest
        says, step = part.one("div", "says"), run.steps[run.stage - 1]
        for sentence in (step.what, step.why):
            assert says.holds("".join(piece.value for piece in sentence))
        picture = part.one(role="img")
        assert picture.attrs["aria-label"] == run.lanes_label
        for row in run.rows:
            marks = picture.one(data_row=row.key).all("i", "mark")
            assert len(marks) == len(row.marks)
            for mark, drawn in zip(row.marks, marks, strict=True):
                assert drawn.attrs["style"] == f"grid-column:{mark.first}/{mark.last + 1}"
                assert mark.kind in drawn.classes
        stage = run.steps[run.stage - 1]
        assert part.one("ol", "stack").one("li", "now").attrs["data-frame"] == stage.row
        assert [li.attrs["value"] for li in part.all("li", "on")] == [str(stage.line)]
        assert len(part.one(cls="flow").all("a")) == len(run.flow)
        for name in ("flow", "table", "tracker"):
            part.one("h3", id=f"{name}-of-{run.scenario}")
        for paragraph in run.transcript:
            told = "".join(piece.value for piece in paragraph.text)
            words = lesson.one("div", "transcript", data_run=run.scenario).text
            assert " ".join(told.split()) in " ".join(words.split())


def test_no_link_is_in_a_link(lesson: Element) -> None:
    for link in lesson.all("a"):
        assert link.all("a") == [link]


def test_tracker_cells(lesson: Element) -> None:
    rows = lesson.all("table", "vt")[0].all("tr")[1:]
    assert [(cell.text, cell.attrs.get("colspan", "1")) for cell in rows[0].all("td")] == [
        ("–", "1"),
        ("+ running", "2"),
        ("→ suspended", "1"),
        ("→ running", "1"),
        ("→ finished", "1"),
    ]
    columns = len(lesson.all("table", "vt")[0].all("tr")[0].all("th")) - 1
    for row in rows:
        assert sum(int(cell.attrs.get("colspan", "1")) for cell in row.all("td")) == columns
    assert rows[1].all("td")[-1].text == "gone"
    [asleep] = [cell for cell in rows[1].all("td") if "asleep" in cell.classes]
    assert asleep.text.endswith(", unchanged")


def test_the_sample_is_the_whole_file_with_the_rest_folded(lesson: Element) -> None:
    sample = lesson.one("div", "sample")
    lines = sample.all("li")
    assert [li.attrs["id"] for li in lines] == [f"L{n}" for n in range(1, 24)]
    assert [li.one("code").text.strip() for li in lines] == [
        line.strip() for line in pages.APP.splitlines()
    ]
    folded = [li.attrs["value"] for fold in sample.all("details") for li in fold.all("li")]
    assert folded == [str(n) for n in range(1, 12)]
    cited = sample.one(id="L15").one(cls="at")
    assert [a.attrs["href"] for a in cited.all("a")] == [
        "#answers-6",
        "#answers-14",
        "#raises-6",
        "#raises-10",
    ]
    assert [small.text for small in cited.all("small")] == ["run 1", "run 2"]


def test_a_run_shows_the_lines_that_it_ran_though_they_are_not_in_the_sample() -> None:
    page = pages.page()
    page = replace(page, lesson=replace(page.lesson, shown=((12, 14),)))
    tree = tree_of(site_of(page))
    assert [d for d in tree.one("div", "sample").all("details") if d.all("li", value="23")]
    for run in page.runs:
        code = tree.one("asrun-player", data_run=run.scenario).one("div", "code")
        assert not code.all("details")
        ran = {str(step.line) for step in run.steps if step.line}
        shown = [li.attrs["value"] for li in code.all("li")]
        assert ran <= set(shown)
        assert "1" not in shown
        assert {a.attrs["href"] for a in code.all("a", "st")} == {
            f"#{s.address}" for s in run.steps if s.line
        }


def test_of_a_line_that_runs_often_a_few_steps_are_cited() -> None:
    page = pages.page(repeated=9)
    [run, _] = page.runs
    tree = tree_of(site_of(page))
    player = tree.one("asrun-player", data_run=run.scenario)
    for line in page.code:
        steps = [str(step.n) for step in run.steps if step.address in line.steps]
        if not steps:
            continue
        cited = player.one(cls="code").one("li", value=str(line.number)).one(cls="at")
        assert [link.text for link in cited.all("a")] == (steps if len(steps) < 9 else steps[:4])
        assert cited.holds(f"and {len(steps) - 4} more") == (len(steps) > 8)


def test_only_proved_sentences_are_marked(lesson: Element) -> None:
    moment = lesson.one(id="said-cleanup_follows_the_response")
    assert moment.one("span", "ok").text == "proved"
    assert moment.holds("on FastAPI 0.165.0")
    assert moment.holds(
        "Its author says that it holds in <0.106 or >=0.118. No other release was recorded."
    )
    assert moment.one("pre").text.startswith("sent = trace.last(")
    [advice] = [s for s in lesson.all("section") if s.attrs.get("aria-labelledby") == "advice"]
    assert not advice.all(cls="ok")
    assert advice.holds("the author’s opinion")

    page = pages.page()
    [said] = page.key_moments
    for other, words in (
        (replace(said, proved=False, elsewhere=True), "Not true on FastAPI 0.165.0"),
        (replace(said, proved=False), "Not proved in this build"),
    ):
        tree = tree_of(site_of(replace(page, key_moments=(other,), proved=3)))
        moment = tree.one(id=f"said-{said.statement.name}")
        assert not moment.all(cls="ok")
        assert moment.holds(words)
        assert tree.one("dl", "meta").holds("3 proved by this build of 4")


def test_quiz(lesson: Element) -> None:
    quiz = lesson.one("asrun-quiz", "qz")
    radios = quiz.all("input")
    assert [r.attrs["value"] for r in radios] == ["A", "B", "C"]
    assert {r.attrs["name"] for r in radios} == {"quiz-state_once_lent"}
    assert not [r for r in radios if "checked" in r.attrs]
    assert quiz.one("details", "hint").holds("variable tracker")
    answers = quiz.one("details", "answer")
    assert [li.attrs["data-option"] for li in answers.all("li", "fb-right")] == ["B"]
    assert [li.attrs["data-option"] for li in answers.all("li", "fb-wrong")] == ["A", "C"]
    printed = lesson.one("section", "answers")
    assert printed.holds("B open: Nothing has used it yet.")
    # Before the answer is opened, nothing on the page may give it away.
    assert not [
        e for label in quiz.all("label") for e in label.walk() if "right" in json.dumps(e.attrs)
    ]


def test_steps_of_several_runs_name_their_run() -> None:
    page = pages.page()
    [said] = page.key_moments
    both = replace(
        said,
        statement=replace(said.statement, on=("answers", "raises")),
        text=text("At {a} and {b}.", a="answers-6", b="raises-6"),
    )
    tree = tree_of(site_of(replace(page, key_moments=(both,))))
    words = tree.one(id=f"said-{said.statement.name}").all("p", "said")[0]
    assert words.text.replace("\u202f", " ") == "At run 1 6 and run 2 6."


def test_downloads(lesson: Element) -> None:
    files = [a.attrs["href"] for a in lesson.one("ul", "files").all("a")]
    name = LESSON.split("/")[1]
    assert files == [
        f"{name}/app.py",
        f"{name}/lesson.py",
        f"{name}/answers.json",
        f"{name}/raises.json",
        "../trace.schema.json",
    ]


def test_where_runs_come_from(lesson: Element) -> None:
    assert lesson.one("dl", "meta").holds("1 recorded in this build, 1 from the cache")
    assert lesson.one(id="run-of-answers").holds("recorded in this build")
    assert lesson.one(id="run-of-raises").holds("from the cache")
