"""What templates need to show other releases: the timeline, and where each statement is true."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from packaging.version import Version

from asrun.elsewhere import (
    Aligned,
    Brief,
    Change,
    Contrast,
    Era,
    History,
    Instead,
    Told,
    caused,
)
from asrun.model import VersionRange
from asrun.page import LessonPage, Site
from asrun.render import paths
from asrun.render.data import short_key
from asrun.render.picture import Fits, fits
from asrun.render.view import pages, said_of
from asrun.story import Said, Text

CONTEXT = 1
"""Steps that are shown around one that differs."""
_NAMES = {"fastapi": "FastAPI", "starlette": "Starlette", "anyio": "AnyIO"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A scenario that begins to behave otherwise, and those of which the same is to be said."""

    change: Change
    runs: str
    """Each run with how it was and is, for the script: `<lesson>/<scenario>:<was>:<is>`, spaced."""
    title: str
    """Titles of the scenarios."""
    before: str | None
    """Address of the page with the run until then; "" for this page; None where it has none."""
    after: str | None
    rows: tuple[Aligned | int, ...]
    """The steps that differ with their neighbours, and how many the same are left out between."""


@dataclass(frozen=True, slots=True)
class EraView:
    """An era on the timeline of a page."""

    era: Era
    number: int
    kind: Literal["own", "other", "none"]
    """Whether all runs are as in the release that the build runs on, otherwise, or not there."""
    current: bool
    """Whether this page shows its runs."""
    href: str
    """Address of the page that does; "" for this page, and where there is none."""
    differences: tuple[Difference, ...]
    why: tuple[str, ...]
    """Of scenarios that could not be recorded there: the exceptions."""
    fits: Fits
    """Whether there is room for the name of its first release, on a phone, too."""
    thin: bool
    """Whether there is no room for its number, either."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The releases that were looked at."""

    here: str
    """The release that the build runs on."""
    releases: int
    recorded: int
    """On how many of them the lesson was recorded."""
    eras: tuple[EraView, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where a statement is not true, and what happens there."""

    spans: str
    href: str
    """Address of the page with those runs; "" for this page."""
    text: Text


@dataclass(frozen=True, slots=True)
class Truth:
    """In which releases a statement is true."""

    told: Told
    spans: str
    href: str
    """Address of the page to whose steps `told.text` leads."""
    here: Text | None
    """What happens on this page instead; None where it is true here, or cannot be said."""
    elsewhere: tuple[Elsewhere, ...]


def span(first: str, last: str) -> str:
    """Return a range of releases in words."""
    return first if first == last else f"{first} to {last}"


def spans(ranges: Iterable[Era | VersionRange]) -> str:
    """Return several ranges in words."""
    parts = [span(r.first, r.last) for r in ranges]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def by(one: Contrast) -> str:
    """Return in words what made a difference: `Starlette 0.45.3 to 0.46.0`; "" if not known."""
    parts = [part.partition(" ") for part in caused(one.by, one.moved) if part]
    return " or ".join(f"{_NAMES.get(name, name)}{space}{v}" for name, space, v in parts)


def title_of(page: LessonPage, scenario: str) -> str:
    """Return the title of a scenario."""
    return next((s.title for s in page.lesson.scenarios if s.name == scenario), scenario)


def eras_of(page: LessonPage) -> list[Era]:
    """Return the eras whose runs a page shows."""
    return [e for e in page.history.eras if e.page == page.era] if page.history else []


def address(page: LessonPage, path: str, name: str) -> str:
    """Return the address of one of a lesson's pages on another; "" on that page itself.

    That of the lesson's own says which release is meant: whoever has set another as theirs has
    chosen to see it.
    """
    target = paths.era(page.lesson.id, name)
    if target == path:
        return ""
    link = paths.link(path, target)
    return link if name or page.history is None else f"{link}?version={here(page.history)}"


def here(history: History) -> str:
    """Return the release that the build runs on."""
    own = [era for era in history.eras if era.page == ""]
    return own[-1].last if own else history.last


def timeline(page: LessonPage, path: str) -> Timeline | None:
    """Return the timeline of a page; None where no other release is known."""
    history = page.history
    if history is None:
        return None
    views = tuple(
        _era_view(page, history, era, number, path) for number, era in enumerate(history.eras, 1)
    )
    recorded = [
        sum(r.recorded for b in group for r in b.ranges)
        for _, group in groupby(history.behaviours, key=lambda b: b.scenario)
    ]
    releases = sum(era.of for era in history.eras)
    return Timeline(here(history), releases, max(recorded, default=0), views)


def _era_view(page: LessonPage, history: History, era: Era, number: int, path: str) -> EraView:
    starting = [c for c in history.changes if c.release == era.first] if number > 1 else []
    before = history.eras[number - 2] if number > 1 else None
    names = {b.scenario: b for b in history.behaviours if era.files.get(b.scenario) == b.file}
    share = era.of / sum(e.of for e in history.eras)
    return EraView(
        era=era,
        number=number,
        kind="none" if era.page is None else "other" if era.page else "own",
        current=era.page == page.era,
        href=address(page, path, era.page) if era.page is not None else "",
        differences=tuple(_differences(page, starting, before, era, path)),
        why=tuple(dict.fromkeys(b.why for b in names.values() if b.outcome != "recorded")),
        fits=fits(f"{number} {era.first}", share),
        thin=fits(str(number), share) != "always",
    )


def _differences(
    page: LessonPage, changes: Iterable[Change], before: Era | None, after: Era, path: str
) -> Iterator[Difference]:
    """Changes at one release; those that are told in the same words, without a run, are one."""
    titles = {s.name: s.title for s in page.lesson.scenarios}
    for _, alike in groupby(changes, key=_alike):
        group = list(alike)
        change = group[0]
        names = [titles.get(c.scenario, c.scenario) for c in group]
        yield Difference(
            change=change,
            runs=" ".join(f"{page.lesson.id}/{c.scenario}:{c.old}:{c.new}" for c in group),
            title=" and ".join(names) if len(names) < 3 else f"{len(names)} runs",
            before=_run_at(page, before, change.scenario, change.old, path),
            after=_run_at(page, after, change.scenario, change.new, path),
            rows=tuple(_near(change.rows)),
        )


def _alike(change: Change) -> tuple[object, ...]:
    return (change.scenario,) if change.rows else (change.says, by(change))


def _run_at(page: LessonPage, era: Era | None, scenario: str, file: str, path: str) -> str | None:
    """Address of the page with a run of an era; None where it could not be recorded."""
    recorded = any(
        b.file == file and b.outcome == "recorded"
        for b in (page.history.of(scenario) if page.history else ())
    )
    if era is None or era.page is None or not recorded:
        return None
    return address(page, path, era.page)


def _near(rows: Sequence[Aligned]) -> list[Aligned | int]:
    """The rows that differ and their neighbours, with counts for what is left out."""
    differ = [i for i, row in enumerate(rows) if row.move != "same"]
    near: list[Aligned | int] = []
    for shown, group in groupby(
        enumerate(rows), key=lambda one: any(abs(one[0] - i) <= CONTEXT for i in differ)
    ):
        kept = [row for _, row in group]
        near += kept if shown else [len(kept)]
    return near


def truth(page: LessonPage, said: Said, path: str) -> Truth | None:
    """Return where a statement is true; None where no other release is known."""
    history = page.history
    told = (
        next((t for t in history.told if t.statement == said.statement.name), None)
        if history
        else None
    )
    if history is None or told is None:
        return None
    instead = next((i.text for i in told.instead if i.page == page.era), None)
    others: dict[tuple[tuple[str, str], ...], list[Instead]] = {}
    for one in told.instead:
        if one.page != page.era:
            others.setdefault(tuple((p.kind, p.value) for p in one.text), []).append(one)
    return Truth(
        told=told,
        spans=spans(told.ranges),
        href=address(page, path, told.page),
        here=instead,
        elsewhere=tuple(_elsewhere(page, history, alike, path) for alike in others.values()),
    )


def _elsewhere(
    page: LessonPage, history: History, alike: Sequence[Instead], path: str
) -> Elsewhere:
    """Of pages that tell the same instead, the first stands for all."""
    names = [one.page for one in alike]
    groups = groupby(history.eras, key=lambda era: era.page in names)
    together = [list(eras) for among, eras in groups if among]
    return Elsewhere(
        spans=spans(VersionRange(eras[0].first, eras[-1].last) for eras in together),
        href=address(page, path, names[0]),
        text=alike[0].text,
    )


def untrue(page: LessonPage) -> list[Said]:
    """Return the statements that a page of other releases shows not to be true in them."""
    not_so = (
        {t.statement for t in page.history.told for i in t.instead if i.page == page.era}
        if page.history
        else set()
    )
    return [said for said in said_of(page) if said.statement.name in not_so]


def unrecorded(page: LessonPage, scenario: str) -> str:
    """Return in words why a page has no run of a scenario."""
    for era in eras_of(page):
        for one in page.history.of(scenario) if page.history else ():
            if one.file == era.files.get(scenario):
                how = "does not exist" if one.outcome == "absent" else "cannot be recorded"
                return f"It {how} in these releases: {one.why}"
    return "This scenario has no recording."


def origin(page: LessonPage, scenario: str = "") -> str:
    """Return in words where a run of a page of other releases comes from; without one, all."""
    for one in page.history.of(scenario) if page.history and scenario else ():
        if one.trace is not None and any(e.files.get(scenario) == one.file for e in eras_of(page)):
            made = one.trace.versions.fastapi
            return f"accepted recording, made on {made}, of {spans(one.ranges)}"
    return "accepted recordings"


def brief_data(page: LessonPage, brief: Brief, path: str) -> str:
    """Return a run of other releases as the script takes it."""
    eras = [e for e in page.history.eras if e.page == brief.page] if page.history else []
    return json.dumps(
        {
            "name": f"the same in FastAPI {spans(eras)}",
            "page": address(page, path, brief.page),
            "run": brief.scenario,
            "steps": [(short_key(key, page.code), *told) for key, *told in brief.steps],
        },
        separators=(",", ":"),
    )


def eras_data(page: LessonPage, path: str) -> str:
    """Return the eras as the script takes them: the first release, the last, where its runs are."""
    if page.history is None:
        only = page.versions.fastapi if page.versions else ""
        return json.dumps([[only, only, ""]])
    return json.dumps(
        [
            [e.first, e.last, None if e.page is None else address(page, path, e.page)]
            for e in page.history.eras
        ],
        separators=(",", ":"),
    )


# ------------------------------------------------------------------ all lessons


@dataclass(frozen=True, slots=True)
class OfLesson:
    """What changes in a lesson at one release."""

    title: str
    href: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class OfRelease:
    """What changes at a release, in all lessons."""

    release: str
    day: str
    before: str
    lessons: tuple[OfLesson, ...]


def changing(site: Site) -> list[str]:
    """Return the releases at which something changes, oldest first."""
    found = {c.release for page in pages(site) if page.history for c in page.history.changes}
    return sorted(found, key=Version)


def releases(site: Site, path: str) -> list[OfRelease]:
    """Return the releases at which something changes, newest first."""
    found: dict[str, list[OfLesson]] = {}
    about: dict[str, Change] = {}
    for page in pages(site):
        line = timeline(page, path)
        for one in line.eras if line else ():
            if one.differences:
                href = address(page, path, one.era.page or "")
                part = OfLesson(page.lesson.title, href, one.differences)
                found.setdefault(one.era.first, []).append(part)
                about.setdefault(one.era.first, one.differences[0].change)
    return [
        OfRelease(release, about[release].day, about[release].before, tuple(found[release]))
        for release in sorted(found, key=Version, reverse=True)
    ]
