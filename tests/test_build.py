"""`asrun build` by itself: pages and data in a folder, all or nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema

from asrun.trace import NORMALISERS
from tests.conftest import Project

HANGS = "    import asyncio\n\n    await asyncio.Event().wait()\n"


def files(folder: Path) -> dict[str, bytes]:
    return {
        f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()
    }


def test_pages_and_data(accepted: Project) -> None:
    result = accepted.asrun("build", "--out", "pages")
    assert result.code == 0, result.said
    written = files(accepted.root / "pages")
    assert {
        "nav.json",
        "report.json",
        "docs/index.md",
        "docs/concepts.md",
        "docs/review.md",
        "docs/lending/resource.md",
        "docs/lending/resource/answers.json",
        "docs/lending/resource/raises.json",
        "docs/lending/resource/app.py",
        "docs/lending/resource/lesson.py",
        "docs/lending/snapshots.md",
        "docs/trace.schema.json",
    } <= set(written)
    assert json.loads(written["report.json"])["ok"] is True
    page = written["docs/lending/resource.md"].decode()
    for address in ("answers-1", "raises-1"):
        assert f'id="{address}"' in page


def test_the_trace_is_valid_against_the_published_schema(accepted: Project) -> None:
    assert accepted.asrun("build", "--out", "pages").code == 0
    docs = accepted.root / "pages/docs"
    schema = json.loads((docs / "trace.schema.json").read_text())
    assert json.loads(accepted.asrun("schema").out) == schema
    trace = json.loads((docs / "lending/resource/answers.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(trace, schema, cls=jsonschema.Draft202012Validator)
    compared = {k for k, v in schema["$defs"]["Event"]["properties"].items() if v["x-compared"]}
    assert "kind" in compared
    assert "line" not in compared
    del trace["events"][0]["kind"]
    assert not jsonschema.Draft202012Validator(schema).is_valid(trace)


def test_a_failed_build_leaves_the_last_good_pages(accepted: Project) -> None:
    assert accepted.asrun("build", "--out", "pages").code == 0
    good = files(accepted.root / "pages")
    accepted.edit(accepted.lesson, "assert sent < closed\n", "assert closed < sent\n")
    result = accepted.asrun("build", "--out", "pages")
    assert result.code == 1
    assert "statement-false" in result.said
    assert files(accepted.root / "pages") == good


def test_a_draft_shows_the_problem_on_its_page(accepted: Project) -> None:
    accepted.edit(accepted.lesson, "assert sent < closed\n", "assert closed < sent\n")
    result = accepted.asrun("build", "--out", "pages", "--draft")
    assert result.code == 1
    page = (accepted.root / "pages/docs/lending/resource.md").read_text()
    assert "statement-false" in page
    line = accepted.lesson.read_text().splitlines().index("    assert closed < sent") + 1
    assert f"snippets/lending/resource/lesson.py:{line}" in page


def test_a_hang_ends_by_its_deadline_and_harms_no_other(accepted: Project) -> None:
    accepted.add_lesson("other")
    accepted.edit(accepted.app, "    names = [", f"{HANGS}    names = [")
    result = accepted.asrun("check", "--format", "json")
    hung = [p for p in result.json()["problems"] if p["kind"] == "hung"]
    assert [p["scenario"] for p in hung] == ["answers", "raises"]
    assert hung[0]["line"] == accepted.line(accepted.app, "asyncio.Event().wait()")
    assert hung[0]["stack"][-1] == f"app.py:{hung[0]['line']} in read"
    others = [p for p in result.json()["problems"] if p["lesson"] == "lending/other"]
    assert {p["kind"] for p in others} == {"not-accepted"}


def test_two_builds_in_two_folders_are_the_same_bytes(accepted: Project, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    elsewhere = Project(tmp_path_factory.mktemp("another place"))
    for name, data in files(accepted.root / "snippets").items():
        target = elsewhere.root / "snippets" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    assert accepted.asrun("build", "--out", "pages", "--no-cache").code == 0
    assert elsewhere.asrun("build", "--out", "pages", "--no-cache").code == 0
    assert files(accepted.root / "pages") == files(elsewhere.root / "pages")


def test_record_prints_what_the_site_offers(accepted: Project) -> None:
    assert accepted.asrun("build", "--out", "pages").code == 0
    printed = accepted.asrun(
        "record", "lending/resource", "--scenario", "answers", "--format", "json"
    )
    assert printed.out == (accepted.root / "pages/docs/lending/resource/answers.json").read_text()


def test_record_raw_shows_all_events_and_what_became_of_each(accepted: Project) -> None:
    raw = accepted.asrun("record", "lending/resource", "--scenario", "answers", "--raw").out
    count = int(re.search(r"^(\d+) raw events$", raw, re.MULTILINE)[1])  # type: ignore[index]
    listed = re.findall(r"^ *(\d+) \S+ .* -> (event \d+|taken away by \S+)$", raw, re.MULTILINE)
    assert [int(number) for number, _ in listed] == list(range(1, count + 1))
    told = re.findall(
        r"^ *(\d+) (?:app\.py:\d+ +|  +)(?:client|wire|loop|worker)", raw, re.MULTILINE
    )
    kept = [end for _, end in listed if end.startswith("event ")]
    assert kept == [f"event {n}" for n in range(1, len(told) + 1)]
    tried = next(line for line in raw.splitlines() if "text='try:'" in line)
    assert tried.endswith("taken away by silent-lines")
    away = [
        int(n) for n in re.findall(r"^[a-z-]+: (\d+) taken away, \d+ changed$", raw, re.MULTILINE)
    ]
    assert len(away) == len(NORMALISERS)
    assert sum(away) == count - len(kept)


def test_record_raw_says_which_fields_were_changed(accepted: Project) -> None:
    """Only what a normaliser did is told: most events pass most of them as they are."""
    raw = accepted.asrun("record", "lending/resource", "--scenario", "answers", "--raw").out
    assert "addresses: 0 taken away, 0 changed" in raw
    changed = re.search(r"^frame-numbers: 0 taken away, (\d+) changed$", raw, re.MULTILINE)
    assert changed is not None
    assert int(changed[1]) > 0
    assert re.search(r"^  frame \d+ -> 1: \d+", raw, re.MULTILINE)


def test_what_stands_at_module_level_is_shown_with_its_note(accepted: Project) -> None:
    """No step runs it, so its note stands beside the code."""
    accepted.edit(
        accepted.app,
        "app = FastAPI()\n",
        'app = FastAPI()\nLimit = Annotated[int, "at most"]  #: Says `int`, and more\n',
    )
    accepted.edit(accepted.lesson, 'show("get_resource")', 'show("get_resource", "Limit")')
    result = accepted.asrun("build", "--out", "pages", "--draft")
    page = (accepted.root / "pages/docs/lending/resource.md").read_text(encoding="utf-8")
    line = accepted.line(accepted.app, "Limit = ")
    listed = re.search(rf'<li value="{line}" id=.*?</li>', page, re.DOTALL)
    assert "lesson-invalid" not in result.said
    assert listed is not None
    assert "Says <code>int</code>, and more" in listed[0]
    assert "#:" not in listed[0]
    assert not re.search(rf"<details[^>]*><summary>lines? [^<]*\b{line}\b", page)


def test_show_names_what_there_is(project: Project) -> None:
    project.edit(project.lesson, 'show("get_resource")', 'show("Nothing")')
    result = project.asrun("check")
    assert "app.py has no `Nothing` to show" in result.said
    assert "It has: app, Resource, get_resource, read." in result.said


def test_show_draws_the_table(accepted: Project) -> None:
    table = accepted.asrun("show", "lending/resource", "--scenario", "answers").out
    for word in ("Step", "Action", "State before", "State after", "Notes", "yield resource"):
        assert word in table


def test_help_teaches_every_command(project: Project) -> None:
    whole = project.asrun("--help").out
    for command in ("build", "check", "record", "show", "accept", "schema"):
        assert command in whole
        assert len(project.asrun(command, "--help").out) > 200
    assert project.asrun("chekc").code == 2
