"""Two runs compared step by step: what ran earlier, later, no longer, newly, or otherwise."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from asrun.model import DiffRow, Event, Trace
from asrun.recording import event_line
from asrun.story import Step

CONTEXT = 1
"""Steps that are shown around one that differs."""
NAMED = 2
"""Events that are named of those that make a step another."""

_ON = "on "

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
            rows.append((DiffRow("new", label(step)), step))
        elif step.key not in stays:
            by = earlier[step.key]
            rows.append((DiffRow("earlier" if by > 0 else "later", label(step), abs(by)), step))
        elif old_lines[step.key] != _lines(step, new_trace):
            was, now = _difference(old_by_key[step.key], old_trace, step, new_trace)
            rows.append((DiffRow("changed", label(step), was=was, now=now), step))
        else:
            rows.append((DiffRow("same", label(step)), step))
    for i, step in enumerate(old):
        if step.key not in new_keys:
            after = next((s.key for s in reversed(old[:i]) if s.key in new_keys), None)
            at = next(
                (j + 1 for j, (_, s) in enumerate(rows) if s is not None and s.key == after), 0
            )
            while at < len(rows) and rows[at][0].move == "gone":
                at += 1
            rows.insert(at, (DiffRow("gone", label(step)), None))
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


def label(step: Step) -> str:
    """A step on one line, as a row of a diff names it."""
    return f"{step.lane_label}: {step.action}"


def _difference(old: Step, old_trace: Trace, new: Step, new_trace: Trace) -> tuple[str, str]:
    """What a step was and what it is, in the first way in which the two differ."""
    if old.lane_label != new.lane_label:
        return f"{_ON}{old.lane_label}", f"{_ON}{new.lane_label}"
    if old.after != new.after:
        return _only(old.after, new.after), _only(new.after, old.after)
    before, after = _told(old, old_trace), _told(new, new_trace)
    gone = [what for line, what in before.items() if line not in after]
    come = [what for line, what in after.items() if line not in before]
    if gone and gone == come:
        return _inside(old, old_trace, new, new_trace)
    if gone or come:
        return ", ".join(gone[:NAMED]), ", ".join(come[:NAMED])
    return "the same in another order or number", ""


def _only(these: Sequence[str], others: Sequence[str]) -> str:
    return ", ".join(state for state in these if state not in others)


def _inside(old: Step, old_trace: Trace, new: Step, new_trace: Trace) -> tuple[str, str]:
    """What is otherwise in events that read the same, such as a header."""
    was: list[str] = []
    now: list[str] = []
    for one, other in zip(old.events, new.events, strict=False):
        before = _values(old_trace.events[one.seq - 1])
        after = _values(new_trace.events[other.seq - 1])
        was += [f"{name} {value}" for name, value in before.items() if after.get(name) != value]
        now += [f"{name} {value}" for name, value in after.items() if before.get(name) != value]
    return ", ".join(was[:NAMED]), ", ".join(now[:NAMED])


def _values(event: Event) -> dict[str, str]:
    """What an event carries, by name; each header by its own."""
    headers: Any = event.detail.get("headers") or []
    carried = {k: v for k, v in event.detail.items() if k != "headers"}
    carried |= dict(headers) | event.names | event.states
    return {name: v if isinstance(v, str) else json.dumps(v) for name, v in carried.items()}


def _told(step: Step, trace: Trace) -> dict[str, str]:
    """A step's events: how each is recorded, and how it reads."""
    return {event_line(trace.events[e.seq - 1]): e.what for e in step.events}


def smallest(rows: Sequence[DiffRow]) -> tuple[DiffRow | None, DiffRow | None]:
    """The change that says most about the others: the first of the kind that is rarest.

    A step that is otherwise where it was mostly follows from one that came, went, moved, or runs
    on another lane.

    Returns:
        Its row; and where it is a step that took the place of another, the row of that.
    """
    moves = [row for row in rows if row.move != "same"]
    counts = Counter(_kind(row) for row in moves)
    kinds = [kind for kind in counts if kind != "changed"] or list(counts)
    rare = min(kinds, key=lambda kind: counts[kind], default=None)
    for row, after in zip_longest(rows, rows[1:]):
        if row.move != "same" and _kind(row) == rare:
            replaced = row.move == "gone" and after is not None and after.move == "new"
            return (after, row) if replaced and _lane(after) == _lane(row) else (row, None)
    return None, None


def _lane(row: DiffRow) -> str:
    return row.text.partition(": ")[0]


def _kind(row: DiffRow) -> str:
    return "lane" if row.was.startswith(_ON) and row.now.startswith(_ON) else row.move


def in_words(rows: Sequence[DiffRow]) -> str:
    """The diff in a sentence: the smallest change by name, and how many more steps differ."""
    named, instead = smallest(rows)
    if named is None:
        return "events changed inside a step"
    steps = f"{named.by} step{'' if named.by == 1 else 's'}"
    text = named.text.partition(": ")[2] if _kind(named) == "lane" else named.text
    word = {
        "earlier": f"runs {steps} earlier",
        "later": f"runs {steps} later",
        "gone": "no longer runs",
        "new": f"runs in place of `{instead.text.partition(': ')[2]}`" if instead else "runs now",
        "lane": f"runs {named.now}, and no longer {named.was}",
        "changed": f"is otherwise ({named.otherwise})",
    }[_kind(named)]
    rest = sum(row.move != "same" for row in rows) - (2 if instead else 1)
    more = (
        f", and {rest} more step{'s' if rest != 1 else ''} differ{'s' if rest == 1 else ''}"
        if rest
        else ""
    )
    return f"`{text}` {word}{more}"


def with_context(rows: Sequence[Row]) -> list[Row]:
    """The rows that differ, and their neighbours."""
    wanted = {
        j
        for i, (row, _) in enumerate(rows)
        if row.move != "same"
        for j in range(i - CONTEXT, i + CONTEXT + 1)
    }
    return [row for i, row in enumerate(rows) if i in wanted]
