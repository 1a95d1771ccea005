"""What the commands that look at single lessons need: record now, print, propose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from asrun import accept as accepting
from asrun import accepted, lessons, normalised, pipeline, recorder, repeated
from asrun.accept import Proposal
from asrun.cache import Cache
from asrun.children import Children
from asrun.model import Lesson, Problem, Trace
from asrun.normalised import Change, Normalised, raw_line
from asrun.problems import ProblemError
from asrun.recording import event_line
from asrun.story import Text as StoryText
from asrun.terminal import Progress
from asrun.versions import releases


def record(
    root: Path, lesson_id: str, scenario: str | None, progress: Progress
) -> list[Normalised]:
    """Record a lesson's scenarios now, whatever the cache holds.

    Raises:
        ProblemError: the lesson, or the scenario, is not there or cannot be recorded.
    """
    found = lessons.find(root)
    lesson = one(found, lesson_id)
    if scenario is not None and scenario not in {s.name for s in lesson.scenarios}:
        names = ", ".join(s.name for s in lesson.scenarios)
        message = f"`{lesson.id}` has no scenario `{scenario}`"
        raise ProblemError(
            Problem("lesson-invalid", lesson.file("lesson.py"), 1, message, f"It has: {names}.")
        )
    with Children(lesson.imports) as children:
        return recorded_now(lesson, scenario, children, progress)


def recorded_now(
    lesson: Lesson, scenario: str | None, children: Children, progress: Progress
) -> list[Normalised]:
    """Record a lesson's scenarios, or one of them, in these children.

    Raises:
        ProblemError: one cannot be recorded.
    """
    done = recorder.record(
        [lesson],
        Cache(None),
        children,
        lambda lesson, name: progress(f"recording {lesson} {name}"),
    )
    if done.problems:
        raise ProblemError(done.problems[0])
    return [
        normalised.normalise(lesson, one.scenario, one.events, one.versions)
        for one in done.done
        if scenario in (None, one.scenario.name)
    ]


def plain(text: StoryText) -> str:
    """A sentence without its markup."""
    return "".join(piece.value for piece in text)


def print_trace(recorded: Normalised, console: Console, *, raw: bool) -> None:
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
        _print_raw(recorded, console)
    console.print()


def _print_raw(recorded: Normalised, console: Console) -> None:
    """Print every raw event, then what each normaliser did to which of them."""
    became = {number: seq for seq, number in enumerate(recorded.numbers, 1)}
    taken = {c.raw: c.normaliser for c in recorded.changes if not c.field}
    console.print(Text(f"\n{len(recorded.raw)} raw events", style="bold"))
    for number, event in enumerate(recorded.raw, 1):
        end = f"taken away by {taken[number]}" if number in taken else f"event {became[number]}"
        style = "dim" if number in taken else ""
        console.print(Text(f"{number:>4} {raw_line(event)}  -> {end}", style), soft_wrap=True)
    for name in normalised.normalisers():
        mine = [c for c in recorded.changes if c.normaliser == name]
        away = [c.raw for c in mine if not c.field]
        changed = {c.raw for c in mine if c.field}
        console.print(
            Text(f"\n{name}: {len(away)} taken away, {len(changed)} changed", style="bold")
        )
        if away:
            console.print(Text(f"  taken away: {', '.join(map(str, away))}"), soft_wrap=True)
        for what, numbers in grouped(mine).items():
            console.print(Text(f"  {what}: {', '.join(map(str, numbers))}"), soft_wrap=True)


def grouped(changes: Sequence[Change]) -> dict[str, list[int]]:
    """Changes of fields that read the same, with the numbers of the raw events they happened to."""
    found: dict[str, list[int]] = {}
    for change in changes:
        if change.field:
            found.setdefault(f"{change.field} {change.was} -> {change.now}", []).append(change.raw)
    return found


def draw(lesson: Lesson, trace: Trace, console: Console) -> None:
    """Draw a trace's execution table."""
    table = Table(title=trace.title, title_justify="left", expand=True, show_lines=False)
    for name, ratio in (
        ("Step", None),
        ("Action", 5),
        ("State before", 3),
        ("State after", 3),
        ("Notes", 3),
    ):
        table.add_column(name, ratio=ratio, overflow="fold")
    for step in pipeline.steps_of(lesson, trace):
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
    """Record lessons as often as `repeated` does.

    Returns:
        What may be accepted, what is wrong, and recordings whose scenario is gone.

    Raises:
        ProblemError: a lesson that is asked for is not there.
    """
    found = lessons.find(root)
    chosen = [one(found, name) for name in only] if only else list(found.lessons)
    problems = [p for p in found.problems if not only or p.lesson in only]
    preload = sorted({m for lesson in chosen for m in lesson.imports})
    days = releases.read(root).days
    with Children(preload) as children:
        recorded = repeated.record(chosen, children, progress)
    made = [
        accepting.propose(lesson, scenario, trace, pipeline.steps_of, days)
        for lesson, scenario, trace in recorded.stable
    ]
    leftovers = [file for lesson in chosen for file in accepted.leftovers(lesson)]
    return [p for p in made if p is not None], [*problems, *recorded.problems], leftovers


def one(found: lessons.Found, lesson_id: str) -> Lesson:
    """A lesson by its id.

    Raises:
        ProblemError: it is not there, or cannot be read.
    """
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
