"""The closed list of what can be wrong, and how each is told.

    ProblemError        raised where a problem stops what is being read; carries its Problem
    kinds:
      the snippet   behaviour-changed, unstable, crashed, hung, refused
      what is said  statement-false, statement-unproved, statement-vacuous, quiz-ambiguous,
                    cited-step-missing, holds-wrong, proof-crashed, proof-hung
      what is kept  not-accepted, stale-recording, format-changed
      the rest      lesson-invalid, recorder-failed

Every problem names the author's file and line, what was expected, what ran, and what to do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.text import Text

from asrun.model import Cite, Lesson, Near, Problem, Statement, Verdict


class ProblemError(Exception):
    """A problem that stops what is being read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


_SIGN = {"earlier": "↑", "later": "↓", "gone": "-", "new": "+", "changed": "~", "same": " "}


def diff_lines(problem: Problem) -> list[tuple[str, str]]:
    """A problem's step diff as (sign, text) lines."""
    lines = []
    for row in problem.diff:
        text = row.text
        if row.move in ("earlier", "later"):
            text += f"   ({row.by} step{'s' if row.by != 1 else ''} {row.move})"
        elif row.move == "changed":
            text += f"   ({row.otherwise})"
        elif row.move == "gone":
            text += "   (no longer)"
        elif row.move == "new":
            text += "   (new)"
        lines.append((_SIGN[row.move], text))
    return lines


def near_lines(near: Near) -> list[tuple[bool, str]]:
    """A part of a run, a line a step: whether the assertion was about it, and the step."""
    lanes = max((len(step.lane) for step in near.steps), default=0)
    places = {step.n: f"app.py:{step.line}" if step.line else "" for step in near.steps}
    wide = max(map(len, places.values()), default=0)
    lines: list[tuple[bool, str]] = []
    before = near.steps[0].n - 1 if near.steps else 0
    for step in near.steps:
        if step.n != before + 1:
            lines.append((False, "…"))
        before = step.n
        told = f"{step.n:>3}  {step.lane:<{lanes}}  {places[step.n]:<{wide}}  {step.text}"
        events = ", ".join(map(str, step.events))
        told += f"   (event{'s' if len(step.events) > 1 else ''} {events})" if events else ""
        lines.append((bool(events), told))
    return lines


def near_head(near: Near) -> tuple[str, str]:
    """What a part of a run is: a label, and the scenario with how it was accepted."""
    title = f'"{near.title}"'
    if near.accepted:
        none = "" if near.steps else ": none of these steps runs in it"
        return "accepted", f"{title}, recorded on FastAPI {near.accepted}{none}"
    same = ", and the accepted run is the same here" if near.same else ""
    return "ran", f"{title}{same}"


def show(problems: Sequence[Problem], console: Console) -> None:
    """Print problems as a good compiler does: where, what, expected, ran, and what to do."""
    for problem in problems:
        console.print(_pretty(problem), highlight=False, soft_wrap=True)


def _pretty(problem: Problem) -> Group:
    head = Text()
    head.append(f"{problem.where}", style="bold")
    head.append(": ")
    head.append(problem.kind, style="bold red")
    head.append(f": {problem.message}")
    return Group(head, *(Text(line, style) for line, style in _rows(problem)), Text(""))


def _rows(problem: Problem) -> Iterator[tuple[str, str]]:
    """What is told below a problem's head: lines of text, each with a style."""
    for name, value in (("expected", problem.expected), ("ran", problem.ran)):
        if value:
            yield f"  {name:<9}{' '.join(value.split())}", ""
    for near in problem.near:
        label, title = near_head(near)
        yield f"  {label:<9}{title}", ""
        for marked, text in near_lines(near):
            yield (f"    > {text}", "yellow") if marked else (f"      {text}", "dim")
    for sign, text in diff_lines(problem):
        yield f"    {sign} {text}", {" ": "dim", "+": "green", "-": "red"}.get(sign, "yellow")
    for frame in problem.stack:
        yield f"  at       {frame}", ""
    yield f"  to do    {problem.todo}", "bold"


def summary(problems: Sequence[Problem], lessons: int, scenarios: int, statements: int) -> str:
    """One sentence: what was proved, or how many problems there are."""
    counts = ((lessons, "lesson"), (scenarios, "scenario"), (statements, "statement"))
    counted = ", ".join(_count(n, noun) for n, noun in counts)
    if not problems:
        return f"{counted}: all proved"
    kinds = sorted({p.kind for p in problems})
    return f"{counted}: {_count(len(problems), 'problem')} ({', '.join(kinds)})"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def to_json(
    problems: Sequence[Problem],
    sentence: str,
    judged: Iterable[tuple[Lesson, Mapping[str, Verdict]]] | None = None,
) -> str:
    """The report as JSON: `{"ok", "summary", "problems"}`, and `"statements"` where they are wanted.

    Args:
        problems: all that is wrong.
        sentence: the summary.
        judged: lessons, with the verdicts on their statements; None leaves them out.
    """
    report = {"ok": not problems, "summary": sentence, "problems": [p.to_dict() for p in problems]}
    if judged is not None:
        report["statements"] = [
            _statement(lesson, statement, verdicts[statement.name])
            for lesson, verdicts in judged
            for statement in lesson.statements
            if statement.name in verdicts
        ]
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"


def _statement(lesson: Lesson, statement: Statement, verdict: Verdict) -> dict[str, Any]:
    """What became of a statement, with the altered runs that its proof refused."""

    def events(cites: Iterable[Cite]) -> list[dict[str, Any]]:
        return [{"scenario": cite.scenario, "event": cite.seq} for cite in cites]

    return {
        "lesson": lesson.id,
        "statement": statement.name,
        "kind": statement.kind,
        "file": lesson.file("lesson.py"),
        "line": statement.line,
        "on": list(statement.on),
        "outcome": verdict.outcome,
        "cites": {
            name: {"scenario": cite.scenario, "event": cite.seq} if cite.seq else cite.value
            for name, cite in verdict.cites.items()
        },
        "kills": [
            {"what": kill.what, "line": kill.line, "touched": events(kill.touched)}
            for kill in verdict.kills
        ],
    }


def to_junit(problems: Sequence[Problem], checked: Sequence[str]) -> str:
    """The report as JUnit XML: a test case a lesson, a failure a problem."""
    from xml.sax.saxutils import escape, quoteattr  # takes long: it knows how to fetch a DTD

    cases = []
    for name in sorted({*checked, *(p.lesson or p.file for p in problems)}):
        mine = [p for p in problems if (p.lesson or p.file) == name]
        failures = "".join(
            f"<failure type={quoteattr(p.kind)} message={quoteattr(f'{p.where}: {p.message}')}>"
            f"{escape(_plain(p))}</failure>"
            for p in mine
        )
        cases.append(f'<testcase classname="asrun" name={quoteattr(name)}>{failures}</testcase>')
    failed = len({p.lesson or p.file for p in problems})
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<testsuite name="asrun" tests="{len(cases)}" failures="{failed}">'
        f"{''.join(cases)}</testsuite>\n"
    )


def to_github(problems: Sequence[Problem]) -> str:
    """The report as a code host's annotations: a line each, in which `%0A` stands for a new line."""

    def data(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    return "".join(
        f"::error file={p.file},line={p.line or 1},title={p.kind}::{data(_told(p))}\n"
        for p in problems
    )


def _plain(problem: Problem) -> str:
    return f"{problem.where}: {problem.kind}: {_told(problem)}"


def _told(problem: Problem) -> str:
    """A problem without its place, in lines of plain text."""
    return "\n".join([problem.message, *(line for line, _ in _rows(problem))])
