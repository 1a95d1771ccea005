"""Geometry of the two pictures: which labels fit over the lanes, and the rails of the flow."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from asrun.story import FlowNode, LaneRow, Phase, Run

STEP_Y = 48
"""Height of a node's row, in pixels; the list beside the rails has the same."""
STEP_X = 24
"""Distance of two rails."""

PHONE, DESK = 328, 880
"""Widths of the lanes, in pixels, on a phone and on a desk."""
LETTER = 6.3
"""Mean width of a letter of a label."""


Fits = Literal["always", "wide", "never"]


@dataclass(frozen=True, slots=True)
class Label:
    """A phase's name over its columns."""

    phase: Phase
    fits: Fits


def fits(text: str, share: float) -> Fits:
    """Return whether there is room for a text over a share of the lanes' width."""
    needed = len(text) * LETTER + 8
    if needed <= share * PHONE:
        return "always"
    return "wide" if needed <= share * DESK else "never"


def phase_labels(run: Run) -> list[Label]:
    """Return the phases with whether there is room for their names: over a phone's lanes, too?"""
    steps = len(run.steps)
    return [Label(p, fits(p.name, (p.last - p.first + 1) / steps)) for p in run.phases]


def numbers(run: Run) -> list[tuple[int, bool]]:
    """Return the steps' numbers, and which of them are shown where not all have room."""
    last = len(run.steps)
    apart = _room(last) * last / PHONE
    every = next((n for n in (5, 10, 20, 25, 50, 100) if n >= apart), last)
    kept = (1, last)
    return [
        (n, n in kept or (n % every == 0 and all(abs(n - k) >= apart for k in kept)))
        for n in range(1, last + 1)
    ]


def dense(run: Run) -> bool:
    """Return whether not even a desk has room for all steps' numbers."""
    return _room(len(run.steps)) * len(run.steps) > DESK


def _room(number: int) -> float:
    """Return how many pixels a number needs below its column."""
    return len(str(number)) * LETTER + 6


@dataclass(frozen=True, slots=True)
class Rails:
    """The concept flow's picture: one rail a row, one node a row of the list."""

    width: int
    height: int
    lines: tuple[tuple[str, str], ...]
    """Class and path of each kind of line, in drawing order."""
    nodes: tuple[tuple[int, int, FlowNode], ...]


def rails(run: Run) -> Rails:
    """Return the rails: what runs is a line, what sleeps is dashed, what passes on curves over."""
    used = {node.row for node in run.flow}
    keys = [row.key for row in run.rows if row.key in used]
    keys += sorted(used.difference(keys))
    x = {key: STEP_X // 2 + at * STEP_X for at, key in enumerate(keys)}
    y = [at * STEP_Y + STEP_Y // 2 for at in range(len(run.flow))]
    height = STEP_Y * len(run.flow)

    lines = [("rail", f"M{x[key]} 0V{height}") for key in keys]
    for at, (here, there) in enumerate(pairwise(run.flow)):
        x1, x2, y1 = x[here.row], x[there.row], y[at]
        if x1 == x2:
            lines.append(("move", f"M{x1} {y1}v{STEP_Y}"))
        else:
            lines.append(("move", f"M{x1} {y1}c0 26 {x2 - x1} 22 {x2 - x1} {STEP_Y}"))
    for row in run.rows:
        stops = [at for at, node in enumerate(run.flow) if node.row == row.key]
        for a, b in pairwise(stops):
            if b > a + 1 and _sleeps(row, run.flow[a], run.flow[b]):
                lines.append(("gap", f"M{x[row.key]} {y[a]}V{y[b]}"))
                lines.append(("asleep", f"M{x[row.key]} {y[a] + 9}V{y[b] - 9}"))

    nodes = tuple((x[node.row], y[at], node) for at, node in enumerate(run.flow))
    drawn = {kind: "".join(d for k, d in lines if k == kind) for kind in dict(lines)}
    return Rails(STEP_X * len(keys), height, tuple(drawn.items()), nodes)


def _sleeps(row: LaneRow, before: FlowNode, after: FlowNode) -> bool:
    return any(
        mark.kind == "sleep" and mark.first <= after.first and mark.last >= before.last
        for mark in row.marks
    )
