"""Have the statements judged: the parent's side of the judging child."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from asrun import cache
from asrun.jobs import DEADLINE, Ended, Job, Runs, ZygoteDied, cores
from asrun.model import Choice, Cite, Kill, Lesson, Statement, Trace, Verdict
from asrun.recording import digest_of
from asrun.reuse import names_in

_ENTRY = "asrun.judge.child:judge"
_TOGETHER = "asrun.judge.child:judge_together"
_IN_ONE = 8
"""Lessons that one process judges, where it may: a process costs as much as judging one."""
_CULPRITS = 2
"""Proofs of a lesson that may end its process, and the others are judged all the same."""
PATIENCE = 2 * DEADLINE
"""Seconds of real time that the proofs of one lesson may take together."""


def judge(
    lessons: Sequence[Lesson],
    traces: Mapping[tuple[str, str], Trace],
    store: cache.Cache,
    children: Runs,
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
            *_files_of(lesson),
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
            "source": lesson.source,
            "app": lesson.app,
            "traces": {
                n: t.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                for n, t in mine.items()
            },
            "statements": [{"name": s.name, "kind": s.kind, "on": list(s.on)} for s in statements],
        }
        jobs.append(Job((lesson, key, statements), _ENTRY, request, PATIENCE))

    def done(ended: Ended) -> None:
        lesson, key, statements = ended.job.key
        verdicts, final = _read(statements, ended)
        result.setdefault(lesson.id, {}).update(verdicts)
        if final and key and ended.result is not None:
            store.put(key, ended.result)

    try:
        alone = []
        for ended in _together(jobs, children, progress):
            if ended.result is None:
                alone.append(ended.job)
            else:
                done(ended)
        for _ in range(_CULPRITS + 1):
            rest = []
            for ended in children.run(alone, lambda job: progress(job.key[0].id)) if alone else ():
                others = _without_culprit(ended, result)
                if others is None:
                    done(ended)
                else:
                    rest.append(others)
            alone = rest
        for job in alone:
            lesson, _, statements = job.key
            why = f"it is not judged: {_CULPRITS + 1} other proofs of the lesson did not end"
            unjudged = {s.name: Verdict(s.name, "hung", message=why) for s in statements}
            result[lesson.id].update(unjudged)
    except ZygoteDied as error:
        for lesson, _, statements in (job.key for job in jobs):
            why = f"nothing can be judged: {error}"
            failed = {s.name: Verdict(s.name, "crashed", message=why) for s in statements}
            result[lesson.id] = failed | result.get(lesson.id, {})
    return result


def _files_of(lesson: Lesson) -> Iterator[str]:
    """What else a proof can come to by its imports, or asks for by its words: the whole folder."""
    for name in names_in(lesson.folder):
        with contextlib.suppress(OSError):
            yield f"{name} {cache.digest_of((lesson.folder / name).read_bytes())}"


def _together(
    jobs: Sequence[Job], children: Runs, progress: Callable[[str], None]
) -> Iterator[Ended]:
    """Judge several lessons in one process, where none can touch another.

    Yields each job with what became of it: without a result where it has to run alone. So it has
    where anything went wrong in its process, whichever lesson was the cause.
    """
    if len(jobs) < 2:
        yield from (Ended(job, None) for job in jobs)
        return
    # All cores are busy, and no process judges many more than another.
    shares = max(min(cores(), len(jobs)), -(-len(jobs) // _IN_ONE))
    batches = [
        Job(group, _TOGETHER, {"lessons": [job.request for job in group]}, PATIENCE / 4)
        for group in (jobs[at::shares] for at in range(shares))
    ]

    def begins(batch: Job) -> None:
        for job in batch.key:
            progress(job.key[0].id)

    for ended in children.run(batches, begins):
        group = ended.job.key
        found = ended.result.get("judged") if ended.result and not ended.said else None
        judged = found if isinstance(found, list) and len(found) == len(group) else []
        for job, one in zip_longest(group, judged):
            yield Ended(job, one if isinstance(one, dict) else None)


def _read(statements: Sequence[Statement], ended: Ended) -> tuple[dict[str, Verdict], bool]:
    """The verdicts of a lesson, however its judging child ended, and whether they can be kept."""
    found = ended.result
    if found is None or ended.said:
        return {s.name: _failed(s, ended) for s in statements}, False
    try:
        failed = found["failed"]
        if failed is None:
            verdicts = _verdicts(found["verdicts"])
            return {s.name: verdicts[s.name] for s in statements}, True
        why = f"importing {failed['file']} to judge it raised {failed['message']}"
        line = int(failed["line"]) if failed["file"] == "lesson.py" else 0
    except (KeyError, TypeError, ValueError) as error:
        # The child runs the lesson beside the judge, so it can hand over anything.
        why = f"the lesson left verdicts that the judge can't have made ({type(error).__name__})"
        line = 0
    crashed = (Verdict(s.name, "crashed", message=why, line=line) for s in statements)
    return {verdict.statement: verdict for verdict in crashed}, False


def _without_culprit(ended: Ended, result: dict[str, dict[str, Verdict]]) -> Job | None:
    """The job once more, without the proof that ended its process; None where that is not known.

    What became of that proof is put into `result`.
    """
    lesson, _, statements = ended.job.key
    inside = {function for file, _, function in ended.stack if file == "lesson.py"}
    alone = ended.result is None or bool(ended.said)
    found = [s for s in statements if s.name in inside] if alone else []
    rest = [s for s in statements if s not in found]
    if len(found) != 1 or not rest:
        return None
    result.setdefault(lesson.id, {})[found[0].name] = _failed(found[0], ended, alone=True)
    names = {s.name for s in rest}
    asked = [s for s in ended.job.request["statements"] if s["name"] in names]
    # Without a key: what is judged now is not the whole lesson, and not to be kept as that.
    return Job((lesson, "", rest), _ENTRY, {**ended.job.request, "statements": asked}, PATIENCE)


def _failed(statement: Statement, ended: Ended, *, alone: bool = False) -> Verdict:
    """What a judging child that gave no answer means for a statement of its lesson.

    Args:
        statement: the statement.
        ended: how the child ended.
        alone: whether its proof is known to be the cause.
    """
    own = [f for f in ended.stack if f[0] == "lesson.py"]
    line = own[-1][1] if own else 0
    whose = "the proof" if alone else "the lesson, while it is judged,"
    if ended.said and not ended.hung:
        message = f"{whose} {ended.said[0].message}"
        return Verdict(statement.name, "crashed", message=message, line=line)
    if ended.hung:
        where = f" in `{own[-1][2]}`" if own else ""
        message = (
            f"the proof did not end within {PATIENCE:g} seconds: it hangs{where}"
            if alone
            else f"the lesson's proofs did not end: they hang{where}"
        )
        return Verdict(statement.name, "hung", message=message, line=line)
    last = ended.output.strip().splitlines()
    how = last[-1] if ended.failed and last else f"it {ended.how}"
    return Verdict(statement.name, "crashed", message=f"the judging child ended: {how}", line=line)


def _verdicts(entries: Sequence[Mapping[str, Any]]) -> dict[str, Verdict]:
    return {
        e["statement"]: Verdict(
            statement=e["statement"],
            outcome=e["outcome"],
            cites={name: Cite(**c) for name, c in e["cites"].items()},
            choices=tuple(Choice(**c) for c in e["choices"]),
            message=e["message"],
            line=e["line"],
            touched=_cites(e["touched"]),
            kills=tuple(Kill(k["what"], int(k["line"]), _cites(k["touched"])) for k in e["kills"]),
        )
        for e in entries
    }


def _cites(entries: Sequence[Mapping[str, Any]]) -> tuple[Cite, ...]:
    return tuple(Cite(**c) for c in entries)
