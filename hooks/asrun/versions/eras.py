"""The releases of a lesson in eras: neighbours in which all of its scenarios behave the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from asrun import accepted
from asrun.accepted import Kept
from asrun.elsewhere import Answer, Era
from asrun.model import Verdict, VersionRange
from asrun.versions.truth import Truth

Files = tuple[str, ...]
"""By scenario: the recording of how it behaves; "" where nothing is known."""


def of_releases(
    versions: Sequence[str], kept: Mapping[str, Sequence[Kept]], here: str
) -> tuple[Era, ...]:
    """Divide the releases that were looked at.

    Args:
        versions: the releases that are known, oldest first.
        kept: the accepted recordings of each scenario.
        here: the release that the build runs on: its page is the lesson's own.

    Returns:
        Eras by oldest release; what lies before the first recording and after the last is left out.
    """
    named = [(v, _files(kept, v)) for v in versions]
    while named and not any(named[-1][1]):
        named.pop()
    own = _files(kept, here)
    pages: dict[Files, str | None] = {}
    for version, files in named:
        pages.setdefault(files, version if _recorded(files, kept) else None)
    if _recorded(own, kept):
        pages[own] = ""
    groups = [(f, [v for v, _ in group]) for f, group in groupby(named, key=lambda one: one[1])]
    if groups and not any(groups[0][0]):
        groups.pop(0)
    return tuple(_era(files, among, kept, pages[files]) for files, among in groups)


def verdicts(
    found: Sequence[Era], kept: Mapping[str, Sequence[Kept]], truth: Truth
) -> dict[str, Mapping[str, Verdict]]:
    """For each page of an era, what became of the statements on its runs."""
    return {
        era.page: truth.verdicts.get(_told(tuple(era.files.get(n, "") for n in kept), kept), {})
        for era in found
        if era.page is not None
    }


def answers(
    found: Sequence[Era], judged: Mapping[str, Mapping[str, Verdict]]
) -> dict[tuple[str, str], Answer]:
    """Where each option of a quiz is the right one, by the quiz's name and the option's text.

    Args:
        found: the eras.
        judged: for each page of an era, what became of the statements on its runs.
    """
    result: dict[tuple[str, str], Answer] = {}
    last: dict[tuple[str, str], int] = {}
    for place, era in enumerate(found):
        for name, verdict in judged.get(era.page, {}).items() if era.page is not None else ():
            for choice in verdict.choices if verdict.outcome == "proved" else ():
                if not choice.right:
                    continue
                key = (name, choice.text)
                before = result.get(key, Answer(era.page or "", ()))
                ranges = before.ranges
                if ranges and last[key] == place - 1:
                    ranges = (*ranges[:-1], VersionRange(ranges[-1].first, era.last))
                else:
                    ranges = (*ranges, VersionRange(era.first, era.last))
                result[key], last[key] = Answer(before.page, ranges), place
    return result


def _files(kept: Mapping[str, Sequence[Kept]], version: str) -> Files:
    covering = [accepted.covering(one, version) for one in kept.values()]
    return tuple(k.file.stem if k else "" for k in covering)


def _told(files: Files, kept: Mapping[str, Sequence[Kept]]) -> tuple[str | None, ...]:
    """The same in the terms of a `Timeline`: None for what could not be recorded."""
    recorded = [
        {k.file.stem for k in ks if k.recording.outcome == "recorded"} for ks in kept.values()
    ]
    return tuple(f if f in names else None for f, names in zip(files, recorded, strict=True))


def _recorded(files: Files, kept: Mapping[str, Sequence[Kept]]) -> bool:
    return any(name is not None for name in _told(files, kept))


def _era(
    files: Files, among: Sequence[str], kept: Mapping[str, Sequence[Kept]], page: str | None
) -> Era:
    first, last = among[0], among[-1]
    ranges = [
        r
        for ks, name in zip(kept.values(), files, strict=True)
        for k in ks
        for r in k.ranges
        if k.file.stem == name and accepted.within(first, r)
    ]
    starts = {r.first: r.first_day for r in ranges} | {r.last: r.last_day for r in ranges}
    whole = [r.recorded for r in ranges if (r.first, r.last) == (first, last)]
    return Era(
        first=first,
        last=last,
        first_day=starts.get(first, ""),
        last_day=starts.get(last, ""),
        of=len(among),
        recorded=min(whole, default=0),
        files={scenario: f for scenario, f in zip(kept, files, strict=True) if f},
        page=page,
    )
