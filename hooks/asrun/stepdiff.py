"""Two runs compared step by step: what ran earlier, later, no longer, newly, or otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from asrun.model import DiffRow, Trace
from asrun.recording import event_line
from asrun.story import Step

CONTEXT = 1
"""Steps that are shown around one that differs."""

Row = tuple[DiffRow, Step | None]


def step_diff(
    old: Sequence[Step], old_trace: Trace, new: Sequence[Step], new_trace: Trace
) -> list[Row]:
    """Compare two runs step by step.

    Returns:
        Rows in the order of the new run, each with its step there; steps that are gone stand
        where they were, with None.
    """
    old_lines = {s.key: _lines(s, old_trace) for s in old}
    old_by_key = {s.key: s for s in old}
    new_keys = {s.key for s in new}
    stays, earlier = _moves([s.key for s in old], [s.key for s in new])
    rows: list[Row] = []
    for step in new:
        if step.key not in old_by_key:
            rows.append((DiffRow("new", _label(step)), step))
        elif step.key not in stays:
            by = earlier[step.key]
            rows.append((DiffRow("earlier" if by > 0 else "later", _label(step), abs(by)), step))
        elif old_lines[step.key] != _lines(step, new_trace):
            was = _difference(
                old_by_key[step.key], step, old_lines[step.key], _lines(step, new_trace)
            )
            rows.append((DiffRow("changed", _label(step), was=was), step))
        else:
            rows.append((DiffRow("same", _label(step)), step))
    for i, step in enumerate(old):
        if step.key not in new_keys:
            after = next((s.key for s in reversed(old[:i]) if s.key in new_keys), None)
            at = next(
                (j + 1 for j, (_, s) in enumerate(rows) if s is not None and s.key == after), 0
            )
            while at < len(rows) and rows[at][0].move == "gone":
                at += 1
            rows.insert(at, (DiffRow("gone", _label(step)), None))
    return rows


def _moves(old: list[str], new: list[str]) -> tuple[set[str], dict[str, int]]:
    """Which steps keep their order, and by how many places the others moved (positive: earlier).

    Places are counted among the steps that both runs have.
    """
    common = set(old) & set(new)
    a, b = [k for k in old if k in common], [k for k in new if k in common]
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    stays = {
        a[i]
        for block in matcher.get_matching_blocks()
        for i in range(block.a, block.a + block.size)
    }
    place_old, place_new = {k: i for i, k in enumerate(a)}, {k: i for i, k in enumerate(b)}
    return stays, {k: place_old[k] - place_new[k] for k in common - stays}


def _lines(step: Step, trace: Trace) -> list[str]:
    return [event_line(trace.events[e.seq - 1]) for e in step.events]


def _label(step: Step) -> str:
    return f"{step.lane_label}: {step.action}"


def _difference(old: Step, new: Step, old_lines: list[str], new_lines: list[str]) -> str:
    """What a step was, in the first way in which the two differ."""
    if old.lane_label != new.lane_label:
        return f"on {old.lane_label}"
    if old.after != new.after:
        return ", ".join(old.after)
    gone = [line for line in old_lines if line not in new_lines]
    return " ".join((gone or old_lines)[0].split())


def in_words(moves: Sequence[DiffRow]) -> str:
    """The diff in a sentence: counts by kind, and the smallest change by name."""
    counts = Counter(m.move for m in moves)
    if not counts:
        return "events changed inside a step"
    rare = min(counts, key=lambda move: counts[move])
    named = next(m for m in moves if m.move == rare)
    word = {
        "earlier": f"runs {named.by} steps earlier",
        "later": f"runs {named.by} steps later",
        "gone": "no longer runs",
        "new": "runs now",
        "changed": f"is no longer: {named.was}",
    }[named.move]
    rest = sum(counts.values()) - 1
    more = (
        f", and {rest} more step{'s' if rest != 1 else ''} differ{'s' if rest == 1 else ''}"
        if rest
        else ""
    )
    return f"`{named.text}` {word}{more}"


def with_context(rows: Sequence[Row]) -> list[Row]:
    """The rows that differ, and their neighbours."""
    wanted = {
        j
        for i, (row, _) in enumerate(rows)
        if row.move != "same"
        for j in range(i - CONTEXT, i + CONTEXT + 1)
    }
    return [row for i, row in enumerate(rows) if i in wanted]
