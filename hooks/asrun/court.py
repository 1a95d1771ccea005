"""Have the statements judged: the parent's side of the judging child."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from asrun import cache
from asrun.children import Children, Ended, Job
from asrun.model import Choice, Cite, Lesson, Statement, Trace, Verdict
from asrun.recording import digest_of

_ENTRY = "asrun.judge.child:judge"
_DEADLINE = 20.0


def judge(
    lessons: Sequence[Lesson],
    traces: Mapping[tuple[str, str], Trace],
    store: cache.Cache,
    children: Children,
    progress: Callable[[str], None] = lambda lesson: None,
) -> dict[str, dict[str, Verdict]]:
    """Run the proofs of every statement whose scenarios were recorded.

    Args:
        lessons: the lessons.
        traces: by lesson id and scenario name.
        store: where earlier verdicts are, and new ones go.
        children: run the proofs.
        progress: is told a lesson's id when its judging begins.

    Returns:
        For each lesson's id, verdicts by statement name.
    """
    result: dict[str, dict[str, Verdict]] = {}
    jobs = []
    for lesson in lessons:
        mine = {
            s.name: traces[lesson.id, s.name]
            for s in lesson.scenarios
            if (lesson.id, s.name) in traces
        }
        statements = [s for s in lesson.statements if all(name in mine for name in s.on)]
        if not statements:
            result[lesson.id] = {}
            continue
        digests = [f"{name}:{digest_of(trace)}" for name, trace in mine.items()]
        key = cache.key_of(
            "verdicts",
            lesson.id,
            lesson.source,
            cache.environment(),
            cache.engine("judge"),
            *digests,
        )
        entry = store.get(key)
        if entry is not None:
            result[lesson.id] = _verdicts(entry["verdicts"])
            continue
        request = {
            "folder": str(lesson.folder),
            "traces": {
                n: t.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                for n, t in mine.items()
            },
            "statements": [{"name": s.name, "kind": s.kind, "on": list(s.on)} for s in statements],
        }
        jobs.append(Job((lesson, key, statements), _ENTRY, request, _DEADLINE))
    if jobs:
        for ended in children.run(jobs, lambda job: progress(job.key[0].id)):
            lesson, key, statements = ended.job.key
            if ended.result is not None and ended.result["failed"] is None:
                store.put(key, ended.result)
                result[lesson.id] = _verdicts(ended.result["verdicts"])
            elif ended.result is not None:
                failed = ended.result["failed"]
                why = f"importing {failed['file']} to judge it raised {failed['message']}"
                line = failed["line"] if failed["file"] == "lesson.py" else 0
                result[lesson.id] = {
                    s.name: Verdict(s.name, "crashed", message=why, line=line) for s in statements
                }
            else:
                result[lesson.id] = {s.name: _failed(s, ended) for s in statements}
    return result


def _failed(statement: Statement, ended: Ended) -> Verdict:
    """What a judging child that gave no answer means for each statement of its lesson."""
    own = [f for f in ended.stack if f[0] == "lesson.py"]
    line = own[-1][1] if own else 0
    if ended.hung:
        where = f" in `{own[-1][2]}`" if own else ""
        return Verdict(
            statement.name,
            "hung",
            message=f"the lesson's proofs did not end: they hang{where}",
            line=line,
        )
    last = ended.output.strip().splitlines() or [f"status {ended.code}"]
    return Verdict(
        statement.name, "crashed", message=f"the judging child ended: {last[-1]}", line=line
    )


def _verdicts(entries: Sequence[Mapping[str, Any]]) -> dict[str, Verdict]:
    return {
        e["statement"]: Verdict(
            statement=e["statement"],
            outcome=e["outcome"],
            cites={name: Cite(**c) for name, c in e["cites"].items()},
            choices=tuple(Choice(**c) for c in e["choices"]),
            message=e["message"],
            line=e["line"],
            touched=tuple(Cite(**c) for c in e["touched"]),
        )
        for e in entries
    }
