"""What is reported: counts, what got through and why, as `mutants.json` and as a table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tools.mutant_parts.faults import Fault
from tools.mutant_parts.kept import Result
from tools.mutant_parts.sentences import Turned
from tools.mutant_parts.snippets import Changed

GOAL = 0.7
"""Of the mutants that make something happen otherwise, how many the statements alone must notice."""

Part = dict[str, Any]


def snippets(found: Iterable[tuple[Changed, Result]]) -> Part:
    """What became of changed apps.

    A mutant is caught where a check finds something wrong. One in which a compared field of an event
    is otherwise has to be. `alone` is the same without any accepted recording, of those mutants
    that could be recorded and in which something beyond the source of a statement is otherwise.
    """
    found = list(found)
    outcomes = Counter(result["outcome"] for _, result in found)
    kinds = Counter(kind for _, result in found for kind in result["kinds"])
    changed = [(one, r) for one, r in found if r["outcome"] == "otherwise"]
    alone = [one for one, r in changed if r["false"]]
    return {
        "mutants": len(found),
        "outcomes": dict(sorted(outcomes.items())),
        "caught": sum(bool(r["kinds"]) for _, r in found),
        "by_kind": dict(kinds.most_common()),
        "by_operator": _by_operator(found),
        "missed": [_named(o) for o, r in found if r["outcome"] != "same" and not r["kinds"]],
        "survivors": [{**_named(o), "why": r["why"]} for o, r in found if not r["kinds"]],
        "alone": {
            "mutants": len(changed),
            "caught": len(alone),
            "share": round(len(alone) / len(changed), 3) if changed else 1.0,
            "goal": GOAL,
            "survivors": [_named(one) for one, r in changed if not r["false"]],
        },
    }


def _by_operator(found: Sequence[tuple[Changed, Result]]) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for one, result in found:
        row = table.setdefault(one.mutant.operator, {"mutants": 0, "caught": 0, "alone": 0})
        row["mutants"] += 1
        row["caught"] += bool(result["kinds"])
        row["alone"] += bool(result["false"])
    return dict(sorted(table.items()))


def _named(one: Changed) -> Part:
    return {
        "lesson": one.lesson.id,
        "line": one.mutant.lines[0],
        "operator": one.mutant.operator,
        "what": one.mutant.what,
    }


def framework(found: Iterable[tuple[Fault, Result]]) -> Part:
    """What noticed each fault of the framework."""
    rows = [{"fault": fault.name, "by": noticed_by(result), **result} for fault, result in found]
    return {
        "faults": len(rows),
        "by_statement": sum(bool(row["statements"]) for row in rows),
        "by_case_only": sum(bool(row["cases"]) and not row["statements"] for row in rows),
        "missed": [row["fault"] for row in rows if not row["by"]],
        "rows": rows,
    }


def noticed_by(result: Result) -> str:
    """What noticed a fault: a sentence where one did, else a case; "" where nothing did."""
    if result["failed"]:
        return ""
    for what in ("statements", "cases"):
        if result[what]:
            more = len(result[what]) - 1
            return f"{result[what][0]}" + (f" and {more} more" if more else "")
    return ""


def sentences(found: Iterable[tuple[Turned, Result]]) -> Part:
    """What became of statements that were turned round."""
    found = list(found)
    return {
        "mutants": len(found),
        "by_verdict": dict(Counter(r["outcome"] for _, r in found).most_common()),
        "by_operator": dict(Counter(one.operator for one, _ in found).most_common()),
        "missed": [
            {
                "lesson": one.lesson.id,
                "statement": one.statement,
                "line": one.line,
                "what": one.what,
            }
            for one, r in found
            if r["outcome"] == "proved"
        ],
    }


def noise(found: Iterable[tuple[int, Result]]) -> Part:
    """What checks of unchanged lessons found."""
    found = list(found)
    return {
        "checks": len(found),
        "missed": [alarm for _, result in found for alarm in result["alarms"]],
    }


def good(report: Part) -> bool:
    """Whether nothing got through that must not, and nothing was a false alarm."""
    parts = [part for part in report.values() if isinstance(part, dict)]
    weak = "snippets" in report and report["snippets"]["alone"]["share"] < GOAL
    return not weak and not any(part.get("missed") for part in parts)


def write(file: Path, report: Part) -> None:
    """Write the report as JSON."""
    text = json.dumps({"ok": good(report), **report}, indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def show(report: Part, console: Console) -> None:
    """Print the report: a table, then what got through."""
    table = Table(show_edge=False, pad_edge=False)
    for name in ("What is changed", "Tried", "Caught", "Has to be"):
        table.add_column(name, justify="left" if name == "What is changed" else "right")
    for row in _rows(report):
        table.add_row(*row)
    console.print(table)
    if "framework" in report:
        _show_faults(report["framework"]["rows"], console)
    for title, lines in _lists(report):
        if lines:
            console.print(Text(f"\n{title}", style="bold"))
            for line in lines:
                console.print(Text(f"  {line}"), soft_wrap=True)


def _rows(report: Part) -> list[tuple[str, str, str, str]]:
    rows: list[tuple[str, str, str, str]] = []
    if part := report.get("snippets"):
        counts, same = part["outcomes"], part["outcomes"].get("same", 0)
        tried = part["mutants"] - same
        rows.append(
            ("an app, so that an event is otherwise", f"{tried}", f"{part['caught']}", "all")
        )
        rows.append(("an app, so that no event is", f"{same}", "0", "none"))
        alone = part["alone"]
        percent = f"{alone['caught']} ({alone['share']:.0%})"
        rows.append(
            ("by statements alone", f"{counts.get('otherwise', 0)}", percent, f"{GOAL:.0%}")
        )
        for kind, count in part["by_kind"].items():
            rows.append((f"  {kind}", "", str(count), ""))
    if part := report.get("framework"):
        caught = part["faults"] - len(part["missed"])
        rows.append(("FastAPI or Starlette", str(part["faults"]), str(caught), "all"))
        rows.append(("  by a lesson's sentence", "", str(part["by_statement"]), ""))
        rows.append(("  by a case alone", "", str(part["by_case_only"]), ""))
    if part := report.get("sentences"):
        caught = part["mutants"] - len(part["missed"])
        rows.append(("an assertion", str(part["mutants"]), str(caught), "all"))
    if part := report.get("noise"):
        rows.append(("nothing", str(part["checks"]), str(len(part["missed"])), "none"))
    return rows


def _show_faults(rows: Sequence[Part], console: Console) -> None:
    table = Table(
        show_edge=False, pad_edge=False, title="\nFaults of the framework", title_justify="left"
    )
    table.add_column("Fault", overflow="fold")
    table.add_column("Noticed by", overflow="fold")
    for row in rows:
        table.add_row(row["fault"], row["by"] or row["failed"] or "nothing")
    console.print(table)


def _lists(report: Part) -> list[tuple[str, list[str]]]:
    lists: list[tuple[str, list[str]]] = []
    if part := report.get("snippets"):
        lists += [
            ("Not caught, though an event is otherwise", [_line(m) for m in part["missed"]]),
            ("Not caught, since no event is otherwise", [
                f"{_line(m)}: {m['why']}" for m in part["survivors"]
            ]),
            ("Not noticed by the statements alone", [
                _line(m) for m in part["alone"]["survivors"]
            ]),
        ]  # fmt: skip
    if part := report.get("sentences"):
        lists.append(("Proved, though it was turned round", [
            f"{m['lesson']} lesson.py:{m['line']} {m['statement']}: {m['what']}"
            for m in part["missed"]
        ]))  # fmt: skip
    if part := report.get("noise"):
        lists.append(("False alarms", part["missed"]))
    return lists


def _line(m: Part) -> str:
    return f"{m['lesson']} app.py:{m['line']} {m['operator']}: {m['what']}"
