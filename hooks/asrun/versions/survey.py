"""Look at lessons on every release that has to be looked at: what behaves how, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from asrun.model import Lesson, VersionRange
from asrun.versions import causes, search
from asrun.versions.environments import Basis, Environment
from asrun.versions.observing import Observer, Place, Target
from asrun.versions.outcomes import Outcome
from asrun.versions.releases import Listing
from asrun.versions.search import Stretch

BASES: tuple[Basis, ...] = ("day", "newest")

Row = tuple[Basis, Place]
"""One scenario on all releases, with dependencies of one kind."""


@dataclass(slots=True)
class Survey:
    """What was found.

    Attributes:
        listing: the releases, oldest first; places in the rest are places in it.
        lessons: what was looked at.
        here: the environment that asrun itself runs in: it stands for its release.
        found: for each row, the outcome at each place that was looked at.
        causes: for a row and the first place of a stretch, what made the difference, and the
            versions of that; see `VersionRange.by` and `moved`.
        every: whether every release was looked at.
    """

    listing: Listing
    lessons: Sequence[Lesson]
    here: Environment
    found: dict[Row, dict[int, Outcome]] = field(default_factory=dict)
    causes: dict[tuple[Row, int], tuple[str, str]] = field(default_factory=dict)
    every: bool = False

    @property
    def place_here(self) -> int | None:
        """The place of the release that asrun itself runs on; None where it is not listed."""
        versions = self.listing.versions
        return versions.index(self.here.release) if self.here.release in versions else None

    def target(self, basis: Basis, place: int) -> Target:
        """Where a release is recorded."""
        at_home = basis == "day" and place == self.place_here
        return Target(self.listing.releases[place], basis, self.here if at_home else None)

    def boundaries(self, row: Row) -> list[tuple[int, int]]:
        """Neighbouring places between which a scenario changes its behaviour."""
        return [(s.before, s.first) for s in self.stretches(*row) if s.before is not None]

    def stretches(self, basis: Basis, place: Place) -> list[Stretch]:
        """The stretches of a scenario, in their order."""
        outcomes = self.found.get((basis, place), {})
        return search.stretches({i: o.behaviour for i, o in outcomes.items()})

    def ranges(self, basis: Basis, place: Place) -> list[tuple[str, VersionRange]]:
        """The same as releases: behaviour and range."""
        row = (basis, place)
        return [(s.behaviour, self._range(row, s)) for s in self.stretches(basis, place)]

    def outcome(self, place: Place, behaviour: str) -> tuple[Basis, int, Outcome]:
        """The outcome that stands for a behaviour.

        It is the one of the release that asrun runs on, where that behaves so; else of the
        newest release that does, with the dependencies of its day before any other.
        """
        for basis in BASES:
            outcomes = self.found.get((basis, place), {})
            places = [i for i, o in outcomes.items() if o.behaviour == behaviour]
            if places:
                at_home = basis == "day" and self.place_here in places
                chosen = self.place_here if at_home else None
                chosen = max(places) if chosen is None else chosen
                return basis, chosen, outcomes[chosen]
        raise KeyError(behaviour)

    def gaps(self) -> dict[tuple[str, str], list[str]]:
        """What could not be done: kind and reason, and the releases that it is about."""
        result: dict[tuple[str, str], set[tuple[int, str]]] = {}
        for (basis, _), outcomes in self.found.items():
            for i, outcome in outcomes.items():
                if outcome.behaviour is None:
                    named = self.listing.releases[i].version
                    named += " with the newest dependencies" if basis == "newest" else ""
                    result.setdefault((outcome.kind, outcome.why), set()).add((i, named))
        return {key: [name for _, name in sorted(names)] for key, names in result.items()}

    def _range(self, row: Row, stretch: Stretch) -> VersionRange:
        first, last = self.listing.releases[stretch.first], self.listing.releases[stretch.last]
        by, moved = self.causes.get((row, stretch.first), ("", ""))
        return VersionRange(
            first=first.version,
            last=last.version,
            first_day=first.day.isoformat(),
            last_day=last.day.isoformat(),
            recorded=stretch.seen,
            of=stretch.last - stretch.first + 1,
            by=by,
            moved=moved,
        )


def survey(
    listing: Listing,
    lessons: Sequence[Lesson],
    observer: Observer,
    bases: Iterable[Basis] = BASES,
    *,
    every: bool = False,
) -> Survey:
    """Look at lessons on the releases of a list.

    Args:
        listing: the releases, oldest first.
        lessons: what to look at.
        observer: records.
        bases: with which dependencies.
        every: look at every release, and not at the first of each minor only.
    """
    result = Survey(listing, lessons, observer.environments.here(), every=every)
    here = result.place_here
    samples = {*range(len(listing))} if every else {*listing.minors()}
    samples |= {here} if here is not None else set()
    places = [(lesson.id, s.name) for lesson in lessons for s in lesson.scenarios]

    def observe(wants: Mapping[Row, Iterable[int]]) -> dict[Row, dict[int, str | None]]:
        by_target: dict[Target, list[Place]] = {}
        for (basis, place), indices in wants.items():
            for i in indices:
                by_target.setdefault(result.target(basis, i), []).append(place)
        outcomes = observer.observe(by_target)
        seen: dict[Row, dict[int, str | None]] = {}
        for (basis, place), indices in wants.items():
            for i in indices:
                outcome = outcomes[result.target(basis, i), place]
                result.found.setdefault((basis, place), {})[i] = outcome
                seen.setdefault((basis, place), {})[i] = outcome.behaviour
        return seen

    search.search({(basis, place): samples for basis in bases for place in places}, observe)
    _find_causes(result, observer)
    return result


@dataclass(frozen=True, slots=True)
class _Question:
    """What made a difference: at which release, in which row, for the stretch that begins where."""

    row: Row
    first: int
    at: int
    boundary: causes.Boundary


def _find_causes(survey: Survey, observer: Observer) -> None:
    """What made each difference between releases, and between the two kinds of dependencies."""
    questions = [
        question
        for basis, place in survey.found
        for question in (
            _between_releases(survey, observer, place)
            if basis == "day"
            else _between_kinds(survey, observer, place)
        )
    ]
    _record_ahead(survey, observer, questions)
    for q in questions:

        def attempt(mixed: Environment, q: _Question = q) -> str | None:
            mixture = Target(survey.listing.releases[q.at], "day", mixed)
            return observer.observe({mixture: [q.row[1]]})[mixture, q.row[1]].behaviour

        found = causes.cause(q.boundary, attempt)
        survey.causes[q.row, q.first] = found, causes.moved(q.boundary, found)


def _between_releases(survey: Survey, observer: Observer, place: Place) -> Iterator[_Question]:
    """Neighbouring releases that differ with the dependencies of their days."""
    for earlier, later in pairwise(survey.stretches("day", place)):
        if later.before is None or later.before != later.first - 1:
            continue
        before = _environment(survey, observer, later.before)
        after = _environment(survey, observer, later.first)
        boundary = causes.Boundary(before, after, earlier.behaviour, later.behaviour)
        yield _Question(("day", place), later.first, later.first, boundary)


def _between_kinds(survey: Survey, observer: Observer, place: Place) -> Iterator[_Question]:
    """Of each stretch with the newest dependencies, the first release that differs by them."""
    day = survey.found.get(("day", place), {})
    for stretch in survey.stretches("newest", place):
        for at in range(stretch.first, stretch.last + 1):
            was = day[at].behaviour if at in day else None
            if was is None or was == stretch.behaviour or at not in survey.found["newest", place]:
                continue
            before = _environment(survey, observer, at)
            after = observer.environments.of(survey.listing.releases[at], "newest")
            boundary = causes.Boundary(before, after, was, stretch.behaviour)
            yield _Question(("newest", place), stretch.first, at, boundary)
            break


def _environment(survey: Survey, observer: Observer, place: int) -> Environment:
    if place == survey.place_here:
        return survey.here
    return observer.environments.of(survey.listing.releases[place], "day")


def _record_ahead(survey: Survey, observer: Observer, questions: Iterable[_Question]) -> None:
    """Record the mixtures that are tried for each boundary together, two at a time."""
    wants: dict[Target, list[Place]] = {}
    for q in questions:
        if causes.differing(q.boundary.before, q.boundary.after):
            release = survey.listing.releases[q.at]
            target = Target(release, "day", causes.mixture(q.boundary))
            wants.setdefault(target, []).append(q.row[1])
    observer.observe(wants)
