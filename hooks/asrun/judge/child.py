"""What the judging child does: import one `lesson.py`, run its proofs, give back plain data."""

from __future__ import annotations

import ast
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from asrun import authoring
from asrun.judge.assertions import MARK, compile_marked
from asrun.judge.contained import contained
from asrun.judge.counterfactuals import Refusal, try_counterfactuals
from asrun.judge.guarantees import Order
from asrun.judge.moments import Moment
from asrun.judge.proofs import LessonModule, Proof, Ran, function_node, run, takes, text_of
from asrun.judge.words import read_words

Data = dict[str, Any]


def judge(request: Mapping[str, Any]) -> Data:
    """Judge the statements of one lesson.

    Args:
        request: plain data: `folder`, the lesson's folder; `source` and `app`, the texts of its
            two files; `traces`, a trace for each scenario in the form of
            `asrun.model.Trace.model_dump`; `statements`, each with `name`, `kind` and `on`, the
            names of its scenarios.

    Returns:
        Plain data: `verdicts`, one for each statement in the order asked, in the form of
        `asrun.model.Verdict`; and `failed`, None or what stopped `lesson.py` from being
        imported: `file`, `line`, `message`.
    """
    return _judge(request, lambda tree: tree)


def judge_together(request: Mapping[str, Any]) -> Data:
    """Judge lessons of which none can touch another; see `contained.py`.

    Args:
        request: plain data: `lessons`, each as `judge` is given one.

    Returns:
        Plain data: `judged`, for each lesson in the order asked what `judge` gives; None where it
        has to be judged by itself. So it has wherever anything is not proved: what is wrong may
        be so only here, where memory, for one, is shared.
    """
    judged = [_judge(lesson, contained) for lesson in request["lessons"]]
    return {"judged": [found if _is_proved(found) else None for found in judged]}


def _is_proved(found: Data) -> bool:
    return found["failed"] is None and all(v["outcome"] == "proved" for v in found["verdicts"])


def _judge(request: Mapping[str, Any], part: Callable[[ast.Module], ast.Module]) -> Data:
    """Judge a lesson, of which only a part is run."""
    folder, source = Path(request["folder"]), request["source"]
    traces = {name: _with_defaults(trace) for name, trace in request["traces"].items()}
    path = folder / "lesson.py"
    before = set(sys.modules)
    authoring.registry.clear()
    sys.path.insert(0, str(folder))
    try:
        lesson = LessonModule(str(path), ast.Module([], []), str(folder))
        try:
            lesson.tree = ast.parse(source, str(path))
            _import(part(ast.parse(source, str(path))), lesson)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            return {"verdicts": [], "failed": _import_failure(error, folder)}
        lesson.words = read_words(request["app"], source, traces.values())
        orders = {name: Order(trace["events"]) for name, trace in traces.items()}
        verdicts = [_verdict(lesson, s, traces, orders) for s in request["statements"]]
        return {"verdicts": verdicts, "failed": None}
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(folder):
                del sys.modules[name]


def _with_defaults(trace: Mapping[str, Any]) -> Data:
    """The trace with the fields that its plain form leaves out where they are empty."""
    empty: Data = {"detail": {}, "names": {}, "states": {}, "shown": {}}
    return {**trace, "events": [empty | event for event in trace["events"]]}


def _import(tree: ast.Module, lesson: LessonModule) -> None:
    module = ModuleType("lesson")
    module.__file__ = lesson.path
    setattr(module, MARK, lesson.mark)
    sys.modules["lesson"] = module
    try:
        exec(compile_marked(tree, lesson.path), module.__dict__)
    finally:
        del sys.modules["lesson"]


def _import_failure(error: BaseException, folder: Path) -> Data:
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).parent == folder:
        return {
            "file": Path(error.filename).name,
            "line": error.lineno or 0,
            "message": f"SyntaxError: {error.msg}",
        }
    file, line = "lesson.py", 0
    for frame, at in traceback.walk_tb(error.__traceback__):
        if Path(frame.f_code.co_filename).is_relative_to(folder):
            file, line = str(Path(frame.f_code.co_filename).relative_to(folder)), at
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return {"file": file, "line": line, "message": said}


def _verdict(
    lesson: LessonModule,
    statement: Mapping[str, Any],
    traces: Mapping[str, Any],
    orders: Mapping[str, Order],
) -> Data:
    name, kind, on = statement["name"], statement["kind"], tuple(statement["on"])
    verdict: Data = {
        "statement": name,
        "outcome": "crashed",
        "cites": {},
        "choices": [],
        "message": "",
        "line": 0,
        "touched": [],
        "kills": [],
    }
    function = authoring.registry.proofs.get(name)
    node = function_node(lesson.tree, name)
    if function is None or node is None:
        return verdict | {"message": f"lesson.py has no statement `{name}`"}
    absent = [scenario for scenario in on if scenario not in traces]
    if absent:
        return verdict | {
            "message": f"there is no trace of {', '.join(absent)}",
            "line": node.lineno,
        }
    wrong = takes(function, on)
    if wrong:
        return verdict | {"message": wrong, "line": node.lineno}
    proof = Proof(lesson, name, kind, on, function, text_of(node, kind), node.lineno)
    ran = run(proof, traces)
    verdict |= _told(ran, traces)
    if ran.failure is None:
        vacuity = try_counterfactuals(proof, ran, traces, orders)
        verdict["kills"] = [_kill(refusal, traces) for refusal in vacuity.refusals]
        if vacuity.message:
            verdict |= {"outcome": "vacuous", "message": vacuity.message, "line": proof.line}
    return verdict


def _kill(refusal: Refusal, traces: Mapping[str, Any]) -> Data:
    """A refused counterfactual as plain data."""
    made = refusal.counterfactual
    return {
        "what": made.what,
        "line": refusal.line,
        "touched": [_event(made.scenario, place, traces) for place in sorted(made.places)],
    }


def _event(scenario: str, place: int, traces: Mapping[str, Any]) -> Data:
    return {"scenario": scenario, "seq": traces[scenario]["events"][place]["seq"], "value": ""}


def _told(ran: Ran, traces: Mapping[str, Any]) -> Data:
    """A run as plain data."""
    cites: Data = {}
    for name, value in ran.cites.items():
        if isinstance(value, Moment):
            cites[name] = {
                "scenario": value._trace._scenario,
                "seq": value._event["seq"],
                "value": "",
            }
        else:
            cites[name] = {"scenario": "", "seq": 0, "value": str(value)}
    told: Data = {
        "outcome": "proved",
        "cites": cites,
        "choices": [{"text": o.text, "right": o.right, "why": o.why} for o in ran.options],
    }
    if ran.failure is not None:
        told |= {
            "outcome": ran.failure.outcome,
            "message": ran.failure.message,
            "line": ran.failure.line,
            "touched": [_event(s, place, traces) for s, place in ran.failure.touched],
        }
    return told
