"""Two releases' runs of one scenario, step by step, without what is not compared between releases."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from asrun import between
from asrun.elsewhere import Aligned
from asrun.model import DiffRow, Lesson, Trace
from asrun.nearby import StepsOf
from asrun.recording import lines_of
from asrun.stepdiff import label, step_diff
from asrun.story import Step


def rows(
    lesson: Lesson, old_trace: Trace | None, new_trace: Trace | None, steps_of: StepsOf
) -> tuple[Aligned, ...]:
    """Compare two runs, as recordings of two releases are compared.

    A step in which nothing that counts differs is the same; one in which nothing counts at all,
    such as a probe's, stays only where both runs have it.

    Args:
        lesson: whose runs they are.
        old_trace: the one run; None where there is none.
        new_trace: the other.
        steps_of: how a trace reads in steps.

    Returns:
        Rows in the order of the new run, as `stepdiff.step_diff` gives them; without numbers.
        Empty where there is but one run.
    """
    if old_trace is None or new_trace is None:
        return ()
    old, new = steps_of(lesson, old_trace), steps_of(lesson, new_trace)
    compared = step_diff(old, old_trace, new, new_trace)
    before, after = _counting(old, old_trace), _counting(new, new_trace)
    gone: dict[str, deque[str]] = defaultdict(deque)
    theirs = {step.key for step in new}
    for step in old:
        if step.key not in theirs:
            gone[label(step)].append(step.key)
    return tuple(_kept(compared, gone, before, after))


def _kept(
    compared: Sequence[tuple[DiffRow, Step | None]],
    gone: Mapping[str, deque[str]],
    before: Mapping[str, Sequence[str]],
    after: Mapping[str, Sequence[str]],
) -> Iterator[Aligned]:
    for row, step in compared:
        key = step.key if step is not None else gone[row.text].popleft()
        aligned = Aligned(row.move, row.text, row.by, row.was, row.now, key)
        if before.get(key, ()) or after.get(key, ()):
            alike = row.move == "changed" and before[key] == after[key]
            yield replace(aligned, move="same", was="", now="") if alike else aligned
        elif row.move not in ("new", "gone"):
            yield replace(aligned, move="same", by=0, was="", now="")


def _counting(steps: Sequence[Step], trace: Trace) -> dict[str, list[str]]:
    """For each step's key, the lines of its events that count between releases."""
    lines = between.by_place(lines_of(trace))
    return {s.key: [lines[e.seq - 1] for e in s.events if e.seq - 1 in lines] for s in steps}
