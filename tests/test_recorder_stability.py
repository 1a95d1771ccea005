"""Every case and lesson, recorded again and again: the same, whatever differs around it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from asrun import trace
from tests.recorded import (
    Case,
    all_cases,
    all_lessons,
    busy,
    lines_of,
    record,
    record_once,
    seeded,
    trace_of,
)

EVERY = [*all_cases(), *all_lessons()]
Answers = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return record_once(EVERY, shared, "every")


@pytest.fixture
def machine_load() -> Iterator[None]:
    """Four processes that keep the processors busy."""
    with busy(4):
        yield


def differing(plain: Answers, other: Answers, cases: list[Case]) -> list[str]:
    return [c.id for c in cases if lines_of(c, plain[c.id]) != lines_of(c, other[c.id])]


def other_lanes(plain: Answers, other: Answers, cases: list[Case]) -> list[str]:
    return [
        c.id
        for c in cases
        if trace.lanes(trace_of(c, plain[c.id])) != trace.lanes(trace_of(c, other[c.id]))
    ]


@pytest.mark.parametrize("seed", [1, 4294967295])
def test_the_same_under_another_hash_seed_and_temporary_folder(
    seed: int, plain: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = seeded(tmp_path, seed)
    folder = tmp_path / ("a folder with a long name " * 2)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert differing(plain, record(EVERY, python=str(python)), EVERY) == []


@pytest.mark.usefixtures("machine_load")
def test_the_same_on_a_busy_machine(plain: Answers) -> None:
    assert differing(plain, record(EVERY), EVERY) == []


@pytest.mark.parametrize("hold", ["fifo", "lifo"])
def test_the_same_lane_by_lane_in_another_order_of_threads(hold: str, plain: Answers) -> None:
    assert other_lanes(plain, record(EVERY, options={"hold": hold}), EVERY) == []


def test_the_order_of_threads_does_make_a_difference(plain: Answers) -> None:
    """Or holding them back would show nothing."""
    case = next(c for c in EVERY if c.id == "concurrent-clients/race")
    other = record([case], options={"hold": "lifo"})
    assert differing(plain, other, [case]) == [case.id]


def test_what_depends_on_the_order_of_threads_is_found(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        dedent("""
        from fastapi import FastAPI

        app = FastAPI()
        seen: list[int] = []


        @app.get("/{n}")
        def read(n: int) -> list[int]:
            seen.append(n)
            return list(seen)
        """)
    )
    (tmp_path / "lesson.py").write_text(
        dedent("""
        import asyncio

        from asrun import scenario


        @scenario("A race")
        async def race(client):
            await asyncio.gather(client.get("/1"), client.get("/2"), client.get("/3"))
        """)
    )
    case = Case(tmp_path, "race")
    first, again = record([case]), record([case])
    assert differing(first, again, [case]) == []
    assert other_lanes(first, record([case], options={"hold": "lifo"}), [case]) == [case.id]
