"""Record lessons: what is in the cache is taken from there, the rest runs in children."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from asrun import cache
from asrun.children import Children, Ended, Job, ZygoteDied
from asrun.model import Lesson, Problem, Scenario

Origin = Literal["this build", "cache"]
_ENTRY = "asrun.record.child:main"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A scenario's raw recording.

    Attributes:
        lesson, scenario: what was recorded.
        events: the recorder's raw events.
        versions: of what it ran on.
        origin: whether it ran in this build.
    """

    lesson: Lesson
    scenario: Scenario
    events: list[dict[str, Any]]
    versions: dict[str, str]
    origin: Origin


@dataclass(slots=True)
class Recordings:
    """What `record` gives: recordings, problems, and why each scenario ran or did not."""

    done: list[Recorded] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ran: int = 0


Progress = Callable[[str, str], None]
"""Is told a lesson's id and a scenario's name, when its recording begins."""


def key(lesson: Lesson, scenario: Scenario) -> str:
    """The cache key: everything that can change the recording."""
    app = (lesson.folder / "app.py").read_text(encoding="utf-8")
    return cache.key_of("recording", lesson.id, scenario.name, app, lesson.source, cache.environment(), cache.engine("record"))


def record(
    lessons: Sequence[Lesson],
    store: cache.Cache,
    children: Children,
    progress: Progress = lambda lesson, scenario: None,
) -> Recordings:
    """Record every scenario of the lessons.

    Args:
        lessons: what to record.
        store: where earlier recordings are, and new ones go.
        children: run what has to be run.
        progress: is told when a recording begins.
    """
    result = Recordings()
    todo: list[Job] = []
    for lesson in lessons:
        for scenario in lesson.scenarios:
            entry = store.get(key(lesson, scenario))
            if entry is not None:
                result.done.append(Recorded(lesson, scenario, entry["events"], entry["versions"], "cache"))
            else:
                request = {"folder": str(lesson.folder), "scenario": scenario.name}
                todo.append(Job((lesson, scenario), _ENTRY, request))
    if not todo:
        return result
    result.ran = len(todo)
    try:
        for ended in children.run(todo, lambda job: progress(job.key[0].id, job.key[1].name)):
            _take(ended, result, store)
    except ZygoteDied as error:
        file = todo[0].key[0].file("app.py")
        result.problems.append(
            Problem("recorder-failed", file, 0, f"the recorder cannot run: {error}", "Run `asrun doctor`, then report this.")
        )
    order = {(lesson.id, s.name): i for i, (lesson, s) in enumerate((x, s) for x in lessons for s in x.scenarios)}
    result.done.sort(key=lambda r: order[r.lesson.id, r.scenario.name])
    result.problems.sort(key=lambda p: (p.lesson, p.scenario))
    return result


def _take(ended: Ended, result: Recordings, store: cache.Cache) -> None:
    lesson, scenario = ended.job.key
    found = ended.result
    if found is not None and found["status"] == "recorded":
        if not found["requests"]:
            result.problems.append(
                Problem(
                    "lesson-invalid", lesson.file("lesson.py"), scenario.line,
                    f"the scenario `{scenario.name}` made no request",
                    "Await a request of the client that it is given.",
                    lesson=lesson.id, scenario=scenario.name,
                )
            )  # fmt: skip
            return
        value = {"events": found["events"], "versions": found["versions"]}
        store.put(key(lesson, scenario), value)
        result.done.append(Recorded(lesson, scenario, value["events"], value["versions"], "this build"))
        return
    result.problems.append(_problem(lesson, scenario, ended))


def _problem(lesson: Lesson, scenario: Scenario, ended: Ended) -> Problem:
    where: dict[str, Any] = {"lesson": lesson.id, "scenario": scenario.name}
    fallback = ("lesson.py", scenario.line, scenario.name)
    found = ended.result
    if found is not None:
        stack = [tuple(f) for f in found["stack"]] or [fallback]
        file, line, _ = stack[-1]
        return Problem(
            found["status"], lesson.file(file), line, found["message"],
            "Mend the line, or catch the exception where the lesson expects it.",
            stack=_stack(stack), **where,
        )  # fmt: skip
    if ended.hung:
        stack = list(ended.stack) or [fallback]
        file, line, function = stack[-1]
        return Problem(
            "hung", lesson.file(file), line,
            f"`{scenario.name}` did not end within {ended.job.deadline:g} seconds: it hangs in `{function}`",
            "Nothing may wait for what never comes. Sleeping is no trouble: the clock is virtual.",
            stack=_stack(stack), **where,
        )  # fmt: skip
    if ended.code == 70:
        last = ended.output.strip().splitlines() or ["no output"]
        return Problem(
            "recorder-failed", lesson.file("app.py"), 1, f"the recorder failed: {last[-1]}",
            "This is an error of asrun, not of the lesson: report it with the lesson.", **where,
        )  # fmt: skip
    how = f"ended itself with status {ended.code}" if ended.code >= 0 else f"was ended by signal {-ended.code}"
    return Problem(
        "crashed", lesson.file("app.py"), 1, f"`{scenario.name}`: the process {how} before the scenario was over",
        "A lesson may not end its process: look for `os._exit`, `sys.exit` or a crash in C code.", **where,
    )  # fmt: skip


def _stack(frames: Iterable[Any]) -> tuple[str, ...]:
    return tuple(f"{file}:{line} in {function}" for file, line, function in frames)
