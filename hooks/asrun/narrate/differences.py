"""What differs between two runs of one scenario, in a sentence computed from their step diff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from asrun.model import DiffRow, Move
from asrun.narrate.prose import code, join, listed, plural, say, short
from asrun.story import Text

NAMED = 3
"""So many steps are named one by one; of more, the first and the last."""
SAID = 3
"""So many groups of steps are told; of the rest it is said how many they are."""


def sentence(rows: Sequence[DiffRow]) -> Text:
    """Tell a step diff in a sentence.

    Args:
        rows: the steps of the newer run in their order, and where they were, those that are gone.

    Returns:
        What moved, with the step that it now comes before or after; what is new, gone or otherwise.
    """
    groups = list(_groups(rows))
    told = [_told(rows, first, last) for first, last in groups[:SAID]]
    rest = sum(last - first for first, last in groups[SAID:])
    if rest:
        told.append(say("{steps} more differ", steps=plural(rest, "step")))
    return join(*told, by="; ") if told else say("no step differs in what is shown of it")


def _groups(rows: Sequence[DiffRow]) -> Iterator[tuple[int, int]]:
    """Neighbours that differ in the same way, as places: the first, and that after the last."""
    for move, group in groupby(range(len(rows)), key=lambda i: rows[i].move):
        if move != "same":
            places = list(group)
            yield places[0], places[-1] + 1


def _told(rows: Sequence[DiffRow], first: int, last: int) -> Text:
    these = _names(row.text for row in rows[first:last])
    one = last - first == 1
    before, after = _stays(rows[:first][::-1]), _stays(rows[last:])
    templates: dict[Move, str] = {
        "earlier": "{these} now {come} before {after}" if after else "{these} now {come} earlier",
        "later": "{these} now {come} after {before}" if before else "{these} now {come} later",
        "new": "{these} {are} new, after {before}" if before else "{these} {are} new, at the start",
        "gone": "{these} {are} gone",
        "changed": "{these} {are} otherwise",
    }
    return say(
        templates[rows[first].move],
        these=these,
        come="comes" if one else "come",
        are="is" if one else "are",
        before=before,
        after=after,
    )


def _stays(rows: Iterable[DiffRow]) -> Text:
    """The nearest step that both runs have in the same place."""
    return next(((code(_name(r.text)),) for r in rows if r.move in ("same", "changed")), ())


def _names(texts: Iterable[str]) -> Text:
    names = [code(_name(text)) for text in texts]
    if len(names) <= NAMED:
        return listed(names)
    return say(
        "{first} to {last} ({count})",
        first=names[0],
        last=names[-1],
        count=plural(len(names), "step"),
    )


def _name(text: str) -> str:
    """A step's action, without its lane."""
    return short(text.partition(": ")[2] or text, 48)
