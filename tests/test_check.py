"""It fails when it must, and says where, what was expected, what ran, and what to do."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from asrun import check, lessons, pipeline, recording
from asrun.model import Verdict
from tests.conftest import LESSON, Project

APP_PY = "snippets/lending/resource/app.py"
LESSON_PY = "snippets/lending/resource/lesson.py"


def test_what_was_accepted_is_proved(accepted: Project) -> None:
    result = accepted.asrun("check", "--format", "json")
    assert result.code == 0, result.said
    report = result.json()
    assert report["ok"] is True
    assert report["problems"] == []
    assert report["summary"] == "1 lesson, 2 scenarios, 4 statements: all proved"


def test_the_report_says_which_altered_run_killed_which_proof(accepted: Project) -> None:
    for _ in range(2):  # from the children, then from the cache
        report = accepted.asrun("check", "--format", "json").json()
        told = {s["statement"]: s for s in report["statements"]}
        assert list(told) == [
            "closed_after_the_response",
            "status",
            "the_end",
            "closed_before_the_500",
        ]
        for one in told.values():
            assert one["outcome"] == "proved"
            cited = {(c["scenario"], c["event"]) for c in one["cites"].values()}
            touched = {(c["scenario"], c["event"]) for k in one["kills"] for c in k["touched"]}
            assert cited <= touched
        (swap,) = told["closed_after_the_response"]["kills"]
        assert "came before" in swap["what"]
        assert swap["line"] == accepted.line(accepted.lesson, "assert sent < closed")


def test_a_proof_that_is_false_has_no_kills(accepted: Project) -> None:
    accepted.edit(accepted.lesson, "assert sent < closed\n", "assert closed < sent\n")
    report = accepted.asrun("check", "--format", "json").json()
    told = {s["statement"]: s for s in report["statements"]}
    assert told["closed_after_the_response"]["outcome"] == "false"
    assert told["closed_after_the_response"]["kills"] == []


def test_without_an_accepted_recording_nothing_is_proved(project: Project) -> None:
    result = project.asrun("check", "--format", "json")
    assert result.code == 1
    assert result.kinds() == ["not-accepted", "not-accepted"]
    problem = result.json()["problems"][0]
    assert problem["file"] == LESSON_PY
    assert problem["line"] == project.line(project.lesson, "async def answers")
    assert "asrun accept lending/resource" in problem["todo"]


def test_changed_behaviour_is_told_as_steps(accepted: Project) -> None:
    # The endpoint now finds the resource closed: the cleanup has moved before the yield.
    accepted.edit(
        accepted.app,
        "    resource = Resource()\n",
        "    resource = Resource()\n    resource.closed = True\n",
    )
    result = accepted.asrun("check", "--format", "json")
    assert result.code == 1
    changed = [p for p in result.json()["problems"] if p["kind"] == "behaviour-changed"]
    assert [p["scenario"] for p in changed] == ["answers", "raises"]
    assert changed[0]["file"] == APP_PY
    moves = {row["move"] for row in changed[0]["diff"]}
    assert moves & {"new", "gone", "changed"}
    assert any("resource.closed = True" in row["text"] for row in changed[0]["diff"])


@pytest.mark.parametrize(
    ("old", "new", "line", "words", "row"),
    [
        (
            "async def read(",
            "def read(",
            "def read(",
            "runs on worker thread 1, and no longer on event loop",
            "(was: on event loop; now: on worker thread 1)",
        ),
        (
            '["apple", "pear"]',
            '["lime", "pear"]',
            '["lime", "pear"]',
            '`event loop: names = ["lime", "pear"]` runs in place of `names = ["apple", "pear"]`',
            "wire: http.response.start 200   (was: content-length 7; now: content-length 6)",
        ),
        (
            "        resource.closed = True",
            "        pass",
            "yield resource",
            "`event loop: resource.closed = True` no longer runs",
            "- event loop: resource.closed = True   (no longer)",
        ),
    ],
    ids=["lane", "value", "gone"],
)
def test_what_changed_is_told_by_its_smallest_part(
    accepted: Project, old: str, new: str, line: str, words: str, row: str
) -> None:
    accepted.edit(accepted.app, old, new)
    told = accepted.asrun("check").out
    (head, *_) = [text for text in told.splitlines() if "behaviour-changed: " in text]
    assert words in head
    assert head.startswith(f"{APP_PY}:")
    assert row in told
    at = int(head.split(":")[1])
    assert abs(at - accepted.line(accepted.app, line)) <= 1


def test_a_comment_is_no_change(accepted: Project) -> None:
    accepted.edit(
        accepted.app, "app = FastAPI()\n", "app = FastAPI()  # the app\n\n# a comment\n\n"
    )
    assert accepted.asrun("check").code == 0


def test_a_false_sentence_is_told_with_its_line(accepted: Project) -> None:
    accepted.edit(accepted.lesson, "assert sent < closed\n", "assert closed < sent\n")
    result = accepted.asrun("check", "--format", "json")
    assert result.code == 1
    assert result.kinds() == ["statement-false"]
    problem = result.json()["problems"][0]
    assert problem["file"] == LESSON_PY
    assert (
        problem["line"]
        == accepted.lesson.read_text().splitlines().index("    assert closed < sent") + 1
    )
    assert "http.response.body" in problem["message"]
    assert problem["expected"].startswith("After the response: it leaves at {sent}")
    [near] = problem["near"]  # the run did not change: it is shown once
    assert (near["title"], near["accepted"], near["same"]) == ("The endpoint answers", "", True)
    about = [step for step in near["steps"] if step["events"]]
    assert [step["text"] for step in about] == [
        'http.response.body "apple"',
        "resource.closed = True",
    ]
    assert about[1]["line"] == accepted.line(accepted.app, "resource.closed = True")
    assert len(near["steps"]) > len(about)


def test_a_sentence_that_a_change_made_false_is_told_with_both_runs(accepted: Project) -> None:
    accepted.edit(
        accepted.app,
        "    return names[number]",
        "    resource.closed = True\n    return names[number]",
    )
    problems = accepted.asrun("check", "--format", "json").json()["problems"]
    changed = next(p for p in problems if p["kind"] == "behaviour-changed")
    read = accepted.app.read_text().splitlines().index("    return names[number]")
    assert changed["line"] == read  # the first that is new stands above it
    assert "`event loop: resource.closed = True` runs now" in changed["message"]
    false = next(p for p in problems if p["statement"] == "closed_after_the_response")
    assert "see `behaviour-changed`" in false["todo"]
    now, then = false["near"]
    assert (now["accepted"], now["same"]) == ("", False)
    assert then["accepted"]
    order = [[s["text"] for s in near["steps"] if s["events"]] for near in (now, then)]
    assert order[0] == ["resource.closed = True", 'http.response.body "apple"']
    assert order[1] == order[0][::-1]
    assert all(s["line"] for s in then["steps"] if s["lane"] == "event loop" and s["events"])


def test_what_keeps_all_proofs_from_being_run_is_told_once(accepted: Project) -> None:
    lesson = lessons.find(accepted.root).lessons[0]
    file = next((lesson.folder / "recordings/answers").glob("*.txt"))
    traces = {"answers": recording.from_text(file.read_text(encoding="utf-8")).trace}
    verdicts = {
        s.name: Verdict(s.name, "hung", message="no end", line=9) for s in lesson.statements
    }
    [problem] = check.statements(lesson, verdicts, traces, pipeline.steps_of)
    assert (problem.kind, problem.line, problem.statement) == ("proof-hung", 9, "")
    assert "no end; none of the 4 statements could be judged" in problem.message


def test_a_cited_step_that_is_not_there(accepted: Project) -> None:
    accepted.edit(
        accepted.lesson,
        'sent = trace.last(asgi="http.response.body")',
        'sent = trace.last(asgi="http.disconnect")',
    )
    result = accepted.asrun("check", "--format", "json")
    assert result.kinds() == ["cited-step-missing"]
    assert result.json()["problems"][0]["line"] == accepted.line(
        accepted.lesson, 'asgi="http.disconnect"'
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "at", "message"),
    [
        ("lesson", '"""A resource is lent\n\n', '"""\n\n', '"""', "title"),
        ("lesson", 'await client.get("/items/0")', "pass", "async def answers", "makes no request"),
        ("lesson", "import Option,", "import Opinion,", "import Opinion", "asrun has no `Opinion`"),
        (
            "lesson",
            'show("get_resource")',
            'show("get_thing")',
            'show("get_thing")',
            "app.py has no `get_thing`",
        ),
        (
            "lesson",
            "on=answers, holds",
            "on=nobody, holds",
            "on=nobody",
            "`on=nobody` is no scenario",
        ),
        ("lesson", "<0.106 or >=0.118", "before 0.106", "before 0.106", "no version range"),
        (
            "lesson",
            '    return "closed" if resource.closed else "open"',
            "    return (",
            "return (",
            "syntax error",
        ),
        ("app", "    names = [", "    names = ][", "names = ][", "syntax error"),
        ("app", "app = FastAPI()", "application = FastAPI()", "", "app.py has no `app`"),
    ],
)
def test_a_malformed_lesson_is_told_with_its_line(
    accepted: Project, file: str, old: str, new: str, at: str, message: str
) -> None:
    path = accepted.lesson if file == "lesson" else accepted.app
    accepted.edit(path, old, new)
    if file == "app" and "application" in new:
        path.write_text(path.read_text().replace("@app.get", "@application.get"))
    result = accepted.asrun("check", "--format", "json")
    assert result.code == 1
    problem = result.json()["problems"][0]
    assert problem["kind"] == "lesson-invalid"
    assert message in problem["message"]
    assert problem["todo"]
    if at:
        assert problem["file"].endswith(path.name)
        lines = path.read_text().splitlines()
        assert at in lines[problem["line"] - 1]


def test_a_scenario_that_makes_no_request_at_run_time(accepted: Project) -> None:
    accepted.edit(accepted.lesson, 'await client.get("/items/0")', "client.headers.get('x')")
    result = accepted.asrun("check", "--format", "json")
    assert "made no request" in result.json()["problems"][0]["message"]


def test_a_crash_names_the_author_s_line(accepted: Project) -> None:
    accepted.edit(
        accepted.lesson, 'await client.get("/items/0")', '(await client.get("/items/0")).nothing()'
    )
    result = accepted.asrun("check", "--format", "json")
    problem = result.json()["problems"][0]
    assert problem["kind"] == "crashed"
    assert problem["line"] == accepted.line(accepted.lesson, ".nothing()")
    assert problem["stack"][-1].startswith("lesson.py:")
    assert "AttributeError" in problem["message"]


def test_all_problems_of_all_lessons_at_once(accepted: Project) -> None:
    accepted.add_lesson("other", lesson=LESSON.replace("A resource is lent", ""))
    accepted.add_lesson("third")
    accepted.edit(accepted.lesson, "assert sent < closed\n", "assert closed < sent\n")
    result = accepted.asrun("check", "--format", "json")
    assert result.code == 1
    assert sorted(result.kinds()) == [
        "lesson-invalid",
        "not-accepted",
        "not-accepted",
        "statement-false",
    ]
    assert {p["lesson"] for p in result.json()["problems"]} == {
        "lending/resource",
        "lending/other",
        "lending/third",
    }


def test_a_recording_that_no_lesson_owns(accepted: Project) -> None:
    folder = accepted.root / "snippets/lending/resource/recordings"
    file = next((folder / "answers").glob("*.txt"))
    accepted.write("snippets/lending/resource/recordings/gone/0.1.txt", file.read_text())
    result = accepted.asrun("check", "--format", "json")
    assert result.kinds() == ["stale-recording"]
    assert (
        result.json()["problems"][0]["file"] == "snippets/lending/resource/recordings/gone/0.1.txt"
    )


def test_a_recording_edited_by_hand(accepted: Project) -> None:
    file = next((accepted.root / "snippets/lending/resource/recordings/answers").glob("*.txt"))
    file.write_text(file.read_text().replace("status=200", "status=201", 1))
    result = accepted.asrun("check", "--format", "json")
    assert result.kinds() == ["stale-recording"]
    assert "edited by hand" in result.json()["problems"][0]["message"]


def test_an_unknown_lesson_is_told_with_those_that_there_are(accepted: Project) -> None:
    result = accepted.asrun("check", "lending/nothing")
    assert result.code == 1
    assert "there is no lesson `lending/nothing`" in result.said
    assert "Lessons are: lending/resource." in result.said


def test_reports_for_machines_say_the_same(accepted: Project) -> None:
    accepted.edit(accepted.lesson, "assert sent < closed\n", "assert closed < sent\n")
    text = accepted.asrun("check")
    junit = accepted.asrun("check", "--format", "junit")
    github = accepted.asrun("check", "--format", "github")
    as_json = accepted.asrun("check", "--format", "json")
    assert [r.code for r in (text, junit, github, as_json)] == [1, 1, 1, 1]
    problem = json.loads(as_json.out)["problems"][0]
    where = f"{problem['file']}:{problem['line']}"
    assert f"{where}: statement-false" in text.out
    assert "to do" in text.out
    about = [step["text"] for step in problem["near"][0]["steps"] if step["events"]]
    (annotation,) = github.out.splitlines()
    for told in (text.out, junit.out.replace("&quot;", '"'), annotation):
        assert problem["expected"].partition(".")[0] in told
        assert all(f"  {step}   (event" in told for step in about)
    assert f"%0A  to do    {problem['todo']}" in annotation
    suite = ET.fromstring(junit.out)
    failure = suite.find("testcase/failure")
    assert suite.get("failures") == "1"
    assert failure is not None
    assert failure.get("type") == "statement-false"
    assert failure.get("message", "").startswith(where)
    assert github.out.startswith(
        f"::error file={problem['file']},line={problem['line']},title=statement-false::"
    )


def test_what_nothing_changed_in_does_not_run_again(accepted: Project) -> None:
    first = accepted.asrun("build")
    again = accepted.asrun("build")
    assert first.code == again.code == 0
    assert "(2 recorded now, 0 from the cache)" in first.said
    assert "(0 recorded now, 2 from the cache)" in again.said
    assert "(2 recorded now, 0 from the cache)" in accepted.asrun("build", ci=True).said
