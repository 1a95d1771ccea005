"""What made the difference between two releases: FastAPI, or a dependency that came with it.

Told apart by mixtures. Where the older FastAPI behaves the same with the newer one's dependencies,
FastAPI made the difference; where it then behaves like the newer one, a dependency did, and each
that differs is tried by itself. Where it does not run with them, the newer FastAPI is tried with
the older one's dependencies, the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from asrun.versions.environments import Environment

FOLLOWS = {
    "pydantic-core": "pydantic",
    "annotated-types": "pydantic",
    "typing-inspection": "pydantic",
    "typing-extensions": "pydantic",
    "sniffio": "anyio",
    "idna": "anyio",
}
"""Distributions that go with another, which stands for them."""
_OWN = "fastapi"

Try = Callable[[Environment], str | None]
"""How a scenario behaves in an environment; None where that cannot be known."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """Two neighbouring releases that behave differently."""

    before: Environment
    after: Environment
    was: str
    now: str


def cause(boundary: Boundary, attempt: Try) -> str:
    """What made the difference.

    Args:
        boundary: the two releases.
        attempt: records in a mixture.

    Returns:
        `fastapi`, or a dependency's name; several, joined by `+`, where it takes all of them or
        they could not be told apart.
    """
    units = differing(boundary.before, boundary.after)
    if not units:
        return _OWN
    mixed = mixture(boundary)
    with_new = attempt(mixed)
    if with_new == boundary.was:
        return _OWN
    if with_new == boundary.now:
        return _dependency(boundary.before, units, boundary.now, attempt)
    newer = boundary.before.with_pins({_OWN: boundary.after.release})
    with_old = attempt(newer)
    if with_old == boundary.now:
        return _OWN
    if with_old == boundary.was:
        return _dependency(newer, units, boundary.now, attempt)
    # Neither runs with the other's dependencies: leave out those whose older version does as well.
    old = dict(boundary.before.pins)
    needed = [
        unit
        for unit, pins in units.items()
        if attempt(boundary.after.with_pins({n: old[n] for n in pins if n in old})) != boundary.now
    ]
    return "+".join([_OWN, *sorted(needed)])


def moved(boundary: Boundary, cause: str) -> str:
    """The versions of what made a difference, before and after; as `VersionRange.moved` has them."""
    parts = [
        "" if name == _OWN else f"{boundary.before.version(name)}>{boundary.after.version(name)}"
        for name in cause.split("+")
    ]
    return "+".join(parts)


def _dependency(
    before: Environment, units: Mapping[str, Mapping[str, str]], now: str, attempt: Try
) -> str:
    """Those that make the difference by themselves; all, where it takes several."""
    alone = [
        unit
        for unit, pins in units.items()
        if len(units) == 1 or attempt(before.with_pins(pins)) == now
    ]
    return "+".join(alone or sorted(units))


def mixture(boundary: Boundary) -> Environment:
    """The older FastAPI with the dependencies of the newer one."""
    own = {_OWN: boundary.before.release}
    return boundary.before.with_pins({**dict(boundary.after.pins), **own})


def differing(before: Environment, after: Environment) -> dict[str, dict[str, str]]:
    """The dependencies that differ, other than FastAPI itself.

    Returns:
        For each, which pins to move: its own, of what goes with it, and of what is new beside it.
    """
    old, new = dict(before.pins), dict(after.pins)
    moved = {n: v for n, v in new.items() if n != _OWN and old.get(n) != v}
    heads = [n for n in moved if n not in FOLLOWS and n in old]
    return {
        head: {n: v for n, v in moved.items() if n == head or _goes_with(n, head, heads, old)}
        for head in heads
    }


def _goes_with(name: str, head: str, heads: Sequence[str], old: Mapping[str, str]) -> bool:
    if name in FOLLOWS:
        return FOLLOWS[name] == head or FOLLOWS[name] not in heads
    return name not in old
