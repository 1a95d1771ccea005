"""What the commands that look at single lessons need: record now, print, propose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from asrun import accept as accepting
from asrun import accepted, lessons, pipeline, recorder
from asrun import trace as traces
from asrun.accept import Proposal
from asrun.cache import Cache
from asrun.children import Children
from asrun.model import Lesson, Problem, Trace
from asrun.problems import ProblemError
from asrun.recording import event_line
from asrun.story import Step
from asrun.story import Text as StoryText
from asrun.versions import releases

Progress = Callable[[str], None]


@dataclass(slots=True)
class Recorded:
    """A scenario's trace, and what each normaliser did on the way to it.

    Attributes:
        lesson, trace: what was recorded.
        changes: a normaliser's name, and the raw events that it took away, as text.
    """

    lesson: Lesson
    trace: Trace
    changes: list[tuple[str, list[str]]] = field(default_factory=list)


def record(root: Path, lesson_id: str, scenario: str | None, progress: Progress) -> list[Recorded]:
    """Record a lesson's scenarios now, whatever the cache holds.

    Raises:
        ProblemError: the lesson, or the scenario, is not there or cannot be recorded.
    """
    found = lessons.find(root)
    lesson = _one(found, lesson_id)
    if scenario is not None and scenario not in {s.name for s in lesson.scenarios}:
        names = ", ".join(s.name for s in lesson.scenarios)
        message = f"`{lesson.id}` has no scenario `{scenario}`"
        raise ProblemError(
            Problem("lesson-invalid", lesson.file("lesson.py"), 1, message, f"It has: {names}.")
        )
    with Children(lesson.imports) as children:
        done = recorder.record(
            [lesson],
            Cache(None),
            children,
            lambda lesson, name: progress(f"recording {lesson} {name}"),
        )
    if done.problems:
        raise ProblemError(done.problems[0])
    result = []
    for one in done.done:
        if scenario in (None, one.scenario.name):
            changes: list[tuple[str, list[str]]] = []
            trace = traces.stabilise(
                lesson, one.scenario, one.events, one.versions, _watch(changes)
            )
            result.append(Recorded(lesson, trace, changes))
    return result


def steps(recorded: Recorded) -> Sequence[Step]:
    """The trace in steps."""
    return pipeline.steps_of(recorded.lesson, recorded.trace)


def plain(text: StoryText) -> str:
    """A sentence without its markup."""
    return "".join(piece.value for piece in text)


def print_trace(recorded: Recorded, console: Console, *, raw: bool) -> None:
    """Print a trace, an event a line; with `raw`, also what each normaliser changed."""
    trace = recorded.trace
    v = trace.versions
    console.print(Text(f"{trace.lesson} · {trace.scenario}: {trace.title}", style="bold"))
    console.print(
        Text(
            f"fastapi {v.fastapi}, starlette {v.starlette}, "
            f"pydantic {v.pydantic}, python {v.python}",
            style="dim",
        )
    )
    for event in trace.events:
        place = f"{event.file}:{event.line}" if event.line else ""
        console.print(Text(f"{event.seq:>4} {place:<10} {event_line(event)}"), soft_wrap=True)
    if raw:
        for name, lines in recorded.changes:
            console.print(Text(f"\n{name}: {len(lines)} changed", style="bold"))
            for line in lines:
                console.print(Text(f"  {line}"), soft_wrap=True)
    console.print()


def draw(recorded: Recorded, console: Console) -> None:
    """Draw a trace's execution table."""
    table = Table(title=recorded.trace.title, title_justify="left", expand=True, show_lines=False)
    for name, ratio in (
        ("Step", None),
        ("Action", 5),
        ("State before", 3),
        ("State after", 3),
        ("Notes", 3),
    ):
        table.add_column(name, ratio=ratio, overflow="fold")
    for step in steps(recorded):
        action = Text.assemble(
            (f"{step.lane_label}  ", "dim"), (step.action, "bold"), "\n", plain(step.what)
        )
        notes = Text("\n".join(plain(note.text) for note in step.notes))
        before, after = Text("\n".join(step.before)), Text("\n".join(step.after))
        table.add_row(str(step.n), action, before, after, notes)
    console.print(table)


def print_new(proposal: Proposal, console: Console) -> None:
    """Print a recording that nothing was accepted for yet."""
    for line in proposal.text.splitlines():
        console.print(Text(line), soft_wrap=True)


def proposals(
    root: Path, only: tuple[str, ...], progress: Progress
) -> tuple[list[Proposal], list[Problem], list[Path]]:
    """Record lessons twice.

    Returns:
        What may be accepted, what is wrong, and recordings whose scenario is gone.

    Raises:
        ProblemError: a lesson that is asked for is not there.
    """
    found = lessons.find(root)
    chosen = [_one(found, name) for name in only] if only else list(found.lessons)
    problems = [p for p in found.problems if not only or p.lesson in only]
    first: dict[tuple[str, str], Trace] = {}
    result: list[Proposal] = []
    preload = sorted({m for lesson in chosen for m in lesson.imports})
    days = releases.read(root).days
    with Children(preload) as children:
        for attempt in (1, 2):

            def tell(lesson: str, scenario: str, attempt: int = attempt) -> None:
                progress(f"recording {lesson} {scenario} ({attempt} of 2)")

            done = recorder.record(chosen, Cache(None), children, tell)
            problems += [p for p in done.problems if p not in problems]
            for one in done.done:
                trace = traces.stabilise(one.lesson, one.scenario, one.events, one.versions)
                place = (one.lesson.id, one.scenario.name)
                if attempt == 1:
                    first[place] = trace
                elif place in first:
                    problem = accepting.unstable(one.lesson, one.scenario, first[place], trace)
                    if problem is not None:
                        problems.append(problem)
                        continue
                    proposal = accepting.propose(
                        one.lesson, one.scenario, trace, pipeline.steps_of, days
                    )
                    result += [proposal] if proposal else []
    return result, problems, [file for lesson in chosen for file in accepted.leftovers(lesson)]


def _one(found: lessons.Found, lesson_id: str) -> Lesson:
    for lesson in found.lessons:
        if lesson.id == lesson_id:
            return lesson
    for problem in found.problems:
        if problem.lesson == lesson_id:
            raise ProblemError(problem)
    ids = ", ".join(x.id for x in found.lessons) or "none"
    raise ProblemError(
        Problem(
            "lesson-invalid",
            "snippets",
            0,
            f"there is no lesson `{lesson_id}`",
            f"Lessons are: {ids}.",
        )
    )


def _watch(
    changes: list[tuple[str, list[str]]],
) -> Callable[[str, list[traces.RawEvent], list[traces.RawEvent]], None]:
    def watch(name: str, before: list[traces.RawEvent], after: list[traces.RawEvent]) -> None:
        kept = {id(e) for e in after}
        gone = [e for e in before if id(e) not in kept]
        changes.append((name, [_raw(e) for e in gone]))

    return watch


def _raw(event: traces.RawEvent) -> str:
    parts = [f"{event['lane']}.{event['unit']}", str(event.get("function", "-")), event["kind"]]
    parts += [f"{k}={event[k]!r}" for k in ("line", "text", "asgi", "detail") if event.get(k)]
    return " ".join(parts)
