"""What is read on a page of other releases: how a lesson behaves in them, and what is true there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from asrun.model import DiffRow, Trace, Verdict, VersionRange
from asrun.story import Text


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One way in which a scenario behaves, and in which releases of FastAPI it does."""

    scenario: str
    file: str
    """Name of the accepted recording, without its ending: it stands for the behaviour."""
    outcome: Literal["recorded", "absent", "failed"]
    """`absent`: these releases do not have what the lesson uses."""
    why: str
    """Where it could not be recorded: the exception."""
    line: int
    """The line of `app.py` that raised it; 0 where there is none."""
    ranges: tuple[VersionRange, ...]
    """Each release with its dependencies as they were on its release day."""
    newest: tuple[VersionRange, ...]
    """Each release with the newest dependencies that install."""
    trace: Trace | None
    """The accepted run, with its lines; None where there is none."""
    here: bool
    """Whether the release that the build runs on behaves so."""


@dataclass(frozen=True, slots=True)
class Aligned(DiffRow):
    """One step in a comparison of two runs."""

    key: str = ""
    """The step's key, in the newer run or, where it is gone, in the older one."""
    old: int = 0
    """Its number on the page of the older run; 0 where it is not there."""
    new: int = 0
    how: Text = ()
    """For `changed`, where its action is the same: what of it is otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Two ways in which a scenario behaves, and what makes it."""

    scenario: str
    by: str
    """What makes the difference, as in `VersionRange.by`."""
    moved: str
    """The versions of that, as in `VersionRange.moved`."""
    old: str
    """The one behaviour: a `Behaviour.file`."""
    new: str
    """The other."""
    rows: tuple[Aligned, ...]
    """The step diff; empty where one of the two could not be recorded."""
    says: Text = ()
    """What differs, in a sentence that is computed from the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Contrast):
    """A release of FastAPI at which a scenario begins to behave otherwise."""

    release: str
    day: str
    """The day on which it came out, as `2023-12-25`; "" where it is not known."""
    before: str
    """The release before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart(Contrast):
    """Neighbouring releases of which a scenario behaves otherwise with the newest dependencies.

    `old` is the behaviour with those of the release day; `new` that with the newest, "" where it
    was not recorded with them.
    """

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Era:
    """Neighbouring releases of FastAPI in which every scenario of a lesson behaves the same."""

    first: str
    last: str
    first_day: str
    """The day on which `first` came out; "" where it is not known."""
    last_day: str
    of: int
    """How many releases there are from `first` to `last`."""
    recorded: int
    """On how many of them it was recorded; 0 where that cannot be said."""
    files: Mapping[str, str]
    """By scenario, a `Behaviour.file`; those of which nothing is known are left out."""
    page: str | None
    """Which page shows its runs: "" for the lesson's own; else the oldest release that behaves so;
    None where no scenario could be recorded."""


@dataclass(frozen=True, slots=True)
class Instead:
    """What happens where a statement is not true."""

    page: str
    """An `Era.page`, to whose steps the text leads."""
    text: Text


@dataclass(frozen=True, slots=True)
class Told:
    """In which releases a statement is true."""

    statement: str
    ranges: tuple[VersionRange, ...]
    everywhere: bool
    """Whether it is true in every release in which its scenarios could be recorded."""
    text: Text = ()
    """The sentence with the steps that it cites in one of the pages on which it is true."""
    page: str = ""
    """The `Era.page` of that."""
    instead: tuple[Instead, ...] = ()
    """For each other page on which it is not true: what happens there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an option of a quiz is the right one."""

    page: str
    """The first `Era.page` on which it is."""
    ranges: tuple[VersionRange, ...]
    """Neighbouring eras are taken together."""


@dataclass(frozen=True, slots=True)
class Brief:
    """A run of other releases, as far as it takes to lay it beside another."""

    scenario: str
    page: str
    """An `Era.page` that shows it."""
    steps: tuple[tuple[str, str, str], ...]
    """Key, action and the state after it of each step, in order."""


@dataclass(frozen=True, slots=True)
class History:
    """How a lesson behaves in other releases, from its accepted recordings alone."""

    first: str
    """The oldest release that was looked at."""
    last: str
    behaviours: tuple[Behaviour, ...]
    """By scenario in the lesson's order, then by oldest release."""
    changes: tuple[Change, ...]
    """By release, then by scenario."""
    told: tuple[Told, ...]
    """By statement, in the lesson's order."""
    eras: tuple[Era, ...] = ()
    """By oldest release; those of the lesson's own page among them."""
    verdicts: Mapping[str, Mapping[str, Verdict]] = field(default_factory=dict)
    """For each page of an era: what became of the statements on its runs, by name."""
    answers: Mapping[tuple[str, str], Answer] = field(default_factory=dict)
    """For a quiz's name and the text of an option: where it is the right one."""
    newest: bool = False
    """Whether anything was recorded with the newest dependencies."""
    apart: tuple[Apart, ...] = ()
    """Where those make a difference, by scenario, then by release."""
    briefs: tuple[Brief, ...] = ()
    """The runs that behave otherwise than those of the lesson's own page, each once."""

    def gist(self) -> History:
        """What other pages show of it."""
        return replace(
            self,
            behaviours=tuple(replace(b, trace=None) for b in self.behaviours),
            changes=tuple(replace(c, rows=()) for c in self.changes),
            apart=tuple(replace(a, rows=()) for a in self.apart),
            verdicts={},
            answers={},
            briefs=(),
        )

    def of(self, scenario: str) -> tuple[Behaviour, ...]:
        """The behaviours of a scenario, by oldest release."""
        return tuple(b for b in self.behaviours if b.scenario == scenario)


def caused(by: str, moved: str) -> list[str]:
    """What made a difference, each with its versions: `starlette 0.45.3 to 0.46.0`."""
    names = by.split("+")
    versions = (moved.split("+") if moved else []) + [""] * len(names)
    return [
        f"{name} {' to '.join(v or 'none' for v in two.split('>'))}" if two else name
        for name, two in zip(names, versions, strict=False)
    ]
