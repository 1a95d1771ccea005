"""Surveys, differences and new releases for the terminal, as JSON, and as the text of an issue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from asrun.elsewhere import caused
from asrun.model import DiffRow, Lesson, Problem, Scenario, VersionRange
from asrun.problems import diff_lines
from asrun.versions.newest import Newest
from asrun.versions.survey import Survey
from asrun.versions.truth import Truth

_UNREACHED = "unreached"


def survey_data(
    survey: Survey,
    truths: Mapping[str, Truth],
    problems: Sequence[Problem],
    changed: Sequence[str],
) -> dict[str, Any]:
    """A survey as plain data; `asrun versions --format json` prints it.

    Args:
        survey: what was found.
        truths: where the statements of each lesson are true.
        problems: what is wrong.
        changed: what `--accept` writes, or has written.
    """
    return {
        "releases": [survey.listing.versions[0], survey.listing.versions[-1]],
        "every": survey.every,
        "lessons": [_lesson(survey, lesson, truths.get(lesson.id)) for lesson in survey.lessons],
        "gaps": [
            {"kind": kind, "why": why, "releases": releases}
            for (kind, why), releases in survey.gaps().items()
        ],
        "problems": [p.to_dict() for p in problems],
        "accept": list(changed),
    }


def _lesson(survey: Survey, lesson: Lesson, truth: Truth | None) -> dict[str, Any]:
    statements = [] if truth is None else lesson.statements
    return {
        "id": lesson.id,
        "scenarios": [_scenario(survey, lesson, s) for s in lesson.scenarios],
        "statements": [
            {"name": s.name, "holds": s.holds, "true": truth.holds(s.name) if truth else None}
            for s in statements
        ],
    }


def _scenario(survey: Survey, lesson: Lesson, scenario: Scenario) -> dict[str, Any]:
    place = (lesson.id, scenario.name)
    names: dict[str, int] = {}
    bases: dict[str, list[dict[str, Any]]] = {}
    for basis in ("day", "newest"):
        for behaviour, r in survey.ranges(basis, place):
            n = names.setdefault(behaviour, len(names) + 1)
            bases.setdefault(basis, []).append({"behaviour": n, **_range(r)})
    behaviours = []
    for behaviour in names:
        _, _, outcome = survey.outcome(place, behaviour)
        behaviours.append({"outcome": outcome.kind, "why": outcome.why})
    return {"name": scenario.name, "title": scenario.title, "behaviours": behaviours, **bases}


def _range(r: VersionRange) -> dict[str, Any]:
    days = {"first_day": r.first_day, "last_day": r.last_day}
    return {
        "first": r.first,
        "last": r.last,
        **days,
        "recorded": r.recorded,
        "of": r.of,
        "by": r.by,
        "moved": r.moved,
    }


def print_survey(survey: Survey, truths: Mapping[str, Truth], console: Console) -> None:
    """Print a survey: for each scenario its behaviours, with their releases."""
    for lesson in survey.lessons:
        console.print(Text(lesson.id, style="bold"))
        for scenario in lesson.scenarios:
            _print_scenario(survey, lesson, scenario, console)
        truth = truths.get(lesson.id)
        for statement in lesson.statements if truth else ():
            assert truth is not None
            text = truth.holds(statement.name)
            every = "in every release" + " that could be recorded" * (
                None in truth.of[statement.name]
            )
            where = "nowhere" if text is None else text or every
            console.print(Text(f"  {statement.name}: true {where}"), soft_wrap=True)
        console.print()
    for line in gap_lines(survey):
        console.print(Text(line, style="yellow"), soft_wrap=True)


def _print_scenario(survey: Survey, lesson: Lesson, scenario: Scenario, console: Console) -> None:
    place = (lesson.id, scenario.name)
    console.print(Text(f"  {scenario.title}", style="underline"))
    names: dict[str, str] = {}
    day = survey.ranges("day", place)
    for behaviour, r in day:
        console.print(Text(f"    {_line(survey, place, behaviour, r, names)}"), soft_wrap=True)
    newest = survey.ranges("newest", place)
    if not newest:
        return
    if [(b, r.first, r.last) for b, r in newest] == [(b, r.first, r.last) for b, r in day]:
        console.print(Text("    with the newest dependencies: the same", style="dim"))
        return
    console.print(Text("    with the newest dependencies:", style="dim"))
    for behaviour, r in newest:
        line = _line(survey, place, behaviour, r, names)
        console.print(Text(f"      {line}", style="dim"), soft_wrap=True)


def _line(
    survey: Survey, place: tuple[str, str], behaviour: str, r: VersionRange, names: dict[str, str]
) -> str:
    name = names.setdefault(behaviour, _letter(len(names)))
    releases = r.first if r.first == r.last else f"{r.first} to {r.last}"
    days = r.first_day if r.first == r.last else f"{r.first_day} to {r.last_day}"
    _, _, outcome = survey.outcome(place, behaviour)
    kind = {
        "absent": "  does not exist in these releases",
        "failed": f"  cannot be recorded: {outcome.why}",
    }.get(outcome.kind, "")
    by = f"  by {' or '.join(caused(r.by, r.moved))}" if r.by else ""
    return f"{name}  {releases:<20} {days:<24} {r.recorded} of {r.of} recorded{by}{kind}"


def _letter(n: int) -> str:
    return chr(ord("A") + n) if n < 26 else f"A{n}"


def gap_lines(survey: Survey) -> list[str]:
    """What could not be done, in sentences."""
    lines = []
    for (kind, why), releases in survey.gaps().items():
        named = ", ".join(releases[:6]) + (f" and {len(releases) - 6} more" * (len(releases) > 6))
        what = "could not be reached" if kind == _UNREACHED else "could not be installed"
        lines.append(f"{what}: {named}: {why}")
    return lines


def incomplete(survey: Survey) -> bool:
    """Whether something was left out because the package index was not reached."""
    return any(kind == _UNREACHED for kind, _ in survey.gaps())


def print_diff(rows: Sequence[DiffRow], console: Console) -> None:
    """Print a step diff."""
    problem = Problem("behaviour-changed", "", 0, "", "", diff=tuple(rows))
    for sign, text in diff_lines(problem):
        style = {" ": "dim", "+": "green", "-": "red"}.get(sign, "yellow")
        console.print(Text(f"  {sign} {text}", style=style), soft_wrap=True)


def diff_data(rows: Sequence[DiffRow]) -> list[dict[str, Any]]:
    """A step diff as plain data."""
    return [{"move": r.move, "text": r.text, "by": r.by, "was": r.was} for r in rows]


def newest_data(found: Newest) -> dict[str, Any]:
    """What a new release breaks, as plain data."""
    return {
        "release": found.release.version,
        "day": found.release.day.isoformat(),
        "pinned": found.pinned,
        "versions": found.versions.model_dump() if found.versions else None,
        "lessons": found.checked,
        "changed": list(found.changed),
        "false": [f"{p.lesson}:{p.statement}" for p in found.false],
        "problems": [p.to_dict() for p in found.problems],
        "gaps": list(found.gaps),
        "unasked": found.unasked,
    }


def unasked_line(found: Newest) -> str:
    """That nobody knows whether there is a newer release, in a sentence."""
    return f"whether there is a newer release is not known: {found.unasked}"


def newest_line(found: Newest) -> str:
    """What a new release breaks, in one sentence."""
    v = found.versions
    on = f"FastAPI {found.release.version} of {found.release.day.isoformat()}"
    on += f" with Starlette {v.starlette} and pydantic {v.pydantic}" if v else ""
    if found.gaps and not found.checked:
        return f"{on}: could not be tried: {'; '.join(found.gaps)}"
    if not found.problems and found.gaps:
        return f"{on}: not all could be compared; of {_lessons(found.checked)} nothing is otherwise"
    if not found.problems:
        behave = "behaves" if found.checked == 1 else "behave"
        return f"{on}: {_lessons(found.checked)} {behave} as accepted, and all that is said is true"
    changed, false = found.changed, len(found.false)
    behave = "behaves" if len(changed) == 1 else "behave"
    named = f" ({', '.join(changed)})" if changed else ""
    are = "statement is" if false == 1 else "statements are"
    return (
        f"{on}: of {_lessons(found.checked)}, {len(changed)} {behave} otherwise{named}, "
        f"{false} {are} not borne out"
    )


def _lessons(count: int) -> str:
    return f"{count} lesson" if count == 1 else f"{count} lessons"


def newest_markdown(found: Newest) -> str:
    """What a new release breaks, as the text of an issue."""
    lines = [newest_line(found) + ".", ""]
    for heading, group in (
        ("Statements that are no longer borne out", found.false),
        ("What behaves otherwise", tuple(p for p in found.problems if not p.statement)),
    ):
        if not group:
            continue
        lines += [f"## {heading}", ""]
        for p in group:
            lines.append(f"- `{p.where}` {p.message}")
            if p.expected:
                lines.append(f"  > {p.expected}")
            if p.diff:
                lines += ["", "  ```diff"]
                lines += [f"  {_diff_sign(sign)} {text}" for sign, text in diff_lines(p)]
                lines += ["  ```", ""]
        lines.append("")
    if found.gaps:
        lines += ["## What could not be tried", ""] + [f"- {gap}" for gap in found.gaps] + [""]
    if found.unasked:
        lines += [f"{unasked_line(found)}.", ""]
    lines.append("Found by `asrun versions --newest`.")
    return "\n".join(lines) + "\n"


def _diff_sign(sign: str) -> str:
    return sign if sign in "+- " else "!"


def to_json(data: Mapping[str, Any]) -> str:
    """Plain data as JSON text."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
