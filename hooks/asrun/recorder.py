"""Record lessons: what is in the cache is taken from there, the rest runs in children."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asrun import complaints, received
from asrun.cache import Cache
from asrun.jobs import DEADLINE, Ended, Job, Runs, ZygoteDied
from asrun.model import Lesson, Problem, Scenario
from asrun.received import Recording
from asrun.reuse import Reuse, project_of
from asrun.story import Origin

_ENTRY = "asrun.record.child:main"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A scenario's raw recording.

    Attributes:
        lesson, scenario: what was recorded.
        events: the recorder's raw events.
        versions: of what it ran on.
        origin: whether it ran in this build.
        files: files of the project that it opened, below the project's root.
    """

    lesson: Lesson
    scenario: Scenario
    events: list[dict[str, Any]]
    versions: dict[str, str]
    origin: Origin
    files: tuple[str, ...] = ()


@dataclass(slots=True)
class Recordings:
    """What `record` gives.

    Attributes:
        done: recordings, in the lessons' order.
        problems: what is wrong with the scenarios that could not be recorded.
        ran: how many scenarios ran.
        why: for each (lesson's id, scenario's name) why it ran; "" where it did not have to.
    """

    done: list[Recorded] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ran: int = 0
    why: dict[tuple[str, str], str] = field(default_factory=dict)


Progress = Callable[[str, str], None]
"""Is told a lesson's id and a scenario's name, when its recording begins."""


def record(
    lessons: Sequence[Lesson],
    store: Cache,
    children: Runs,
    progress: Progress = lambda lesson, scenario: None,
    *,
    options: Mapping[str, Any] | None = None,
    deadline: float = DEADLINE,
) -> Recordings:
    """Record every scenario of the lessons.

    Args:
        lessons: what to record.
        store: where earlier recordings are, and new ones go.
        children: run what has to be run.
        progress: is told when a recording begins.
        options: what else `session.record` is given, by name.
        deadline: seconds of real time that a scenario may take.
    """
    result = Recordings()
    reuse = Reuse(store, options)
    todo: list[tuple[float, Job]] = []
    for lesson in lessons:
        for scenario in lesson.scenarios:
            kept = reuse.look(lesson, scenario)
            result.why[lesson.id, scenario.name] = kept.why
            if kept.recording is not None:
                result.done.append(_recorded(lesson, scenario, kept.recording, "cache"))
                continue
            request = {
                "folder": str(lesson.folder),
                "project": str(project_of(lesson)),
                "scenario": scenario.name,
                "options": dict(options or {}),
            }
            # The longest first, so that none is left to run alone at the end; new ones before all.
            length = float("inf") if kept.seconds is None else kept.seconds
            todo.append((length, Job((lesson, scenario), _ENTRY, request, deadline)))
    todo.sort(key=lambda entry: -entry[0])
    result.ran = len(todo)
    if todo:
        jobs = [job for _, job in todo]
        try:
            for ended in children.run(jobs, lambda job: progress(job.key[0].id, job.key[1].name)):
                _take(ended, result, reuse)
        except ZygoteDied as error:
            result.problems.append(complaints.no_zygote(error))
    order = {
        (x.id, s.name): i for i, (x, s) in enumerate((x, s) for x in lessons for s in x.scenarios)
    }
    result.done.sort(key=lambda r: order[r.lesson.id, r.scenario.name])
    result.problems.sort(key=lambda p: order.get((p.lesson, p.scenario), -1))
    return result


def _recorded(lesson: Lesson, scenario: Scenario, found: Recording, origin: Origin) -> Recorded:
    return Recorded(lesson, scenario, found.events, found.versions, origin, found.files)


def _take(ended: Ended, result: Recordings, reuse: Reuse) -> None:
    lesson, scenario = ended.job.key
    if ended.said or ended.result is None:
        result.problems += complaints.of_ending(lesson, scenario, ended)
        return
    try:
        found = received.read(ended.result, project_of(lesson))
    except ValueError as error:
        result.problems.append(complaints.forged(lesson, scenario, str(error)))
        return
    if not isinstance(found, Recording):
        result.problems.append(complaints.of_lesson(lesson, scenario, found))
    elif not found.requests:
        result.problems.append(complaints.no_request(lesson, scenario))
    else:
        reuse.keep(lesson, scenario, found, ended.seconds)
        result.done.append(_recorded(lesson, scenario, found, "this build"))
