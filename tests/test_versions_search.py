"""Sampling and bisection, against looking at every place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from asrun.versions.search import search, stretches

Row = Sequence[str | None]

behaviours = st.sampled_from(["a", "b", "c", None])
rows: st.SearchStrategy[Row] = st.lists(behaviours, min_size=1, max_size=40)
places = st.sets(st.integers(0, 39))


def found(row: Row, samples: Iterable[int]) -> dict[int, str | None]:
    chosen = {i for i in samples if i < len(row)} | {0, len(row) - 1}

    def observe(wants: Mapping[str, Iterable[int]]) -> dict[str, dict[int, str | None]]:
        return {name: {i: row[i] for i in wanted} for name, wanted in wants.items()}

    return search({"row": chosen}, observe)["row"]


def brute(row: Row) -> list[tuple[int, int, str]]:
    """The stretches of a row by looking at each place of it."""
    result: list[tuple[int, int, str]] = []
    for i, behaviour in enumerate(row):
        if behaviour is None:
            continue
        if result and result[-1][1] == i - 1 and result[-1][2] == behaviour:
            result[-1] = (result[-1][0], i, behaviour)
        else:
            result.append((i, i, behaviour))
    return result


@given(rows)
def test_looking_at_every_place_finds_every_stretch(row: Row) -> None:
    looked = found(row, range(len(row)))
    assert [(s.first, s.last, s.behaviour) for s in stretches(looked)] == brute(row)


@given(rows, places)
def test_each_change_that_is_found_is_one(row: Row, samples: set[int]) -> None:
    for stretch in stretches(found(row, samples)):
        assert row[stretch.first] == row[stretch.last] == stretch.behaviour
        if stretch.before is not None:
            assert row[stretch.before] not in (None, stretch.behaviour)
            assert all(row[i] is None for i in range(stretch.before + 1, stretch.first))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 12)), min_size=1), places)
def test_what_changes_once_between_two_samples_is_found_exactly(
    parts: list[tuple[str, int]], samples: set[int]
) -> None:
    row: Row = [behaviour for behaviour, length in parts for _ in range(length)]
    known = sorted({i for i in samples if i < len(row)} | {0, len(row) - 1})
    changes = [i for i in range(1, len(row)) if row[i] != row[i - 1]]
    gaps = pairwise(known)
    if any(sum(a < c <= b for c in changes) > 1 for a, b in gaps):
        return
    assert [(s.first, s.last, s.behaviour) for s in stretches(found(row, samples))] == brute(row)


@given(rows, places)
def test_it_looks_at_no_place_twice(row: Row, samples: set[int]) -> None:
    asked: list[int] = []
    chosen = {i for i in samples if i < len(row)} | {0, len(row) - 1}

    def observe(wants: Mapping[str, Iterable[int]]) -> dict[str, dict[int, str | None]]:
        asked.extend(i for wanted in wants.values() for i in wanted)
        return {name: {i: row[i] for i in wanted} for name, wanted in wants.items()}

    search({"row": chosen}, observe)
    assert len(asked) == len(set(asked))


def test_a_row_of_two_hundred_with_one_change_takes_eight_looks() -> None:
    row: Row = ["a"] * 131 + ["b"] * 69
    assert len(found(row, ())) <= 2 + 8


def test_what_changed_and_changed_back_between_two_samples_is_not_seen() -> None:
    row: Row = ["a", "a", "b", "a", "a"]
    assert [(s.first, s.last, s.seen) for s in stretches(found(row, ()))] == [(0, 4, 2)]


def test_several_rows_are_searched_together() -> None:
    rows_: dict[str, Row] = {"x": list("aaabbb"), "y": list("abbbbb")}
    rounds: list[dict[str, list[int]]] = []

    def observe(wants: Mapping[str, Iterable[int]]) -> dict[str, dict[int, str | None]]:
        rounds.append({name: list(wanted) for name, wanted in wants.items()})
        return {name: {i: rows_[name][i] for i in wanted} for name, wanted in wants.items()}

    result = search({"x": [0, 5], "y": [0, 5]}, observe)
    assert [s.first for s in stretches(result["x"])] == [0, 3]
    assert [s.first for s in stretches(result["y"])] == [0, 1]
    assert rounds[:2] == [{"x": [0, 5], "y": [0, 5]}, {"x": [2], "y": [2]}]


def test_a_place_that_cannot_be_known_is_passed_by_and_ends_a_stretch() -> None:
    row: Row = ["a", None, None, None, "b"]
    (first, second) = stretches(found(row, ()))
    assert (first.last, second.first, second.before) == (0, 4, 0)
    row = ["a", "a", None, "a", "a"]
    assert [(s.first, s.last, s.before) for s in stretches(found(row, range(5)))] == [
        (0, 1, None),
        (3, 4, None),
    ]
