"""What is broken is noticed: a sample of `make mutants`, small enough to run each time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest

from asrun.children import Children
from asrun.model import Lesson
from tests.recorded import all_cases
from tools.mutant_parts import framework, noise, report, sentences, snippets, trial
from tools.mutant_parts.edits import mutants
from tools.mutant_parts.faults import FAULTS, Fault
from tools.mutant_parts.faulty import changed
from tools.mutant_parts.kept import Kept

pytestmark = pytest.mark.mutants

NOWHERE = Kept(None, "")
SAMPLE = 20
"""Apps that are changed here; `make mutants` changes all of them in every way."""

APP = """
async def lend(limit):
    resource = open_it()
    try:
        if limit > 1:
            await resource.use(limit, again=False)
        yield resource
    finally:
        await resource.close()


@app.get("/")
def read(one, other):
    with resource() as it:
        return it
"""


def quiet(what: str) -> None:
    """Nobody looks."""


@pytest.fixture(scope="module")
def lessons() -> list[Lesson]:
    return trial.read_lessons()


@pytest.fixture(scope="module")
def children(lessons: list[Lesson]) -> Iterator[Children]:
    with trial.started(lessons, framework.MODULES) as started:
        yield started


# ------------------------------------------------------------------ apps


@pytest.mark.parametrize(
    ("operator", "what", "has", "has_not"),
    [
        ("remove", "- resource = open_it()", "", "open_it"),
        ("swap", "yield resource before if limit > 1", "        yield resource\n        if", ""),
        ("move", "", "", ""),
        ("negate", "limit > 1 -> not (limit > 1)", "if not (limit > 1):", ""),
        ("operator", "limit > 1 -> limit >= 1", "limit >= 1", ""),
        ("constant", "False -> True", "again=True", ""),
        ("constant", "\"/\" -> 'XX/'", "'XX/'", ""),
        ("async", "def lend", "\ndef lend", "await"),
        ("async", "async def read", "async def read", ""),
        ("await", "await resource.close() -> resource.close()", "        resource.close()", ""),
        ("finally", "- finally", "", "close"),
        ("finally", "finally: after the try instead", "    await resource.close()", "finally"),
        ("with", "- with resource() as it", "    it = resource()\n    return it", "with"),
        ("value", "resource -> None", "yield None", ""),
        ("decorator", '- @app.get("/")', "", "@app"),
        ("status", "status_code=202", '@app.get("/", status_code=202)', ""),
        ("parameters", "read(other, one)", "def read(other, one)", ""),
        ("argument", "", "resource.use(again=False)", ""),
    ],
)
def test_a_source_is_changed_in_one_place(operator: str, what: str, has: str, has_not: str) -> None:
    source = (
        APP if operator != "move" else APP.replace("    resource = open_it()", "    a()\n    b()")
    )
    found = [m for m in mutants(source) if m.operator == operator and what in m.what]
    found = [m for m in found if has in m.source and (not has_not or has_not not in m.source)]
    assert found, f"no {operator} {what}"
    assert all(ast.dump(ast.parse(m.source)) != ast.dump(ast.parse(source)) for m in found)


def test_changed_apps_are_caught_where_an_event_is_otherwise(
    lessons: list[Lesson], children: Children
) -> None:
    everything = snippets.all_of(lessons)
    sample = everything[3 :: len(everything) // SAMPLE][:SAMPLE]
    made = report.snippets(snippets.results(sample, children, NOWHERE, quiet))
    assert made["missed"] == []
    assert made["mutants"] == SAMPLE
    assert made["alone"]["caught"] > 0
    for survivor in made["survivors"]:
        assert "every event is the same" in survivor["why"], survivor


# ------------------------------------------------------------------ the framework


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_put_in(fault: Fault) -> None:
    for change in fault.changes:
        function, code = changed(*change)
        assert code.co_code != function.__code__.co_code or code.co_consts != (
            function.__code__.co_consts
        )


def test_there_are_enough_faults() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 25


@pytest.mark.parametrize(
    ("name", "lesson", "statement"),
    [
        (
            "exit code before the response",
            "yield-dependencies/async-generator",
            "cleanup_follows_the_response",
        ),
        ("def dependencies on the event loop", "threads/which-thread", "each_function_decides"),
        ("errors of the body are ignored", "parameters/validation-first", "endpoint_never_runs"),
    ],
)
def test_a_fault_makes_a_sentence_false(
    name: str, lesson: str, statement: str, lessons: list[Lesson], children: Children
) -> None:
    fault = next(f for f in FAULTS if f.name == name)
    chosen = [one for one in lessons if one.id == lesson]
    ((_, result),) = framework.results([fault], chosen, children, NOWHERE, quiet, [])
    assert result["failed"] == ""
    assert f"{lesson}:{statement}" in result["statements"]


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("no dependency cache", "dependency-order/diamond"),
        ("shutdown is skipped", "lifespan/two_requests"),
        ("headers of the Response parameter are lost", "response-parameter/made"),
    ],
)
def test_a_fault_changes_a_case(name: str, case: str, children: Children) -> None:
    fault = next(f for f in FAULTS if f.name == name)
    cases = [one for one in all_cases() if one.id == case]
    ((_, result),) = framework.results([fault], [], children, NOWHERE, quiet, cases)
    assert (result["failed"], result["cases"]) == ("", [case])


def test_a_fault_that_cannot_be_put_in_is_no_catch(
    lessons: list[Lesson], children: Children
) -> None:
    change = ("fastapi.routing", "request_response", "what no release holds", "")
    fault = Fault("none", (change,))
    made = report.framework(framework.results([fault], lessons[:1], children, NOWHERE, quiet, []))
    assert made["missed"] == ["none"]
    assert not report.good({"framework": made})


# ------------------------------------------------------------------ sentences, and nothing


def test_assertions_that_are_turned_round_fail(lessons: list[Lesson], children: Children) -> None:
    for plain in trial.run(lessons[:2], children):
        assert plain.problems == []
        found = list(sentences.results(plain, children, NOWHERE, quiet, every=3))
        assert {one.operator for one, _ in found} == {"negate", "swap"}
        made = report.sentences(found)
        assert made["missed"] == []
        assert made["mutants"] >= 10


def test_nothing_changed_is_no_alarm(
    lessons: list[Lesson], children: Children, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("verdicts")
    made = report.noise(noise.results(2, lessons, children, NOWHERE, folder, quiet))
    assert made == {"checks": 2, "missed": []}


# ------------------------------------------------------------------ the report


def test_results_are_kept_and_a_cut_line_is_found_anew(tmp_path: Any) -> None:
    Kept(tmp_path, "part").put("a", {"kinds": []})
    with (tmp_path / "part.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"key": "b", "resu')
    kept = Kept(tmp_path, "part")
    assert (kept.get("a"), kept.get("b")) == ({"kinds": []}, None)


@pytest.mark.parametrize(
    "part",
    [
        {"snippets": {"missed": [{}], "alone": {"share": 1.0}}},
        {"snippets": {"missed": [], "alone": {"share": 0.69}}},
        {"framework": {"missed": ["a fault"]}},
        {"sentences": {"missed": [{}]}},
        {"noise": {"missed": ["an alarm"]}},
    ],
)
def test_what_gets_through_is_not_good(part: dict[str, Any]) -> None:
    assert not report.good(part)
