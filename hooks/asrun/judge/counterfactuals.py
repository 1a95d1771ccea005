"""Vacuity: a proof that holds whatever had run proves nothing.

From what a proof asked, runs are made that could have been and were not: two events the other way
round, one left out, one repeated, a value replaced, a match put in. The proof has to refuse them.
Only a failed assertion refuses (for a quiz, another right option, too); a lookup that fails, or a
crash, does not. Each event that the text cites has to be touched by a run that is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, pairwise
from typing import Any

from asrun.judge import inserts, values
from asrun.judge.filters import find, show
from asrun.judge.guarantees import Order
from asrun.judge.log import Comparison, Query, Read, Replayed
from asrun.judge.moments import Moment, told
from asrun.judge.proofs import Proof, Ran, TraceData, run
from asrun.judge.replay import FRAME_STATES
from asrun.judge.worlds import Events, possible, repeated, reversed_pair, without, without_all

Place = tuple[str, int]
"""A scenario, and the place of an event in its trace."""

MAX_TRIES = 600
MAX_EACH = 12
"""Matches of one query that are altered one by one: the first ones and the last ones."""


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A way in which one run could have been otherwise.

    Several runs are that way where an order can be turned round in more than one manner; the
    proof then has to refuse all of them.
    """

    what: str
    scenario: str
    places: frozenset[int]
    """The recorded events that it is about."""
    runs: Callable[[], list[Events]]

    @property
    def touched(self) -> set[Place]:
        """The recorded events that it is about, with their scenario."""
        return {(self.scenario, place) for place in self.places}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A counterfactual that a proof refuses, and the author's line that does."""

    counterfactual: Counterfactual
    line: int


@dataclass(slots=True)
class Vacuity:
    """What became of the counterfactuals of one proof."""

    refusals: list[Refusal] = field(default_factory=list)
    tried: int = 0
    message: str = ""
    """Why the proof is vacuous; "" where it is not."""


def try_counterfactuals(
    proof: Proof, ran: Ran, traces: Mapping[str, TraceData], orders: Mapping[str, Order]
) -> Vacuity:
    """Try a proof that holds on runs on which it must not.

    Args:
        proof: the proof.
        ran: how it went on the recorded runs.
        traces: the recorded runs.
        orders: what is guaranteed of each of them.

    Returns:
        What was refused, as far as it was needed: once each cited event is touched by a refusal,
        nothing more is tried.
    """
    result = Vacuity()
    cited: dict[Place, str] = {}
    for name in ran.cited:
        value = ran.cites[name]
        if isinstance(value, Moment):
            cited.setdefault((value._trace._scenario, value._place), name)
    needed = set(cited)
    held: list[Counterfactual] = []
    missed: list[Counterfactual] = []
    for counterfactual in _counterfactuals(proof, ran, orders, cited):
        if cited and not counterfactual.touched & needed:
            continue
        runs = counterfactual.runs()
        if not runs:
            continue
        result.tried += len(runs)
        ends = [
            _end(proof, ran, _with_run(traces, counterfactual.scenario, events)) for events in runs
        ]
        refused = [line for end, line in ends if end == "refused"]
        if len(refused) == len(ends):
            result.refusals.append(Refusal(counterfactual, refused[0]))
            needed -= counterfactual.touched
            if not needed:
                return result
        elif any(end == "holds" for end, _ in ends):
            held.append(counterfactual)
        else:
            missed.append(counterfactual)
        if result.tried > MAX_TRIES:
            break
    unpinned = {place: cited[place] for place in cited if place in needed}
    result.message = _message(unpinned, held, missed, ran, orders)
    return result


def _with_run(
    traces: Mapping[str, TraceData], scenario: str, events: Events
) -> dict[str, TraceData]:
    """The traces, with other events in one of them."""
    return {**traces, scenario: {**traces[scenario], "events": events}}


def _end(proof: Proof, ran: Ran, traces: Mapping[str, TraceData]) -> tuple[str, int]:
    """How a proof takes an altered run: it holds, refuses it, or comes to neither."""
    again = run(proof, traces, telling=False)
    failure = again.failure
    if failure is not None and failure.outcome == "false":
        return "refused", failure.line
    if failure is None or failure.outcome == "ambiguous":
        if again.right != ran.right:
            return "refused", proof.line
        return ("holds" if failure is None else "neither"), 0
    return "neither", 0


def _message(
    unpinned: Mapping[Place, str],
    held: Sequence[Counterfactual],
    missed: Sequence[Counterfactual],
    ran: Ran,
    orders: Mapping[str, Order],
) -> str:
    """Why the proof is vacuous, with a run that it should have refused, and what to assert."""
    names = [f"{{{name}}}" for name in dict.fromkeys(unpinned.values())]
    if not names:
        start = "nothing that is asserted depends on what ran"
    elif len(names) == 1:
        start = f"{names[0]} is cited, and nothing that is asserted depends on it"
    else:
        start = f"{', '.join(names)} are cited, and nothing that is asserted depends on them"
    if guaranteed := _guaranteed(unpinned, ran, orders):
        why = f"{guaranteed} by the rules of ASGI and Python, or by the scenario, in any run"
    elif example := _about(unpinned, held):
        why = f"the proof would hold as well if {example.what}"
    elif example := _about(unpinned, missed):
        why = f"no assertion would fail if {example.what}, only a lookup"
    else:
        why = "by the rules of ASGI and Python, or by the scenario, it could not be otherwise"
    return f"{start}: {why}; assert {_remedy(unpinned, ran, orders)}"


def _about(places: Mapping[Place, str], found: Sequence[Counterfactual]) -> Counterfactual | None:
    """The first counterfactual about one of the places, or about anything where there are none."""
    return next((f for f in found if not places or f.touched & set(places)), None)


def _guaranteed(places: Mapping[Place, str], ran: Ran, orders: Mapping[str, Order]) -> str:
    """An order that was asserted and is guaranteed; "" where there is none."""
    for entry in ran.log.entries:
        if isinstance(entry, Comparison):
            first, second = sorted((entry.left, entry.right))
            order = orders[entry.scenario]
            mine = {(entry.scenario, first), (entry.scenario, second)}
            if mine & set(places) and order.must_precede(first, second):
                return f"{_told(order, second)} comes after {_told(order, first)}"
    return ""


_NEVER_LEFT_OUT = {"request", "scope", "left", "broken"}


def _remedy(unpinned: Mapping[Place, str], ran: Ran, orders: Mapping[str, Order]) -> str:
    for scenario, place in unpinned:
        if orders[scenario].events[place]["kind"] in _NEVER_LEFT_OUT:
            continue
        for entry in ran.log.entries:
            if (
                isinstance(entry, Query)
                and entry.op in {"one", "first", "last"}
                and entry.scenario == scenario
                and place in entry.places
            ):
                count = f"{show('trace.count', entry.filters)} == {len(entry.places)}"
                return (
                    "its order with another step, what it holds, or, if the sentence only says "
                    f"that it happens, `{count}`"
                )
    return "what the sentence says, so that another run could make it false"


# ------------------------------------------------------------------ made from the log


def _counterfactuals(
    proof: Proof, ran: Ran, orders: Mapping[str, Order], cited: Mapping[Place, str]
) -> Iterator[Counterfactual]:
    """All that could have been otherwise, by what the proof asked; the likeliest refusals first."""
    seen: set[tuple[Any, ...]] = set()
    for made in _in_turn(proof, ran, orders, cited):
        key = (made.scenario, made.what)
        if key not in seen:
            seen.add(key)
            yield made


def _in_turn(
    proof: Proof, ran: Ran, orders: Mapping[str, Order], cited: Mapping[Place, str]
) -> Iterator[Counterfactual]:
    entries = ran.log.entries
    known = _known(proof, ran)
    for entry in entries:
        if isinstance(entry, Comparison):
            yield from _turned(orders[entry.scenario], entry.scenario, entry.left, entry.right)
    for entry in entries:
        if isinstance(entry, Read):
            yield from _read(orders[entry.scenario], entry, known)
        elif isinstance(entry, Replayed):
            yield from _replayed(orders[entry.scenario], entry, known, proof)
    for entry in entries:
        if isinstance(entry, Query):
            yield from _counted(orders[entry.scenario], entry, proof)
    for entry in entries:
        if isinstance(entry, Query):
            yield from _bounded(orders[entry.scenario], entry)
    for scenario, place in cited:
        for other in _found(entries, scenario):
            yield from _turned(orders[scenario], scenario, place, other)


def _known(proof: Proof, ran: Ran) -> list[Any]:
    """Values that the proof names, reads, or could be thinking of."""
    known: list[Any] = [e.value for e in ran.log.entries if isinstance(e, Read | Replayed)]
    asked = {w for e in ran.log.entries if isinstance(e, Query) for w in e.filters.values()}
    # A word that the proof asks for (`called="price"`) is rarely a value that it thinks of.
    known += sorted(proof.constants, key=lambda constant: constant in asked)
    hashable = (str, int, bool, type(None))
    return list(dict.fromkeys(value for value in known if isinstance(value, hashable)))


def _found(entries: Sequence[Any], scenario: str) -> list[int]:
    """Places that the proof's queries found, of those few that a query narrows down to."""
    found: dict[int, None] = {}
    for entry in entries:
        if isinstance(entry, Query) and entry.scenario == scenario:
            found.update(dict.fromkeys(_some(entry.places)))
    return list(found)


def _some(places: Sequence[int]) -> list[int]:
    half = MAX_EACH // 2
    return list(places) if len(places) <= MAX_EACH else [*places[:half], *places[-half:]]


def _told(order: Order, place: int) -> str:
    return told(order.events[place])


def _turned(order: Order, scenario: str, one: int, other: int) -> Iterator[Counterfactual]:
    first, second = sorted((one, other))
    if first != second:
        yield Counterfactual(
            f"{_told(order, second)} came before {_told(order, first)}",
            scenario,
            frozenset({first, second}),
            partial(reversed_pair, order, first, second),
        )


def _read(order: Order, entry: Read, known: Sequence[Any]) -> Iterator[Counterfactual]:
    what = entry.field.partition(":")[2] or entry.field
    for value, events in values.replaced(order, entry, known):
        yield Counterfactual(
            f"the {what} of {_told(order, entry.place)} were {value!r}",
            entry.scenario,
            frozenset({entry.place}),
            partial(possible, order, events),
        )


def _replayed(
    order: Order, entry: Replayed, known: Sequence[Any], proof: Proof
) -> Iterator[Counterfactual]:
    if entry.what == "frame":
        yield from _frame(order, entry, proof)
        return
    words = [value for value in known if isinstance(value, str)]
    if entry.what == "state":
        words = [*sorted(proof.lesson.words.states), *words]
    for value, places, events in values.replayed(order, entry, words):
        yield Counterfactual(
            f"the {entry.what} of {entry.subject} were {value!r} after {_told(order, entry.place)}"
            + ("" if places == {entry.place} else ", and since it came to be"),
            entry.scenario,
            frozenset(places),
            partial(possible, order, events),
        )


def _frame(order: Order, entry: Replayed, proof: Proof) -> Iterator[Counterfactual]:
    """A frame's state after a moment could be otherwise by the moment's order with its changes."""
    changes = [
        place
        for key, places in order.frames.items()
        if key[1] == entry.subject
        for place in places
        if order.events[place]["kind"] in {"call", "resume", "throw", *FRAME_STATES}
    ]
    for place in sorted(changes, key=lambda p: abs(p - entry.place)):
        yield from _turned(order, entry.scenario, entry.place, place)
    if not changes:
        yield Counterfactual(
            f"`{entry.subject}` were called before {_told(order, entry.place)}",
            entry.scenario,
            frozenset({entry.place}),
            partial(_put_in, order, {"called": entry.subject}, {"before": entry.place}, proof),
        )


def _counted(order: Order, entry: Query, proof: Proof) -> Iterator[Counterfactual]:
    """A match could be left out, or happen once more; all of them could; one could be put in."""
    scenario, places = entry.scenario, entry.places
    for place in _some(places):
        yield Counterfactual(
            f"{_told(order, place)} were left out",
            scenario,
            frozenset({place}),
            partial(without, order, place),
        )
        yield Counterfactual(
            f"{_told(order, place)} happened once more",
            scenario,
            frozenset({place}),
            partial(repeated, order, place),
        )
    asked = show(entry.op, entry.filters)
    if len(places) > 1:
        yield Counterfactual(
            f"nothing fitted {asked}", scenario, frozenset(), partial(without_all, order, places)
        )
    elif not places and not find(list(order.events), entry.filters, {}):
        yield Counterfactual(
            f"something fitted {asked}",
            scenario,
            frozenset(entry.bounds.values()),
            partial(_put_in, order, entry.filters, entry.bounds, proof),
        )


def _put_in(
    order: Order, filters: Mapping[str, Any], bounds: Mapping[str, int], proof: Proof
) -> list[Events]:
    """The first runs in which something fits a query that nothing fitted."""
    return list(islice(inserts.put_in(order, filters, bounds, proof.lesson.words), 1))


def _bounded(order: Order, entry: Query) -> Iterator[Counterfactual]:
    """A match could be on the other side of a bound; matches could be in another order."""
    if entry.bounds:
        everywhere = find(list(order.events), entry.filters, {})
        for bound in entry.bounds.values():
            for place in sorted(everywhere, key=lambda p: abs(p - bound))[:MAX_EACH]:
                yield from _turned(order, entry.scenario, bound, place)
    if entry.op == "all":
        for one, other in pairwise(_some(entry.places)):
            yield from _turned(order, entry.scenario, one, other)
