"""What a player needs of a run and no other part of its page holds, as JSON.

A step says only what it changed: the frames and objects that it leaves alone are those of the step
before. `core.js` puts both together again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from asrun.story import CodeLine, FrameState, ObjectState, Run, Step

_SIGNS = {"": 0, "new": 1, "changed": 2}


def run_data(run: Run, code: Sequence[CodeLine], *, alone: bool = False) -> Markup:
    """Return a run's data as the content of a `<template>`.

    Args:
        run: the run.
        code: `app.py`.
        alone: whether the page has no table of it: what ran at each step is in the data, too.
    """
    steps: list[dict[str, Any]] = []
    before: Step | None = None
    for step in run.steps:
        one: dict[str, Any] = {"r": step.row, "k": _key(step, code)}
        if step.line is not None:
            one["l"] = step.line
        if alone:
            one["a"] = step.action
        frames = {
            at: _frame(frame)
            for at, frame in enumerate(step.frames)
            if before is None or _frame(frame) != _frame(before.frames[at], settled=True)
        }
        objects = {
            at: _object(it)
            for at, it in enumerate(step.objects)
            if before is None or _object(it) != _object(before.objects[at], settled=True)
        }
        one |= {"f": frames} if frames else {}
        one |= {"o": objects} if objects else {}
        if (now := [at for at, frame in enumerate(step.frames) if frame.now]) != []:
            one["w"] = now[0]
        steps.append(one)
        before = step
    return _in_template(
        {
            "frames": [frame.key for frame in run.steps[0].frames],
            "phases": [[phase.name, phase.first] for phase in run.phases],
            "flow": [[node.first, node.last] for node in run.flow],
            "steps": steps,
            # What had to come directly before a step, where that is not the step before alone.
            "causes": {n: direct for n, direct in enumerate(run.causes, 1) if direct != (n - 1,)},
        }
    )


def _key(step: Step, code: Sequence[CodeLine]) -> str:
    """What a step is; its line stands for what the line says, which the page shows."""
    return step.key.replace(code[step.line - 1].text.strip() or "\0", "") if step.line else step.key


def _frame(frame: FrameState, *, settled: bool = False) -> list[Any]:
    """A frame; `settled` is how it is after one more step that leaves it alone."""
    names = [
        [v.name, v.value, *([_SIGNS[v.sign]] if v.sign and not settled else [])]
        for v in frame.variables
    ]
    return [frame.kind, frame.words, frame.line or 0, *([names] if names else [])]


def _object(it: ObjectState, *, settled: bool = False) -> list[Any]:
    return [it.id, it.state, *([it.was, int(it.new)] if (it.was or it.new) and not settled else [])]


def _in_template(data: Any) -> Markup:
    # In a <template>: a script is run anew, whatever its type, when pages are swapped in place.
    text = json.dumps(data, separators=(",", ":"))
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
