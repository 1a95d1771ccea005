"""The transcript: the run told in sentences, phase by phase; it suffices by itself."""

from __future__ import annotations

from collections.abc import Sequence

from asrun.narrate.prose import cite, code, join, listed, say
from asrun.story import Paragraph, Phase, Step, Text


def transcript(steps: Sequence[Step], phases: Sequence[Phase]) -> tuple[Paragraph, ...]:
    """One paragraph a phase: each step with its number, what happened, why, and what changed."""
    return tuple(
        Paragraph(phase.name, join(*(_told(step) for step in steps[phase.first - 1 : phase.last])))
        for phase in phases
    )


def _told(step: Step) -> Text:
    number = cite(step.n, step.address)
    where = step.lane_label[:1].upper() + step.lane_label[1:]
    return join(
        say("{number} {where}, {action}:", number=number, where=where, action=code(step.action)),
        step.what,
        step.why,
        _changes(step),
    )


def _changes(step: Step) -> Text:
    changed = [(b, a) for b, a in zip(step.before, step.after, strict=True) if b != a]
    if not changed:
        return ()
    parts = [say("{b} becomes {a}", b=code(b), a=code(a)) for b, a in changed]
    return join(say("State: "), listed(parts), say("."), by="")
