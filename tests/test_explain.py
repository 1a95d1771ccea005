"""`asrun explain`: why a line has its steps or none, and why a step is as it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Project, Result

APP = '''
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()  # module level


class Resource:  # class
    closed = False  # class body


async def get_resource() -> AsyncIterator[Resource]:  # generator's def
    """A docstring."""
    resource = Resource()
    try:  # header of try
        yield resource
    except LookupError:  # clause
        print("caught")
        raise
    finally:  # header of finally
        resource.closed = True


def doubled(n: int) -> int:  # never called
    return n * 2  # in a function that is never called


# a comment


@app.get("/items/{number}")
def read(number: int, resource: Annotated[Resource, Depends(get_resource)]) -> str:  # endpoint
    names = [
        name.upper()  # in a comprehension
        for name in ("apple", "pear")
    ]
    if number > 5:  # compound header
        raise LookupError(number)  # only one raises
    return names[number]  # only one returns
'''

LESSON = '''
"""A resource is lent

A dependency lends a resource to an endpoint.
"""

from asrun import scenario, show, snapshot

show("get_resource")


@scenario("The endpoint answers")
async def answers(client):
    await client.get("/items/0")


@scenario("The endpoint raises")
async def raises(client):
    await client.get("/items/7")


@snapshot(on=answers)
def looked_at_first(trace):
    """{header} is looked at before the response is sent at {sent}."""
    names = trace.one(name="names")
    header = trace.first(kind="line", after=names)
    sent = trace.one(asgi="http.response.start")
    assert names < header < sent
    return {"header": header, "sent": sent}
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("explained"))
    made.write(f"snippets/{made.id}/app.py", APP)
    made.write(f"snippets/{made.id}/lesson.py", LESSON)
    return made


@pytest.fixture(scope="module")
def lines(project: Project) -> dict[int, Any]:
    """Every line that has code, by its number."""
    result = explain(project, "--format", "json")
    return {line["line"]: line for line in result.json()}


def explain(project: Project, *arguments: str) -> Result:
    return project.asrun("explain", project.id, *arguments)


def explained(project: Project, *arguments: str) -> Any:
    (one,) = explain(project, *arguments, "--format", "json").json()
    return one


def run_of(line: Any, scenario: str) -> Any:
    return next(run for run in line["runs"] if run["scenario"] == scenario)


@pytest.mark.parametrize(
    ("text", "answers", "raises"),
    [
        ("# module level", "at import", "at import"),
        ("# class\n", "at import", "at import"),
        ("# class body", "at import", "at import"),
        ("# generator's def", "", ""),
        ("resource = Resource()", "", ""),
        ("# header of try", "does nothing", "does nothing"),
        ("yield resource", "", ""),
        ("# clause", "caught nothing", ""),
        ('print("caught")', "not reached", ""),
        ("# never called", "not called", "not called"),
        ("# in a function that is never called", "not called", "not called"),
        ("# compound header", "", ""),
        ("# only one raises", "not reached", ""),
        ("# only one returns", "", "not reached"),
    ],
)
def test_a_line_has_steps_or_a_reason(
    text: str, answers: str, raises: str, project: Project, lines: dict[int, Any]
) -> None:
    source = project.app.read_text(encoding="utf-8")
    assert source.count(text) == 1
    line = lines[source[: source.index(text)].count("\n") + 1]
    for scenario, reason in (("answers", answers), ("raises", raises)):
        run = run_of(line, scenario)
        assert run["reason"] == reason
        assert bool(run["events"]) == (not reason)
        assert bool(run["why"]) == bool(reason)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ('"""A docstring."""', "A string by itself"),
        ("# a comment", "A comment"),
        ("finally:", "`finally:` belongs to the statement at line"),
        ("# in a comprehension", "The rounds of a comprehension are no events"),
    ],
)
def test_a_line_that_is_no_statement_is_told_so(text: str, about: str, project: Project) -> None:
    line = explained(project, str(project.line(project.app, text)))
    assert about in line["about"]


def test_where_a_frame_ended_says_why_a_line_was_not_reached(project: Project) -> None:
    line = explained(project, str(project.line(project.app, "# only one returns")))
    raised = project.line(project.app, "# only one raises")
    why = run_of(line, "raises")["why"]
    assert why == (
        f"`read` ran and never came to this line: it ended with LookupError at line {raised}."
    )


def test_a_line_that_a_normaliser_took_away_names_it(project: Project) -> None:
    line = explained(project, str(project.line(project.app, "# header of try")))
    (taken,) = run_of(line, "answers")["normalised"]
    assert taken["normaliser"] == "silent-lines"
    assert "try:" in taken["what"]


def test_each_event_of_a_line_says_its_step_and_its_rule(project: Project) -> None:
    line = explained(project, str(project.line(project.app, "yield resource")))
    events = run_of(line, "answers")["events"]
    assert [e["kind"] for e in events] == ["line", "yield", "resume"]
    assert events[0]["step"] == events[1]["step"] != events[2]["step"]
    assert "next step of its frame" in events[0]["rule"]
    assert events[1]["rule"] == "it makes the step"


def test_a_statement_that_a_proof_cites_is_told_by_that(
    project: Project, lines: dict[int, Any]
) -> None:
    """Steps are those of the page, where a citation makes a step of its own."""
    line = lines[project.line(project.app, "# compound header")]
    rules = {run["scenario"]: [e["rule"] for e in run["events"]] for run in line["runs"]}
    assert rules["answers"] == ["a proof cites it, so it makes a step of its own"]
    assert rules["raises"] == [
        "a statement belongs to the next step of its frame: what it does, or leads up to"
    ]


def test_a_step_says_what_decided_its_place(project: Project) -> None:
    line = explained(project, str(project.line(project.app, "# compound header")))
    address = run_of(line, "raises")["events"][0]["step"]
    step = explained(project, address)
    number = explained(project, address.rpartition("-")[2], "--scenario", "raises")
    assert step == number
    assert step["address"] == address
    assert step["lane"] == "worker thread 1"
    assert "on another thread than the event loop's" in step["lane_why"]
    assert step["row"] == "read"
    assert (step["phase"], step["phase_why"]) == ("endpoint", "read is the endpoint")
    assert {e["step"] for e in step["events"]} == {address}
    assert all(e["rule"] for e in step["events"])


def test_the_lanes_of_client_wire_and_loop_say_what_decided_them(project: Project) -> None:
    said = {}
    for number in ("1", "2"):
        step = explained(project, number, "--scenario", "answers")
        said[step["lane"]] = step["lane_why"]
    line = explained(project, str(project.line(project.app, "resource = Resource()")))
    step = explained(project, run_of(line, "answers")["events"][0]["step"])
    said[step["lane"]] = step["lane_why"]
    assert set(said) == {"client", "wire", "event loop"}
    assert len(set(said.values())) == 3
    assert "in the request's task 1" in said["event loop"]


def test_a_step_says_what_each_normaliser_changed(project: Project) -> None:
    line = explained(project, str(project.line(project.app, "resource = Resource()")))
    step = explained(project, run_of(line, "raises")["events"][0]["step"])
    by_name = {said["normaliser"]: said["what"] for said in step["normalised"]}
    assert "silent-lines" in by_name or "unit-numbers" in by_name
    assert all(" -> " in what or what.startswith("taken away: ") for what in by_name.values())


def test_as_text_it_says_the_same(project: Project) -> None:
    number = str(project.line(project.app, "# clause"))
    line = explain(project, number).out
    assert "caught nothing" not in line
    assert "no step: `get_resource` ran; an `except` is told where it catches: it did not." in line
    assert "raises: The endpoint raises" in line
    overview = explain(project).out
    assert "caught nothing" in overview
    assert "not called" in overview
    step = explain(project, "answers-1").out
    assert "made of" in step
    assert "GET /items/0" in step


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        (["999"], "app.py has no line 999", "It has lines 1 to"),
        (["0"], "app.py has no line 0", "It has lines 1 to"),
        (["answers-99"], "`answers` has no step 99", "It has steps 1 to"),
        (["99", "--scenario", "answers"], "`answers` has no step 99", "It has steps 1 to"),
        (["nowhere"], "`nowhere` is neither a line of app.py nor a step", "as in `answers-7`"),
        (["1", "--scenario", "none"], "has no scenario `none`", "It has: answers, raises."),
        (["answers-1", "--scenario", "raises"], "is no step of `raises`", "Leave out one"),
    ],
)
def test_an_error_says_the_remedy(
    arguments: list[str], message: str, remedy: str, project: Project
) -> None:
    result = explain(project, *arguments)
    assert result.code == 1
    assert message in result.err
    assert remedy in result.err


def test_a_lesson_that_is_not_there_is_told_so(project: Project) -> None:
    result = project.asrun("explain", "lending/nothing")
    assert result.code == 1
    assert "Lessons are: lending/resource." in result.err
