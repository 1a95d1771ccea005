"""Part `framework`: FastAPI and Starlette with a fault, and which sentence or case notices it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from asrun.children import Children
from asrun.jobs import Runs
from asrun.model import Lesson, Trace
from asrun.terminal import Progress
from tests.recorded import CASES, PRELOAD, Case, all_cases, job, trace_of
from tools.mutant_parts.faults import Fault
from tools.mutant_parts.kept import Kept, Result, key_of, of_files
from tools.mutant_parts.place import ROOT
from tools.mutant_parts.trial import Faulty, compared, run

DEADLINE = 5.0
"""Seconds that a scenario may take: with a fault, some never end."""

MODULES = (*PRELOAD, "tools.mutant_parts.faulty")
"""What children have to import before a fault can be put into them."""


def results(
    faults: Sequence[Fault],
    chosen: Sequence[Lesson],
    children: Children,
    kept: Kept,
    progress: Progress,
    cases: Sequence[Case] | None = None,
) -> Iterator[tuple[Fault, Result]]:
    """What notices each fault.

    Args:
        faults: are put in one by one.
        chosen: the lessons.
        children: with `MODULES` preloaded.
        kept: what was found before, and where it is kept.
        progress: is told what is done.
        cases: those of `tests/cases`; all where it is None.

    Yields:
        Each fault with plain data: `statements`, those that it makes false, as `lesson:name`;
        `lessons`, those whose recordings it changes; `cases`, scenarios of `tests/cases` that it
        changes; `failed`, why it could not be put in, or "".
    """
    ground = of_files(*_files())
    todo: list[tuple[Fault, str]] = []
    for fault in faults:
        key = key_of("fault", ground, repr(fault))
        found = kept.get(key)
        if found is None:
            todo.append((fault, key))
        else:
            yield fault, found
    wanted = all_cases() if cases is None else cases
    plain = _cases(wanted, children) if todo else {}
    for number, (fault, key) in enumerate(todo):
        progress(f"framework: {number} of {len(todo)} ({fault.name})")
        result = _tried(fault, chosen, wanted, plain, children)
        if not result["failed"]:
            kept.put(key, result)
        yield fault, result


def _files() -> list[Path]:
    files = [*(ROOT / "snippets").glob("*/*/**/*"), *CASES.glob("*/*.py")]
    return sorted(f for f in files if f.suffix in {".py", ".txt"})


def _tried(
    fault: Fault,
    chosen: Sequence[Lesson],
    cases: Sequence[Case],
    plain: dict[str, Trace | None],
    children: Children,
) -> Result:
    faulty = Faulty(children, fault)
    trials = run(chosen, faulty, judge=children, deadline=DEADLINE)
    broken = [p.message for t in trials for p in t.problems if p.kind == "recorder-failed"]
    ran = {} if broken else _cases(cases, faulty)
    return {
        "statements": [f"{t.lesson.id}:{name}" for t in trials for name in sorted(set(t.false))],
        "lessons": [t.lesson.id for t in trials if t.kinds],
        "cases": [name for name in ran if not _same(ran[name], plain[name])],
        "failed": broken[0] if broken else "",
    }


def _same(one: Trace | None, other: Trace | None) -> bool:
    if one is None or other is None:
        return one is other
    return compared(one, text=True) == compared(other, text=True)


def _cases(cases: Sequence[Case], children: Runs) -> dict[str, Trace | None]:
    """The traces of cases by their ids; None for one that could not be recorded."""
    jobs = [job(case, DEADLINE) for case in cases]
    found: dict[str, Trace | None] = {}
    for ended in children.run(jobs):
        case, answer = ended.job.key, ended.result
        found[case.id] = None
        if answer is not None and answer["status"] == "recorded":
            found[case.id] = trace_of(case, answer)
    return {case.id: found[case.id] for case in cases}
