"""What a player needs of a run and no other part of its page holds, as JSON.

A step has only the frames and objects that are not as they were: the others are those of the step
before. `core.js` puts both together again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from asrun.story import CodeLine, FrameState, ObjectState, Run


def run_data(run: Run, code: Sequence[CodeLine]) -> Markup:
    """Return a run's data as the content of a `<template>`.

    Args:
        run: the run.
        code: `app.py`.
    """
    steps: list[dict[str, Any]] = []
    frames: list[Any] = []
    objects: list[Any] = []
    for step in run.steps:
        was, frames = frames, [_frame(frame) for frame in step.frames]
        were, objects = objects, [_object(it) for it in step.objects]
        one = {
            "row": step.row,
            "key": short_key(step.key, code),
            "line": step.line,
            "now": next((at for at, frame in enumerate(step.frames) if frame.now), None),
            "frames": _changed(was, frames) or None,
            "objects": _changed(were, objects) or None,
        }
        steps.append(_known(one))
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


def short_key(key: str, code: Sequence[CodeLine]) -> str:
    """Return a step's key, in which a whole line of `app.py` is said by its number.

    Args:
        key: as in `Step.key`.
        code: `app.py`.
    """
    for line in code:
        if (said := f"|{line.text.strip()}|") in key and said != "||":
            return key.replace(said, f"|{line.number}|")
    return key


def _frame(frame: FrameState) -> dict[str, Any]:
    variables = [
        _known({"name": v.name, "value": v.value, "sign": v.sign or None}) for v in frame.variables
    ]
    return _known({"kind": frame.kind, "words": frame.words, "line": frame.line, "vars": variables})


def _object(it: ObjectState) -> dict[str, Any]:
    return _known({"id": it.id, "state": it.state, "was": it.was or None, "new": it.new or None})


def _changed(before: Sequence[Any], now: Sequence[Any]) -> dict[int, Any]:
    """What is not as it was, by its place."""
    return {at: one for at, one in enumerate(now) if [one] != before[at : at + 1]}


def _known(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}


def _in_template(data: Any) -> Markup:
    # In a <template>: a script is run anew, whatever its type, when pages are swapped in place.
    text = json.dumps(data, separators=(",", ":"))
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
