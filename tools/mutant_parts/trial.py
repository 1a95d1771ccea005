"""Lessons recorded and judged as a check does it, with what came of each of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from asrun import check, court, lessons, pipeline, recorder, trace
from asrun.cache import Cache
from asrun.children import Children
from asrun.jobs import DEADLINE, Ended, Job, Runs, Started
from asrun.model import Event, Lesson, Problem, Trace, Verdict
from tools.mutant_parts.faults import Fault
from tools.mutant_parts.place import ROOT

SAID = frozenset(
    {
        "statement-false",
        "cited-step-missing",
        "quiz-ambiguous",
        "statement-vacuous",
        "statement-unproved",
        "proof-crashed",
        "proof-hung",
        "holds-wrong",
    }
)
"""Problems of what is said: they are found without any accepted recording."""
OF_SOURCE = frozenset({"stale-recording"})
"""A problem of the source alone: that `app.py` is another says nothing of what runs."""

Compared = tuple[object, ...]


@dataclass(slots=True)
class Trial:
    """What a check says of a lesson.

    Attributes:
        lesson: which.
        traces: by scenario, of those that could be recorded.
        verdicts: by statement.
        problems: all that is wrong.
    """

    lesson: Lesson
    traces: dict[str, Trace] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """The kinds of what is wrong, but for what the source alone says."""
        return sorted({p.kind for p in self.problems} - OF_SOURCE)

    @property
    def false(self) -> list[str]:
        """Names of the statements that can't be published."""
        return [p.statement for p in self.problems if p.kind in SAID]


def read_lessons() -> list[Lesson]:
    """The lessons of this project."""
    found = lessons.find(ROOT)
    if found.problems:
        raise SystemExit(f"{found.problems[0].where}: {found.problems[0].message}")
    return list(found.lessons)


def started(of: Iterable[Lesson], preload: Iterable[str] = ()) -> Children:
    """Children for lessons, into which faults can be put."""
    imports = {name for lesson in of for name in lesson.imports}
    return Children(sorted(imports | set(preload)), path=(ROOT,))


def run(
    chosen: Sequence[Lesson],
    children: Runs,
    *,
    judge: Runs | None = None,
    store: Cache | None = None,
    deadline: float = DEADLINE,
) -> list[Trial]:
    """Record lessons anew, compare, and judge what is said.

    Args:
        chosen: with different ids.
        children: run the scenarios.
        judge: run the proofs; the same children where it is None.
        store: where verdicts are kept and come from; none where it is None.
        deadline: seconds of real time that a scenario may take.
    """
    trials = {lesson.id: Trial(lesson) for lesson in chosen}
    recordings = recorder.record(chosen, Cache(None), children, deadline=deadline)
    for problem in recordings.problems:
        for trial in [trials[problem.lesson]] if problem.lesson else trials.values():
            trial.problems.append(problem)
    for one in recordings.done:
        told = trace.stabilise(one.lesson, one.scenario, one.events, one.versions)
        trials[one.lesson.id].traces[one.scenario.name] = told
    traces = {(x, name): t for x, trial in trials.items() for name, t in trial.traces.items()}
    verdicts = court.judge(chosen, traces, store or Cache(None), judge or children)
    pinned = pipeline.pinned_fastapi(ROOT)
    for trial in trials.values():
        lesson = trial.lesson
        trial.verdicts.update(verdicts[lesson.id])
        for scenario in lesson.scenarios:
            if scenario.name in trial.traces:
                ran = trial.traces[scenario.name]
                trial.problems += check.against_accepted(lesson, scenario, ran, pipeline.steps_of)
        said = check.statements(lesson, trial.verdicts, trial.traces, pipeline.steps_of, pinned)
        trial.problems += said
    return list(trials.values())


class Faulty:
    """Children in which the framework has a fault.

    Args:
        children: run the jobs.
        fault: what is put in.
    """

    def __init__(self, children: Children, fault: Fault) -> None:
        self._children = children
        self._fault = [list(change) for change in fault.changes]

    def run(self, jobs: Iterable[Job], started: Started | None = None) -> Iterator[Ended]:
        """Run recordings; yields each as it ends."""
        originals: dict[int, Job] = {}
        changed = []
        for job in jobs:
            new = replace(
                job,
                entry="tools.mutant_parts.faulty:main",
                request={**job.request, "fault": self._fault},
            )
            originals[id(new)] = job
            changed.append(new)
        for ended in self._children.run(changed):
            yield replace(ended, job=originals[id(ended.job)])


def compared(told: Trace, *, text: bool) -> list[Compared]:
    """All that is compared of a trace, without going by way of a recording's text.

    Args:
        told: the trace.
        text: whether the source of the statements counts.
    """
    return [_fields(event, text) for event in told.events]


def _fields(event: Event, text: bool) -> Compared:
    return (
        event.kind, event.lane, event.unit, event.request, event.function, event.frame,
        event.text if text else None, event.asgi, repr(event.detail), repr(event.names),
        repr(event.states),
    )  # fmt: skip


def differ(one: Mapping[str, Trace], other: Mapping[str, Trace], *, text: bool) -> bool:
    """Whether two recordings of a lesson differ in what is compared."""
    return one.keys() != other.keys() or any(
        compared(one[name], text=text) != compared(other[name], text=text) for name in one
    )
