"""The page of a lesson: citations and values filled in, options shuffled, minutes counted."""

from __future__ import annotations

import math

import pytest

from asrun.elsewhere import Answer, History
from asrun.model import Choice, Cite, Problem, Statement, Verdict, VersionRange
from asrun.narrate import step_of, tell_lesson, tell_run
from asrun.narrate.prose import plain, say
from asrun.page import LessonPage
from asrun.story import Piece, Text
from tests import traces
from tests.traces import VERSIONS, Script


def statement(name: str, text: str, kind: str = "key_moment", **more: str) -> Statement:
    return Statement(kind=kind, name=name, line=1, text=text, text_line=2, on=("answers",), **more)  # type: ignore[arg-type]


def page(
    script: Script, *pairs: tuple[Statement, Verdict], problems: tuple[Problem, ...] = ()
) -> LessonPage:
    lesson = script.lesson(*(s for s, _ in pairs))
    run = tell_run(lesson, script.trace())
    return tell_lesson(lesson, [run], {v.statement: v for _, v in pairs}, problems, VERSIONS)


def pieces(text: Text) -> list[tuple[str, str, str]]:
    return [(p.kind, p.value, p.target) for p in text]


def test_citations_and_values_are_filled_in() -> None:
    script = traces.answers()
    seq = script.seq(kind="resume")
    said = statement("m", "`get_db` is resumed at {back}; the `{status}` had left. {other} stays.")
    verdict = Verdict("m", "proved", {"back": Cite("answers", seq), "status": Cite(value="200")})
    told = page(script, (said, verdict))
    assert pieces(told.key_moments[0].text) == [
        ("code", "get_db", ""),
        ("words", " is resumed at ", ""),
        ("step", "14", "answers-14"),
        ("words", "; the ", ""),
        ("code", "200", ""),
        ("words", " had left. {other} stays.", ""),
    ]
    assert told.key_moments[0].runs == ("Title of answers",)
    assert told.proved == 1


def test_an_option_is_told_with_the_releases_in_which_it_is_right() -> None:
    asked = statement("q", "Which?", kind="quiz", question="Which?")
    why = "So in FastAPI {releases}."
    choices = (Choice("here", True, "Yes."), Choice("there", False, why), Choice("no", False, "No"))
    verdict = Verdict("q", "proved", choices=choices)
    ranges = (VersionRange("0.95.2", "0.105.0"), VersionRange("0.118.0", "0.118.0"))
    history = History(
        "0.95.2", "0.165.0", (), (), (), answers={("q", "there"): Answer("0.95.2", ranges)}
    )
    script = traces.answers()
    runs = [tell_run(script.lesson(asked), script.trace())]
    told = tell_lesson(script.lesson(asked), runs, {"q": verdict}, (), VERSIONS, history)
    by_text = {plain(c.text): (plain(c.why), c.page) for c in told.quiz[0].choices}
    assert by_text["there"] == ("So in FastAPI 0.95.2 to 0.105.0 and 0.118.0.", "0.95.2")
    assert (by_text["here"][1], by_text["no"][1]) == (None, None)


def test_a_value_is_never_parsed() -> None:
    said = statement("m", "It is {value}.")
    verdict = Verdict("m", "proved", {"value": Cite(value="`x` {value} <b>")})
    text = page(traces.answers(), (said, verdict)).key_moments[0].text
    assert pieces(text) == [
        ("words", "It is ", ""),
        ("code", "`x` {value} <b>", ""),
        ("words", ".", ""),
    ]


def test_what_is_not_proved_stands_as_it_was_written() -> None:
    said = statement("m", "`get_db` is resumed at {back}.")
    problem = Problem(
        "statement-false",
        "lesson.py",
        1,
        "false",
        "mend it",
        lesson="chapter/lesson",
        statement="m",
    )
    other = Problem(
        "crashed", "lesson.py", 1, "crashed", "mend it", lesson="chapter/other", statement="m"
    )
    told = page(
        traces.answers(),
        (said, Verdict("m", "false", {"back": Cite("answers", 24)})),
        problems=(other, problem),
    )
    assert pieces(told.key_moments[0].text) == [
        ("code", "get_db", ""),
        ("words", " is resumed at {back}.", ""),
    ]
    assert told.key_moments[0].problem is problem
    assert not told.key_moments[0].proved
    assert told.proved == 0
    assert told.problems == (problem,)


def test_what_holds_elsewhere_is_neither_proved_nor_a_problem() -> None:
    told = page(traces.answers(), (statement("m", "x"), Verdict("m", "false"))).key_moments[0]
    assert (told.proved, told.elsewhere, told.problem) == (False, True, None)


def test_a_statement_without_a_verdict_is_not_proved() -> None:
    script = traces.answers()
    lesson = script.lesson(statement("m", "x"))
    told = tell_lesson(lesson, [], {}, [], None)
    assert not told.key_moments[0].proved
    assert told.versions is None


def test_a_citation_of_a_run_that_is_not_there_is_an_error() -> None:
    said = statement("m", "At {back}.")
    with pytest.raises(KeyError):
        page(traces.answers(), (said, Verdict("m", "proved", {"back": Cite("raises", 1)})))
    with pytest.raises(KeyError):
        page(traces.answers(), (said, Verdict("m", "proved", {"back": Cite("answers", 999)})))


def test_statements_are_sorted_by_what_they_are() -> None:
    kinds = ("exit_line", "snapshot", "quiz", "key_moment")
    told = page(traces.answers(), *((statement(k, k, k), Verdict(k, "proved")) for k in kinds))
    assert [
        s.statement.name for s in (*told.key_moments, *told.quiz, *told.snapshot, *told.exit_lines)
    ] == [
        "key_moment",
        "quiz",
        "snapshot",
        "exit_line",
    ]


def quiz_order(name: str) -> list[str]:
    choices = tuple(Choice(f"{i}", i == 0, "Because of {there}.") for i in range(4))
    verdict = Verdict(name, "proved", {"there": Cite("answers", 1)}, choices)
    told = page(traces.answers(), (statement(name, "Which?", "quiz"), verdict)).quiz[0]
    assert sorted("".join(p.value for p in c.text) for c in told.choices) == ["0", "1", "2", "3"]
    assert sum(c.right for c in told.choices) == 1
    assert all(c.why[1] == Piece("step", "1", "answers-1") for c in told.choices)
    return ["".join(p.value for p in c.text) for c in told.choices]


def test_the_right_option_is_not_always_in_the_same_place() -> None:
    places = [quiz_order(f"question_{i}").index("0") for i in range(24)]
    assert set(places) == {0, 1, 2, 3}


def test_the_options_of_a_question_never_change_their_order() -> None:
    assert quiz_order("question_1") == quiz_order("question_1") == ["1", "2", "0", "3"]


def test_minutes_are_counted_from_the_words_on_the_page() -> None:
    script = traces.answers()
    few = page(script)
    words = 1_000
    many = page(script, (statement("m", "word " * words), Verdict("m", "proved")))
    assert few.minutes >= 2
    assert many.minutes - few.minutes in {math.floor(words / 200), math.ceil(words / 200)}


def test_the_code_has_its_steps_and_no_authors_notes() -> None:
    script = traces.answers()
    told = page(script)
    line = told.code[script.line_of("db = AsyncSession(engine)") - 1]
    assert line.text == "    db = AsyncSession(engine)"
    assert line.note == "It connects when it is first used"
    assert line.steps == ("answers-5",)
    lent = told.code[script.line_of("yield db") - 1]
    assert lent.steps == ("answers-6", "answers-14")
    assert [c.number for c in told.code] == list(range(1, len(script.app.splitlines()) + 1))


def test_a_statement_that_changed_nothing_has_the_step_that_it_ran_in() -> None:
    script = traces.threads()
    told = page(script)
    assert told.code[script.line_of("time.sleep(0.1)") - 1].steps == ("def_endpoint-5",)


def test_step_of_finds_the_step_that_a_citation_leads_to() -> None:
    script = traces.answers()
    run = tell_run(script.lesson(), script.trace())
    assert step_of(run, script.seq(kind="yield")).address == "answers-6"


# ------------------------------------------------------------------ the templates themselves


def test_a_template_takes_parts_of_every_kind() -> None:
    text = say(
        "{a} is `{b}` and `x {c} y`, not {d}.", a=Piece("code", "f"), b=1, c="z", d=say("`g`!")
    )
    assert pieces(text) == [
        ("code", "f", ""),
        ("words", " is ", ""),
        ("code", "1", ""),
        ("words", " and ", ""),
        ("code", "x z y", ""),
        ("words", ", not ", ""),
        ("code", "g", ""),
        ("words", "!.", ""),
    ]


def test_a_citation_in_backticks_stays_a_citation() -> None:
    assert say("`{a}`", a=Piece("step", "3", "x-3")) == (Piece("step", "3", "x-3"),)


def test_a_backtick_without_a_partner_is_a_backtick() -> None:
    assert pieces(say("one ` only, {nothing} here")) == [
        ("words", "one ` only, {nothing} here", "")
    ]
