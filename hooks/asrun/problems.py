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
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group
from rich.text import Text

from asrun.model import Cite, Lesson, Problem, Statement, Verdict


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
            text += f"   (was: {row.was})"
        elif row.move == "gone":
            text += "   (no longer)"
        elif row.move == "new":
            text += "   (new)"
        lines.append((_SIGN[row.move], text))
    return lines


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
    parts: list[Text] = [head]
    for name, value in (("expected", problem.expected), ("ran", problem.ran)):
        if value:
            parts.append(Text.assemble(f"  {name:<9}", (value, "")))
    for sign, text in diff_lines(problem):
        style = {" ": "dim", "+": "green", "-": "red"}.get(sign, "yellow")
        parts.append(Text(f"    {sign} {text}", style=style))
    parts += [Text(f"  at       {frame}") for frame in problem.stack]
    parts.append(Text.assemble("  ", ("to do", "bold"), f"    {problem.todo}"))
    parts.append(Text(""))
    return Group(*parts)


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
    """The report as a code host's annotations, a line each."""

    def data(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    return "".join(
        f"::error file={p.file},line={p.line or 1},title={p.kind}::"
        f"{data(f'{p.message} {p.todo}')}\n"
        for p in problems
    )


def _plain(problem: Problem) -> str:
    lines = [f"{problem.where}: {problem.kind}: {problem.message}"]
    lines += [
        f"  {n:<9}{v}" for n, v in (("expected", problem.expected), ("ran", problem.ran)) if v
    ]
    lines += [f"    {sign} {text}" for sign, text in diff_lines(problem)]
    lines += [f"  at       {frame}" for frame in problem.stack]
    return "\n".join([*lines, f"  to do    {problem.todo}"])
