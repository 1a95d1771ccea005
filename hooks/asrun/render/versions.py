"""What templates need to show other releases: the timeline, and where each statement is true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from asrun.model import VersionRange
from asrun.render import paths
from asrun.render.view import said_of
from asrun.story import Aligned, Change, Era, History, Instead, LessonPage, Said, Text, Told

CONTEXT = 1
"""Steps that are shown around one that differs."""
_NAMES = {"fastapi": "FastAPI", "starlette": "Starlette", "anyio": "AnyIO"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A scenario that begins to behave otherwise."""

    change: Change
    title: str
    before: str
    """Address of the page with the run until then; "" for this page; None where it has none."""
    after: str
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


def by(cause: str) -> str:
    """Return in words what made a difference."""
    return " or ".join(_NAMES.get(part, part) for part in cause.split("+"))


def eras_of(page: LessonPage) -> list[Era]:
    """Return the eras whose runs a page shows."""
    return [e for e in page.history.eras if e.page == page.era] if page.history else []


def address(page: LessonPage, path: str, name: str) -> str:
    """Return the address of one of a lesson's pages on another; "" on that page itself."""
    target = paths.era(page.lesson.id, name)
    return "" if target == path else paths.link(path, target)


def timeline(page: LessonPage, path: str) -> Timeline | None:
    """Return the timeline of a page; None where no other release is known."""
    history = page.history
    if history is None:
        return None
    own = [e for e in history.eras if e.page == ""]
    here = own[-1].last if own else history.last
    views = tuple(
        _era_view(page, history, era, number, path) for number, era in enumerate(history.eras, 1)
    )
    recorded = [
        sum(r.recorded for b in group for r in b.ranges)
        for _, group in groupby(history.behaviours, key=lambda b: b.scenario)
    ]
    releases = sum(era.of for era in history.eras)
    return Timeline(here, releases, max(recorded, default=0), views)


def _era_view(page: LessonPage, history: History, era: Era, number: int, path: str) -> EraView:
    starting = [c for c in history.changes if c.release == era.first] if number > 1 else []
    before = history.eras[number - 2]
    names = {b.scenario: b for b in history.behaviours if era.files.get(b.scenario) == b.file}
    return EraView(
        era=era,
        number=number,
        kind="none" if era.page is None else "other" if era.page else "own",
        current=era.page == page.era,
        href=address(page, path, era.page) if era.page is not None else "",
        differences=tuple(_difference(page, c, before, era, path) for c in starting),
        why=tuple(dict.fromkeys(b.why for b in names.values() if b.trace is None)),
    )


def _difference(page: LessonPage, change: Change, before: Era, after: Era, path: str) -> Difference:
    titles = {s.name: s.title for s in page.lesson.scenarios}
    return Difference(
        change=change,
        title=titles.get(change.scenario, change.scenario),
        before=address(page, path, before.page or ""),
        after=address(page, path, after.page or ""),
        rows=tuple(_near(change.rows)),
    )


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
    here = next((i.text for i in told.instead if i.page == page.era), None)
    return Truth(
        told=told,
        spans=spans(told.ranges),
        href=address(page, path, told.page),
        here=here,
        elsewhere=tuple(
            _elsewhere(page, history, one, path) for one in told.instead if one.page != page.era
        ),
    )


def _elsewhere(page: LessonPage, history: History, instead: Instead, path: str) -> Elsewhere:
    return Elsewhere(
        spans=spans(e for e in history.eras if e.page == instead.page),
        href=address(page, path, instead.page),
        text=instead.text,
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
