"""Where a release behaves otherwise with the newest dependencies than with those of its day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from asrun import accepted
from asrun.accepted import Kept
from asrun.elsewhere import Apart
from asrun.model import Lesson, Scenario, Trace, VersionRange
from asrun.nearby import StepsOf
from asrun.versions import aligning


def of_scenario(
    lesson: Lesson,
    scenario: Scenario,
    kept: Sequence[Kept],
    versions: Sequence[str],
    steps_of: StepsOf,
) -> Iterator[Apart]:
    """Find the releases that the two kinds of dependencies tell apart.

    Args:
        lesson: the lesson.
        scenario: one of its scenarios.
        kept: its accepted recordings, with their events as they are shown.
        versions: the releases that are known, oldest first.
        steps_of: how a trace reads in steps.

    Returns:
        Neighbouring releases together; none where nothing was recorded with the newest dependencies.
    """
    if not any(k.recording.newest for k in kept):
        return
    pairs = [(v, (accepted.covering(kept, v), _newest(kept, v))) for v in versions]
    for (day, newest), group in groupby(pairs, key=lambda one: one[1]):
        among = [version for version, _ in group]
        if day is None or day is newest:
            continue
        made = _range(newest, among[0])
        yield Apart(
            scenario=scenario.name,
            first=among[0],
            last=among[-1],
            by=made.by if made else "",
            moved=made.moved if made else "",
            old=day.file.stem,
            new=newest.file.stem if newest else "",
            rows=aligning.rows(lesson, _trace(day), _trace(newest), steps_of),
        )


def _newest(kept: Sequence[Kept], version: str) -> Kept | None:
    return next((k for k in kept if _range(k, version)), None)


def _range(kept: Kept | None, version: str) -> VersionRange | None:
    ranges = kept.recording.newest if kept else ()
    return next((r for r in ranges if accepted.within(version, r)), None)


def _trace(kept: Kept | None) -> Trace | None:
    return kept.recording.trace if kept and kept.recording.outcome == "recorded" else None
