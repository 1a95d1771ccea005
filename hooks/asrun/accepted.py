"""The accepted recordings of a scenario: one file for each distinct behaviour.

Each file says in which releases of FastAPI the scenario behaves like this, so it may name several
ranges; it is called by the oldest release. Two ways lead here: `asrun accept` knows how one
release behaves, that which asrun runs on; `asrun versions --accept` knows all of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from asrun import between
from asrun.model import Lesson, Trace, VersionRange
from asrun.recording import FORMATS, Recording, RecordingError, from_text, of_trace, text_of

Days = Mapping[str, str]
"""Releases, oldest first, and the day on which each came out."""
Changes = dict[Path, str | None]
"""What a file is to hold; None for one that is to go."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One accepted recording, as it lies in its file."""

    file: Path
    recording: Recording

    @property
    def ranges(self) -> tuple[VersionRange, ...]:
        """Where the scenario behaves like this; at least on the release that was recorded."""
        recording = self.recording
        if recording.ranges or recording.newest:
            return recording.ranges
        return (VersionRange(recording.versions.fastapi, recording.versions.fastapi),)


def folder(lesson: Lesson, scenario: str) -> Path:
    """Where a scenario's accepted recordings are."""
    return lesson.folder / "recordings" / scenario


def leftovers(lesson: Lesson) -> list[Path]:
    """Accepted recordings of scenarios that the lesson does not have."""
    names = {scenario.name for scenario in lesson.scenarios}
    files = sorted(lesson.folder.glob("recordings/*/*.txt"))
    return [file for file in files if file.parent.name not in names]


def read(place: Path) -> tuple[list[Kept], list[tuple[Path, RecordingError]]]:
    """Read a scenario's accepted recordings.

    Args:
        place: their folder; it need not be there.

    Returns:
        Those that can be read, by their oldest release; and the others, each with what is wrong.
    """
    kept, broken = [], []
    for file in sorted(place.glob("*.txt")):
        try:
            kept.append(Kept(file, from_text(file.read_text(encoding="utf-8"))))
        except RecordingError as error:
            broken.append((file, error))
        except UnicodeDecodeError:
            broken.append((file, RecordingError("it is not UTF-8", 1)))
    return sorted(kept, key=_oldest), broken


def covering(kept: Iterable[Kept], version: str) -> Kept | None:
    """The recording that says of itself that a release behaves like it; None where none does."""
    return next((k for k in kept if any(within(version, r) for r in k.ranges)), None)


def for_version(kept: Sequence[Kept], version: str) -> Kept | None:
    """The recording to compare a release with.

    It is the one that covers the release; else that of the nearest release before it, since a
    release is expected to behave like the one before; else the oldest.
    """
    found = covering(kept, version)
    if found is not None or not kept:
        return found
    wanted = Version(version)
    earlier = [(Version(r.last), k) for k in kept for r in k.ranges if Version(r.last) < wanted]
    if earlier:
        return max(earlier, key=lambda pair: pair[0])[1]
    return min((k for k in kept if k.ranges), key=_oldest, default=kept[0])


def of_other_code(kept: Iterable[Kept], code: str, version: str) -> list[Kept]:
    """Recordings of another state of the lesson, that speak of other releases than this one.

    Args:
        kept: what is accepted.
        code: digest of the code as it is now.
        version: the release that runs now: what it does is known without them.
    """
    return [k for k in of_other_releases(kept, version) if k.recording.code != code]


def of_other_releases(kept: Iterable[Kept], version: str) -> list[Kept]:
    """Recordings that speak of other releases than this one."""
    return [
        k
        for k in kept
        if any((r.first, r.last) != (version, version) for r in (*k.ranges, *k.recording.newest))
    ]


def accepting(kept: Sequence[Kept], place: Path, trace: Trace, code: str, days: Days) -> Changes:
    """What the files are to hold once a trace is accepted as how its release behaves.

    The release leaves the ranges of whatever covered it until now. It joins the recording of the
    same behaviour and the same code, where there is one.

    Args:
        kept: what is accepted now.
        place: the scenario's folder.
        trace: what ran.
        code: digest of the code that ran.
        days: the releases that are known.

    Returns:
        Only files that change.
    """
    version = trace.versions.fastapi
    mine = VersionRange(version, version, days.get(version, ""), days.get(version, ""))
    fresh = of_trace(trace, code, (mine,))
    after: list[tuple[Path | None, Recording]] = []
    joined = False
    for k in kept:
        left = _without(k.ranges, version, days)
        # In its own format, so that a recorder with another one does not make another behaviour.
        form = k.recording.format
        like = of_trace(trace, code, (mine,), form=form) if form in FORMATS else fresh
        same = k.recording.code == code and compared(k.recording) == compared(like)
        if same and not joined:
            joined = True
            ranges = k.ranges if left != k.ranges else joining(left, mine, days)
            newest = k.recording.newest
            after.append((k.file, dataclasses.replace(fresh, ranges=ranges, newest=newest)))
        elif left or k.recording.newest:
            after.append((k.file, dataclasses.replace(k.recording, ranges=left)))
        else:
            after.append((k.file, dataclasses.replace(k.recording, ranges=(), newest=())))
    if not joined:
        after.append((None, fresh))
    wanted = named(place, [r for _, r in after if r.ranges or r.newest])
    return changes({k.file: text_of(k.recording) for k in kept}, wanted)


def named(place: Path, recordings: Iterable[Recording]) -> dict[Path, str]:
    """The files of recordings: each is called by the oldest release that behaves so."""
    result: dict[Path, str] = {}
    for recording in recordings:
        ranges = recording.ranges or recording.newest
        oldest = min((r.first for r in ranges), key=Version)
        stem = oldest if recording.ranges else f"{oldest}-newest"
        file, n = place / f"{stem}.txt", 2
        while file in result:
            file, n = place / f"{stem}-{n}.txt", n + 1
        result[file] = text_of(recording)
    return result


def changes(now: Mapping[Path, str], wanted: Mapping[Path, str]) -> Changes:
    """What has to be written and removed to get from files to others."""
    result: Changes = {file: None for file in now if file not in wanted}
    result |= {file: text for file, text in wanted.items() if now.get(file) != text}
    return result


def write(wanted: Changes) -> None:
    """Write and remove files."""
    for file, text in wanted.items():
        if text is None:
            file.unlink(missing_ok=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")


def compared(recording: Recording) -> tuple[str, ...]:
    """What is compared between releases; see `between.py`."""
    if recording.outcome == "recorded":
        return between.compared(recording.lines)
    return (recording.outcome, *([recording.why] if recording.outcome == "failed" else []))


def joining(
    ranges: Sequence[VersionRange], mine: VersionRange, days: Days
) -> tuple[VersionRange, ...]:
    """Ranges and one release more, which prolongs a range where it is its neighbour."""
    order = list(days)
    result = list(ranges)
    if mine.first in order:
        at = order.index(mine.first)
        for i, r in enumerate(result):
            if at and r.last == order[at - 1]:
                result[i] = dataclasses.replace(
                    r, last=mine.last, last_day=mine.last_day, recorded=r.recorded + 1, of=r.of + 1
                )
                return tuple(result)
    return tuple(sorted([*result, mine], key=lambda r: Version(r.first)))


def _without(ranges: Sequence[VersionRange], version: str, days: Days) -> tuple[VersionRange, ...]:
    """Ranges less one release; where its neighbours are not known, only their ends are kept."""
    result = []
    for r in ranges:
        if not within(version, r):
            result.append(r)
            continue
        inside = sorted({r.first, r.last, *(v for v in days if within(v, r))}, key=Version)
        before = [v for v in inside if Version(v) < Version(version)]
        after = [v for v in inside if Version(v) > Version(version)]
        result += [_cut(r, before, days)] if before else []
        result += [dataclasses.replace(_cut(r, after, days), by="", moved="")] if after else []
    return tuple(result)


def _cut(r: VersionRange, kept: Sequence[str], days: Days) -> VersionRange:
    first, last = kept[0], kept[-1]
    ends = {r.first: r.first_day, r.last: r.last_day}
    return dataclasses.replace(
        r,
        first=first,
        last=last,
        first_day=days.get(first, ends.get(first, "")),
        last_day=days.get(last, ends.get(last, "")),
        recorded=max(1, min(r.recorded - 1, len(kept))),
        of=len(kept),
    )


def within(version: str, r: VersionRange) -> bool:
    """Whether a range of releases has a release in it."""
    return Version(r.first) <= Version(version) <= Version(r.last)


def _oldest(kept: Kept) -> Version:
    ranges = kept.ranges or kept.recording.newest
    return min(Version(r.first) for r in ranges)
