"""Accept what ran: what the accepted recordings would be, and writing them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from asrun import accepted, check, fingerprint
from asrun.model import Lesson, Problem, Scenario, Trace
from asrun.nearby import StepsOf
from asrun.recording import FORMAT, FORMATS, from_text, lines_of


@dataclass(frozen=True, slots=True)
class Proposal:
    """A recording that may be accepted.

    Attributes:
        lesson, scenario: what was recorded.
        file: where it will be.
        text: what will be written.
        replaces: the accepted recording that it takes the place of, or None.
        change: how behaviour differs from what was accepted, or None where it does not.
        form: the format in which the old one is, where this recorder writes another: what that
            says of behaviour. An approval of its own.
        changes: all files that change: other recordings lose the release.
        outdated: files of other releases that are of another state of the lesson.
    """

    lesson: Lesson
    scenario: Scenario
    file: Path
    text: str
    replaces: Path | None
    change: Problem | None
    changes: accepted.Changes = field(default_factory=dict)
    outdated: tuple[str, ...] = ()
    form: Problem | None = None

    def write(self) -> None:
        """Accept it."""
        accepted.write(self.changes)


def propose(
    lesson: Lesson, scenario: Scenario, trace: Trace, steps_of: StepsOf, days: accepted.Days
) -> Proposal | None:
    """What accepting a trace would write; None where what is accepted says the same already.

    Args:
        lesson: the lesson.
        scenario: which of its scenarios was recorded.
        trace: what ran.
        steps_of: how a trace reads in steps.
        days: the releases that are known, with the days on which they came out.
    """
    place = accepted.folder(lesson, scenario.name)
    kept, broken = accepted.read(place)
    code = fingerprint.of_scenario(lesson, scenario.name)
    version = trace.versions.fastapi
    mine = accepted.covering(kept, version)
    if mine is not None and not broken:
        was = mine.recording
        same = (was.lines, was.title, was.code) == (lines_of(trace), scenario.title, code)
        if same and was.format == FORMAT and was.versions.fastapi == version:
            return None
    changes: accepted.Changes = {file: None for file, _ in broken}
    changes |= accepted.accepting(kept, place, trace, code, days)
    file, text = next((f, t) for f, t in changes.items() if t is not None and _covers(t, version))
    if not kept and not broken:
        return Proposal(lesson, scenario, file, text, None, None, changes)
    old = accepted.for_version(kept, version)
    found = check.against_accepted(lesson, scenario, trace, steps_of)
    of_others = {k.file.name for k in accepted.of_other_code(kept, code, version)}
    form = next((p for p in found if p.kind == "format-changed"), None)
    known = old is None or old.recording.format in FORMATS
    # Of a format that can't be read, nothing says that behaviour did not change.
    behaviour = {"behaviour-changed", *(() if old else ("stale-recording",))}
    change = next((p for p in found if p.kind in behaviour), None if known else form)
    replaces = old.file if old is not None else broken[0][0]
    return Proposal(
        lesson, scenario, file, text, replaces, change, changes, tuple(sorted(of_others)), form
    )


def _covers(text: str, version: str) -> bool:
    return accepted.covering([accepted.Kept(Path(), from_text(text))], version) is not None
