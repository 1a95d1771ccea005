"""What differs between two runs of one scenario, in a sentence computed from their step diff."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from asrun.elsewhere import Aligned
from asrun.model import DiffRow, Event, Move
from asrun.narrate.prose import code, codes, join, listed, plural, say, short
from asrun.story import Text

NAMED = 3
"""So many steps are named one by one; of more, the first and the last."""
_LANES = ("client", "wire", "event loop", "worker thread")
SAID = 3
"""So many groups of steps are told; of the rest it is said how many they are."""


def sentence(rows: Sequence[Aligned]) -> Text:
    """Tell a step diff in a sentence.

    Args:
        rows: the steps of the newer run in their order, and where they were, those that are gone.

    Returns:
        What moved, with the step that it now comes before or after; what is new, gone or otherwise.
    """
    # What is otherwise inside of a step says least.
    groups = sorted(_groups(rows), key=lambda places: rows[places[0]].move == "changed")
    told = [_told(rows, first, last) for first, last in groups[:SAID]]
    rest = sum(last - first for first, last in groups[SAID:])
    if rest:
        told.append(
            say(
                "{steps} more {differ}",
                steps=plural(rest, "step"),
                differ="differs" if rest == 1 else "differ",
            )
        )
    return join(*told, by="; ") if told else say("no step differs in what is shown of it")


def _groups(rows: Sequence[Aligned]) -> Iterator[tuple[int, int]]:
    """Neighbours that differ in the same way, as places: the first, and that after the last."""
    for move, group in groupby(range(len(rows)), key=lambda i: rows[i].move):
        if move != "same":
            places = list(group)
            yield places[0], places[-1] + 1


def _told(rows: Sequence[Aligned], first: int, last: int) -> Text:
    if rows[first].move == "changed":
        return _changed(rows[first:last])
    these = _names(row.text for row in rows[first:last])
    one = last - first == 1
    before, after = _stays(rows[:first][::-1]), _stays(rows[last:])
    templates: dict[Move, str] = {
        "earlier": "{these} now {come} before {after}" if after else "{these} now {come} earlier",
        "later": "{these} now {come} after {before}" if before else "{these} now {come} later",
        "new": "{these} {are} new, after {before}" if before else "{these} {are} new, at the start",
        "gone": "{these} {are} gone",
    }
    return say(
        templates[rows[first].move],
        these=these,
        come="comes" if one else "come",
        are="is" if one else "are",
        before=before,
        after=after,
    )


def _changed(rows: Sequence[Aligned]) -> Text:
    """Steps that are where they were, and otherwise: by what they do, else by what is in them."""
    acting = [row for row in rows if row.was]
    told = []
    if acting:
        told.append(
            say(
                "{now} instead of {was}",
                now=_names(row.text for row in acting),
                was=_names(row.was for row in acting),
            )
        )
    inside = [row for row in rows if not row.was]
    for how, alike in groupby(inside, key=lambda row: row.how):
        these = _names(row.text for row in alike)
        told.append(say("in {these}, {how}", these=these, how=how or say("something else")))
    return join(*told, by="; ")


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
    lane, colon, action = text.partition(": ")
    return short(action if colon and lane.rstrip(" 0123456789") in _LANES else text, 48)


# ------------------------------------------------------------------ inside a step


def inside(old: Iterable[Event], new: Iterable[Event]) -> Text:
    """Tell in what two steps with the same action differ.

    Args:
        old: the events of the older run's step.
        new: those of the newer one's.

    Returns:
        What of them only one step has; else the first field that differs: for a body in JSON, which
        keys, else both values. Empty where no event has such a field.
    """
    olds, news = [e for e in old if e.kind != "probe"], [e for e in new if e.kind != "probe"]
    gone, fresh = (Counter(map(_kind, es)) for es in (olds, news))
    only = [
        say("{events} {is_} " + word, events=codes(kinds), is_="is" if len(kinds) == 1 else "are")
        for word, kinds in (("gone", list(gone - fresh)), ("new", list(fresh - gone)))
        if kinds
    ]
    if only:
        return join(*only, by=", ")
    for before, after in zip(olds, news, strict=True):
        for was, now in ((before.detail, after.detail), (before.names, after.names)):
            for name in dict.fromkeys([*was, *now]):
                if name != "headers" and was.get(name) != now.get(name):
                    return _field(name, was.get(name), now.get(name))
    return ()


def _kind(event: Event) -> str:
    return f"{event.kind} {event.asgi}" if event.asgi else event.kind


def _field(name: str, was: Any, now: Any) -> Text:
    keys = _keys(_json(was), _json(now))
    if keys:
        return join(*keys, by=", ")
    return say("`{name}` is {now}, and was {was}", name=name, now=_value(now), was=_value(was))


def _keys(was: Any, now: Any) -> list[Text]:
    """Which keys two values in JSON do not share; none where one is not an object or a list."""
    if not isinstance(was, dict | list) or not isinstance(now, dict | list):
        return []
    old, new = dict(_flat(was)), dict(_flat(now))
    told = []
    groups = (
        ("gone", [k for k in old if k not in new]),
        ("new", [k for k in new if k not in old]),
        ("otherwise", [k for k in old if k in new and old[k] != new[k] and _counts(k, old)]),
    )
    for word, paths in groups:
        names = list(dict.fromkeys(_last(path) for path in paths))
        if names:
            is_ = "is" if len(names) == 1 else "are"
            told.append(say("{keys} {is_} " + word, keys=codes(names), is_=is_))
    return told


def _flat(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The leaves of a value in JSON, by their paths."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    if not isinstance(value, dict | list):
        yield path, value
    for key, below in items:
        yield from _flat(below, (*path, key))


def _counts(path: tuple[str | int, ...], all_paths: Mapping[tuple[str | int, ...], Any]) -> bool:
    """Whether a value counts between releases: the wording of a validation error does not."""
    worded = path[-1] in ("msg", "url") and (*path[:-1], "loc", 0) in all_paths
    return not worded


def _last(path: tuple[str | int, ...]) -> str:
    return next((str(key) for key in reversed(path) if isinstance(key, str)), "")


def _json(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return None


def _value(value: Any) -> Text:
    if value is None:
        return say("not there")
    return (code(short(value if isinstance(value, str) else json.dumps(value), 48)),)
