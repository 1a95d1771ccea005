"""One proof, one verdict: every outcome, told with the author's line and in sentences about events."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from asrun.judge.child import judge
from tests.proofs.cases import HEAD, judged, recorded, verdict

FIRST = HEAD.count("\n") + 2
"""The line of `lesson.py` on which a test's statement begins."""


def test_a_proof_that_holds(tmp_path: Path) -> None:
    said = verdict(
        tmp_path,
        '''
        @snapshot(on=raises)
        def p(trace):
            """A {status} leaves at {sent}."""
            sent = trace.one(asgi="http.response.start")
            assert sent.status == 500
            return {"sent": sent, "status": sent.status}
        ''',
    )
    assert said["outcome"] == "proved"
    assert said["cites"]["status"] == {"scenario": "", "seq": 0, "value": "500"}
    sent = said["cites"]["sent"]
    events = {e["seq"]: e for e in recorded("raises")["events"]}
    assert events[sent["seq"]]["asgi"] == "http.response.start"
    assert (said["message"], said["line"], said["touched"]) == ("", 0, [])


def test_the_answer_is_plain_data(tmp_path: Path) -> None:
    answer = judged(tmp_path, (Path(__file__).parent / "proofs" / "accepted.py").read_text())
    assert json.loads(json.dumps(answer)) == answer


# ------------------------------------------------------------------ false


def _false(tmp_path: Path, *lines: str, on: str = "answers") -> dict[str, Any]:
    body = "\n            ".join(lines)
    said = verdict(
        tmp_path,
        f'''
        @snapshot(on={on})
        def p(trace):
            """It is so."""
            sent = trace.one(asgi="http.response.body")
            back = trace.one(resumed="get_db", at="yield")
            {body}
        ''',
    )
    assert said["outcome"] == "false"
    assert said["line"] == FIRST + 4 + len(lines)
    return said


def _seqs(scenario: str, **fields: Any) -> list[int]:
    return [
        e["seq"]
        for e in recorded(scenario)["events"]
        if all(e.get(name) == value for name, value in fields.items())
    ]


def test_a_false_order_is_told_by_its_events(tmp_path: Path) -> None:
    said = _false(tmp_path, "assert back < sent")
    (body,) = _seqs("answers", asgi="http.response.body")
    (resumed,) = _seqs("answers", kind="resume", function="get_db")
    assert said["message"] == (
        f"`back < sent` is false: `back` is the resume of `get_db` after yield (event {resumed}), "
        f"`sent` is `http.response.body` (event {body}), which came {resumed - body} events earlier"
    )
    assert [t["seq"] for t in said["touched"]] == sorted([body, resumed])
    assert {t["scenario"] for t in said["touched"]} == {"answers"}


def test_of_a_chain_the_false_link_is_told(tmp_path: Path) -> None:
    said = _false(
        tmp_path, 'start = trace.one(asgi="http.response.start")', "assert start < back < sent"
    )
    assert said["message"].startswith("`back < sent` is false: ")


def test_of_a_conjunction_the_false_part_is_told(tmp_path: Path) -> None:
    said = _false(tmp_path, "assert sent < back and back < sent")
    assert said["message"].startswith("`back < sent` is false: ")


def test_of_a_disjunction_all_parts_are_told(tmp_path: Path) -> None:
    said = _false(tmp_path, "assert back < sent or back == sent")
    assert "`back < sent` is false" in said["message"]
    assert "`back == sent` is false" in said["message"]


def test_the_same_event_is_told_as_such(tmp_path: Path) -> None:
    assert _false(tmp_path, "assert sent < sent")["message"].endswith(", which is the same event")


def test_a_false_value_is_told_with_what_was_asked_for_it(tmp_path: Path) -> None:
    said = _false(tmp_path, 'now = trace.state("db", after=back)', 'assert now == "closed"')
    assert said["message"] == "`now == 'closed'` is false: `now` is 'in use'"
    (back,) = _seqs("answers", kind="resume", function="get_db")
    assert back in [t["seq"] for t in said["touched"]]


def test_a_false_read_is_told_with_its_moment(tmp_path: Path) -> None:
    said = _false(tmp_path, 'assert sent.body == "pear"')
    assert "`sent.body` is" in said["message"]
    assert "`sent` is `http.response.body`" in said["message"]


def test_a_false_count_is_told_with_its_number_and_its_events(tmp_path: Path) -> None:
    said = _false(tmp_path, 'assert trace.count(kind="yield", function="get_db") == 2')
    assert "is 1" in said["message"]
    assert _seqs("answers", kind="yield", function="get_db") == [t["seq"] for t in said["touched"]]


def test_a_false_negation_is_told(tmp_path: Path) -> None:
    message = _false(tmp_path, "assert not sent < back")["message"]
    assert message.startswith("`not sent < back` is false: `sent < back` is True, `sent` is `http.")


def test_the_authors_own_message_is_told_too(tmp_path: Path) -> None:
    assert _false(tmp_path, 'assert back < sent, "cleanup first"')["message"].endswith(
        ": cleanup first"
    )


def test_an_assertion_over_several_lines_and_in_a_helper(tmp_path: Path) -> None:
    said = verdict(
        tmp_path,
        '''
        def first_then(trace, one, other):
            assert (
                one
                < other
            )

        @snapshot(on=answers)
        def p(trace):
            """It is so."""
            first_then(trace, trace.one(returned="read_item"), trace.one(called="read_item"))
        ''',
    )
    assert said["outcome"] == "false"
    assert said["message"].startswith("`one < other` is false: `one` is the return of `read_item`")
    assert FIRST < said["line"] <= FIRST + 4


def test_no_frame_of_the_engine_is_named(tmp_path: Path) -> None:
    said = _false(tmp_path, "assert back < sent")
    assert "asrun" not in json.dumps(said)


# ------------------------------------------------------------------ missing, unproved, crashed


def _said(
    tmp_path: Path, body: str, *, text: str = "It is so.", on: str = "answers"
) -> dict[str, Any]:
    return verdict(
        tmp_path,
        f'@snapshot(on={on})\ndef p(trace):\n    """{text}"""\n'
        + textwrap.indent(textwrap.dedent(body).strip(), "    "),
    )


def test_a_lookup_that_fails_is_a_missing_step(tmp_path: Path) -> None:
    said = _said(tmp_path, 'assert trace.one(called="read_item").status == 200', on="misfit")
    assert said["outcome"] == "missing"
    assert said["line"] == FIRST + 3
    assert "fits no event in the run `misfit`" in said["message"]


def test_a_proof_that_asks_nothing_is_unproved(tmp_path: Path) -> None:
    said = _said(tmp_path, "assert 1 + 1 == 2")
    assert (said["outcome"], said["line"]) == ("unproved", FIRST + 1)
    assert "asks the trace nothing" in said["message"]


def test_a_proof_that_asserts_nothing_is_unproved(tmp_path: Path) -> None:
    said = _said(
        tmp_path, 'return {"sent": trace.one(asgi="http.response.body")}', text="At {sent}."
    )
    assert said["outcome"] == "unproved"
    assert "asserts nothing" in said["message"]


def test_an_assertion_that_did_not_run_does_not_count(tmp_path: Path) -> None:
    said = _said(
        tmp_path,
        """
        for moment in trace.all(raised="read_item"):
            assert moment.exception == "IndexError"
        """,
    )
    assert said["outcome"] == "unproved"


@pytest.mark.parametrize(
    ("body", "text", "message"),
    [
        ("trace.count(kind='line'); {}['x']", "", "KeyError: 'x'"),
        ("trace[0]", "", "a trace can't be indexed"),
        ("for event in trace: pass", "", "a trace can't be iterated"),
        ("assert trace", "", "neither true nor false"),
        ("assert trace.one(kind='done', request=1)", "", "is a moment, and always true"),
        ("return [1]", "", "returns a dict"),
        ("return {'sent': 1.5}", "At {sent}.", "`sent` is 1.5"),
        ("return {'sent': True}", "At {sent}.", "`sent` is True"),
        ("return {'sended': 1}", "At {sent}.", "does not return; did you mean {sended}?"),
        ("return None", "At {sent}.", "cites {sent}, which the function does not return"),
        ("trace.one(called=3)", "", "called= takes text"),
        ("raise SystemExit", "", "SystemExit"),
    ],
)  # fmt: skip
def test_a_proof_that_crashes_says_how(tmp_path: Path, body: str, text: str, message: str) -> None:
    said = _said(tmp_path, body, text=text or "It is so.")
    assert said["outcome"] == "crashed"
    assert message in said["message"]
    assert said["line"] in {FIRST + 1, FIRST + 3}


def test_an_assertion_of_a_library_is_a_crash(tmp_path: Path) -> None:
    said = _said(tmp_path, "import unittest\nunittest.TestCase().fail(trace.count(kind='line'))")
    assert said["outcome"] == "crashed"
    assert said["message"].startswith("AssertionError: ")


def test_a_proof_that_takes_another_number_of_traces(tmp_path: Path) -> None:
    said = verdict(
        tmp_path,
        '''
        @snapshot(on=(answers, raises))
        def p(trace):
            """It is so."""
            assert trace.count(kind="line") == 1
        ''',
    )
    assert said["outcome"] == "crashed"
    assert said["message"] == (
        "it is on answers, raises and is given a trace for each, but takes 1 parameter"
    )


def test_an_async_proof_is_told(tmp_path: Path) -> None:
    source = '@snapshot(on=answers)\nasync def p(trace):\n    """It is so."""\n'
    said = verdict(tmp_path, source)
    assert said["outcome"] == "crashed"
    assert said["message"] == "a proof is a plain function; this one is `async def`"


# ------------------------------------------------------------------ quizzes


def _quiz(tmp_path: Path, options: str, question: str = "What?") -> dict[str, Any]:
    return verdict(
        tmp_path,
        f"""
        @quiz("{question}", on=answers, hint="Look.")
        def q(trace):
            sent = trace.one(asgi="http.response.start")
            return Options({options})
        """,
    )


def test_a_quiz_gives_its_choices_as_the_trace_decided_them(tmp_path: Path) -> None:
    said = _quiz(
        tmp_path,
        'Option("200", sent.status == 200, "It is."), Option("500", sent.status == 500, "Not at {sent}."), sent=sent',
    )
    assert said["outcome"] == "proved"
    assert said["choices"] == [
        {"text": "200", "right": True, "why": "It is."},
        {"text": "500", "right": False, "why": "Not at {sent}."},
    ]
    assert list(said["cites"]) == ["sent"]


def test_an_option_may_say_in_which_releases_it_is_right(tmp_path: Path) -> None:
    said = _quiz(
        tmp_path,
        'Option("200", sent.status == 200, ""), Option("500", sent.status == 500, "In {releases}.")',
    )
    assert said["outcome"] == "proved"
    assert said["choices"][1]["why"] == "In {releases}."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            'Option("a", sent.status == 1, ""), Option("b", sent.status == 2, "")',
            "no option is right",
        ),
        (
            'Option("a", sent.status > 1, ""), Option("b", sent.status > 2, "")',
            "“a” and “b” are right",
        ),
        (
            'Option("a", sent.status > 1, ""), Option("a", sent.status < 2, "")',
            "the same text, “a”",
        ),
        ('Option("a", sent.status > 1, "")', "at least two options"),
    ],
)
def test_a_quiz_without_exactly_one_right_option_is_ambiguous(
    tmp_path: Path, options: str, message: str
) -> None:
    said = _quiz(tmp_path, options)
    assert said["outcome"] == "ambiguous"
    assert message in said["message"]
    assert len(said["choices"]) == options.count("Option(")


@pytest.mark.parametrize(
    ("options", "question", "message"),
    [
        ('Option("a", "yes", ""), Option("b", False, "")', "What?", "has to be True or False"),
        ('Option("a", sent, ""), Option("b", False, "")', "What?", "has to be True or False"),
        ('Option(1, True, ""), Option("b", False, "")', "What?", "text and why are text"),
        ('"a", "b"', "What?", "takes Option(...)s"),
        ('Option("a", True, ""), Option("b", False, "")', "After {sent}?", "cites {sent}"),
        ('Option("a", True, "{sent}"), Option("b", False, "")', "What?", "cites {sent}"),
        ('Option("a", True, ""), Option("b", False, "")', "In {releases}?", "cites {releases}"),
        ('Option("{releases}", True, ""), Option("b", False, "")', "What?", "cites {releases}"),
        (
            'Option("a", True, ""), Option("b", False, ""), releases=sent',
            "What?",
            "what the build puts there",
        ),
    ],
)
def test_a_quiz_that_is_written_wrongly_says_how(
    tmp_path: Path, options: str, question: str, message: str
) -> None:
    said = _quiz(tmp_path, options, question)
    assert said["outcome"] == "crashed"
    assert message in said["message"]


def test_a_quiz_that_returns_something_else(tmp_path: Path) -> None:
    said = verdict(
        tmp_path,
        '@quiz("What?", on=answers, hint="")\ndef q(trace):\n    return trace.count(kind="line")',
    )
    assert said["outcome"] == "crashed"
    assert "a quiz returns Options(...)" in said["message"]


# ------------------------------------------------------------------ lesson.py itself


def _failed(tmp_path: Path, source: str) -> dict[str, Any]:
    request = {"folder": str(tmp_path), "source": source, "app": "", "traces": {}}
    answer = judge({**request, "statements": []})
    assert answer["verdicts"] == []
    failed = answer["failed"]
    assert isinstance(failed, dict)
    return failed


def test_a_lesson_that_is_no_python_is_told_by_its_line(tmp_path: Path) -> None:
    failed = _failed(tmp_path, "x = 1\ndef (:\n")
    assert (failed["file"], failed["line"]) == ("lesson.py", 2)
    assert "SyntaxError" in failed["message"]


def test_a_lesson_whose_import_fails_is_told_by_its_line(tmp_path: Path) -> None:
    failed = _failed(tmp_path, "import json\n\nimport no_such_module\n")
    assert (failed["file"], failed["line"]) == ("lesson.py", 3)
    assert failed["message"] == "ModuleNotFoundError: No module named 'no_such_module'"


def test_a_lesson_that_exits_is_told(tmp_path: Path) -> None:
    assert _failed(tmp_path, "raise SystemExit(3)\n")["message"] == "SystemExit: 3"


def test_the_failing_file_may_be_one_that_the_lesson_imports(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text("\n1 / 0\n")
    failed = _failed(tmp_path, "import helpers\n")
    assert (failed["file"], failed["line"]) == ("helpers.py", 2)


def test_two_lessons_in_one_process_do_not_see_each_other(tmp_path: Path) -> None:
    for number in ("1", "2"):
        folder = tmp_path / number
        folder.mkdir()
        (folder / "helpers.py").write_text(f"N = {number}\n")
        said = verdict(
            folder,
            f'''
            import helpers

            @snapshot(on=answers)
            def p(trace):
                """It is so."""
                assert trace.count(called="read_item") == 1
                assert helpers.N == {number}
            ''',
        )
        assert said["outcome"] == "proved"


def test_a_statement_that_is_not_in_the_lesson(tmp_path: Path) -> None:
    asked = [{"name": "p", "kind": "snapshot", "on": ["answers"]}]
    request = {"folder": str(tmp_path), "source": "", "app": "", "traces": {}}
    answer = judge({**request, "statements": asked})
    assert answer["verdicts"][0]["outcome"] == "crashed"
    assert "no statement `p`" in answer["verdicts"][0]["message"]


def test_a_scenario_without_a_trace(tmp_path: Path) -> None:
    source = f'{HEAD}\n@snapshot(on=answers)\ndef p(trace):\n    """It is so."""\n'
    said = judged(tmp_path, source, traces={})["verdicts"][0]
    assert said["outcome"] == "crashed"
    assert said["message"] == "there is no trace of answers"
