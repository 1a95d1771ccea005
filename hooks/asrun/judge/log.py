"""What a proof asked its traces: each query, comparison and read, in order.

Counterfactuals are made from this log, and a proof that leaves it empty has proved nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from asrun.judge.replay import FrameKey


@dataclass(frozen=True, slots=True)
class Query:
    """A search for events: `one`, `first`, `last`, `all`, `count` or `never`."""

    scenario: str
    op: str
    filters: Mapping[str, Any]
    """As the author wrote them; moment bounds are in `bounds`."""
    places: tuple[int, ...]
    """Where in the trace the matching events stand, from 0."""
    bounds: Mapping[str, int]
    """`before` and `after`: places of the moments that bound the search."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two moments of one trace, compared by order."""

    scenario: str
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Read:
    """Something that was read from a moment: its status, lane, value."""

    scenario: str
    place: int
    field: str
    """The moment's attribute, or `detail:<key>` or `header:<name>`."""
    value: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """A state, a name's value or a frame's state as it was after a moment."""

    scenario: str
    what: str
    """`state`, `value` or `frame`."""
    place: int
    """The moment after which it was asked."""
    value: str
    subject: str = ""
    """The watched object, or the name."""
    setter: int | None = None
    """The event that made it so, where there is one."""
    frame: FrameKey | None = None
    """The frame that holds the name, or whose state was asked."""


Entry = Query | Comparison | Read | Replayed


@dataclass(slots=True)
class Log:
    """The entries of one run of one proof."""

    entries: list[Entry] = field(default_factory=list)
    assertions: int = 0
    """Assertions that ran."""
    paused: bool = False
    deferring: bool = False
    """Whether a failed lookup is put off until what it should have found is used."""
    deferred: Exception | None = None
    """The first lookup that failed and was put off."""

    def add(self, entry: Entry) -> None:
        """Note one entry, unless the log is paused."""
        if not self.paused:
            self.entries.append(entry)

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Ask the trace something on the engine's own behalf: nothing is noted."""
        before, self.paused = self.paused, True
        try:
            yield
        finally:
            self.paused = before
