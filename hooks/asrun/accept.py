"""Accept what ran: record several times, compare, and write the accepted recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from asrun import check
from asrun.check import StepsOf
from asrun.model import Lesson, Problem, Scenario, Trace
from asrun.recording import RecordingError, event_line, from_text, lines_of, to_text


@dataclass(frozen=True, slots=True)
class Proposal:
    """A recording that may be accepted.

    Attributes:
        lesson, scenario: what was recorded.
        file: where it will be.
        text: what will be written.
        replaces: the accepted recording that it takes the place of, or None.
        change: how behaviour differs from what was accepted, or None where nothing was.
    """

    lesson: Lesson
    scenario: Scenario
    file: Path
    text: str
    replaces: Path | None
    change: Problem | None

    def write(self) -> None:
        """Accept it."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(self.text, encoding="utf-8", newline="\n")
        if self.replaces is not None and self.replaces != self.file:
            self.replaces.unlink()


def unstable(lesson: Lesson, scenario: Scenario, first: Trace, again: Trace) -> Problem | None:
    """Where two recordings of one scenario differ: the field, and both values."""
    for a, b in zip(first.events, again.events, strict=False):
        if event_line(a) != event_line(b):
            return _unstable(
                lesson, scenario, a.line, *_first_difference(a.model_dump(), b.model_dump())
            )
    if len(first.events) != len(again.events):
        longer = max(first.events, again.events, key=len)
        extra = longer[min(len(first.events), len(again.events))]
        return _unstable(
            lesson, scenario, extra.line, "events", f"{len(first.events)}", f"{len(again.events)}"
        )
    return None


def _first_difference(a: dict[str, object], b: dict[str, object]) -> tuple[str, str, str]:
    compared = [k for k in a if k not in ("seq", "file", "line", "shown") and a[k] != b[k]]
    name = compared[0]
    x, y = a[name], b[name]
    if isinstance(x, dict) and isinstance(y, dict):
        inner = next(k for k in [*x, *y] if x.get(k) != y.get(k))
        return f"{name}.{inner}", str(x.get(inner)), str(y.get(inner))
    return name, str(x), str(y)


def _unstable(
    lesson: Lesson, scenario: Scenario, line: int | None, field: str, a: str, b: str
) -> Problem:
    return Problem(
        "unstable",
        lesson.file("app.py" if line else "lesson.py"),
        line or scenario.line,
        f"two recordings of `{scenario.name}` differ in `{field}`",
        "A recording has to come out the same each time: leave out what depends on chance, or on "
        "the machine.",
        expected=a,
        ran=b,
        lesson=lesson.id,
        scenario=scenario.name,
    )


def propose(lesson: Lesson, scenario: Scenario, trace: Trace, steps_of: StepsOf) -> Proposal | None:
    """What accepting a trace would write; None where what is accepted says the same already."""
    file = check.recording_folder(lesson, scenario.name) / f"{trace.versions.fastapi}.txt"
    old = check.accepted(lesson, scenario)
    if old is None:
        return Proposal(lesson, scenario, file, to_text(trace), None, None)
    try:
        recording = from_text(old.read_text(encoding="utf-8"))
        same = recording.lines == lines_of(trace) and recording.title == scenario.title
        if same and recording.versions.fastapi == trace.versions.fastapi:
            return None
    except (RecordingError, UnicodeDecodeError):
        pass
    changes = check.against_accepted(lesson, scenario, trace, steps_of)
    return Proposal(lesson, scenario, file, to_text(trace), old, changes[0] if changes else None)


def leftovers(lesson: Lesson) -> list[Path]:
    """Accepted recordings of scenarios that the lesson no longer has."""
    names = {s.name for s in lesson.scenarios}
    folders = sorted((lesson.folder / "recordings").glob("*"))
    return [
        file
        for folder in folders
        if folder.name not in names
        for file in sorted(folder.glob("*.txt"))
    ]
