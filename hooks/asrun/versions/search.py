"""Where in a row of releases a behaviour changes: sample, then bisect where neighbours differ.

Pure: nothing here knows what a release or a behaviour is. A behaviour is any text; None stands for
a place at which it cannot be known (the release cannot be installed).

What it finds is exact where two samples differ. What changed and changed back between two samples
that behave the same it does not see: that is what looking at every release is for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

Series = TypeVar("Series", bound=Hashable)
Known = Mapping[int, str | None]
"""What was found so far: place to behaviour, or None where it cannot be known."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring places that behave the same.

    Attributes:
        first, last: its ends. Both were looked at.
        behaviour: how they behave.
        seen: how many of its places were looked at.
        before: the nearest place before `first` that behaves otherwise, or None for the first
            stretch. It is `first - 1`, unless what lies between cannot be known.
    """

    first: int
    last: int
    behaviour: str
    seen: int
    before: int | None


def search(
    series: Mapping[Series, Iterable[int]],
    observe: Callable[[Mapping[Series, Iterable[int]]], Mapping[Series, Known]],
) -> dict[Series, dict[int, str | None]]:
    """Look at samples, then between them, until each change lies between two neighbours.

    Args:
        series: for each row that is searched, the places to look at first.
        observe: looks at places of rows, many at a time.

    Returns:
        For each row, all that was found.
    """
    found: dict[Series, dict[int, str | None]] = {name: {} for name in series}
    wants: dict[Series, set[int]] = {name: set(places) for name, places in series.items()}
    while any(wants.values()):
        for name, seen in observe({n: sorted(p) for n, p in wants.items() if p}).items():
            found[name].update(seen)
        wants = {name: wanted(known) for name, known in found.items()}
    return found


def wanted(known: Known) -> set[int]:
    """The places to look at next: one between each two neighbours that differ.

    It is the one in the middle, or the nearest to it that was not found to be unknowable.
    """
    result = set()
    for a, b in _differing(known):
        open_places = [i for i in range(a + 1, b) if i not in known]
        if open_places:
            result.add(min(open_places, key=lambda i: (abs(2 * i - a - b), i)))
    return result


def stretches(known: Known) -> list[Stretch]:
    """The stretches of a row that was searched, in their order.

    A place that was not looked at belongs to the stretch around it. One that cannot be known ends
    a stretch, even where both sides of it behave the same.
    """
    result: list[Stretch] = []
    for place in sorted(known):
        behaviour = known[place]
        if behaviour is None:
            continue
        last = result[-1] if result else None
        if last is not None and last.behaviour == behaviour and not _hole(known, last.last, place):
            result[-1] = Stretch(last.first, place, behaviour, last.seen + 1, last.before)
            continue
        before = next((s.last for s in reversed(result) if s.behaviour != behaviour), None)
        same = last is not None and last.behaviour == behaviour
        result.append(Stretch(place, place, behaviour, 1, None if same else before))
    return result


def _differing(known: Known) -> Sequence[tuple[int, int]]:
    places = sorted(i for i, behaviour in known.items() if behaviour is not None)
    return [(a, b) for a, b in pairwise(places) if known[a] != known[b]]


def _hole(known: Known, a: int, b: int) -> bool:
    return any(i in known and known[i] is None for i in range(a + 1, b))
