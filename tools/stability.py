"""Record every lesson and case again and again, and say what does not come out the same.

`make stability` runs it on every Python that this machine has; ARGS="--times 5 --only threads"
records less. Each time is in fresh processes, under another hash seed, in another temporary
folder, with another time zone, at another moment, every other time on a busy machine; of five
times one holds the reports of worker threads back, and one lets the thread go first that was
woken last. These two are compared lane by lane, the others event by event, with the first time
and, for a lesson, with what is accepted. Exits with 1 where something differs.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # run as a script, a file knows its own folder only

from asrun import accepted, trace  # noqa: E402
from asrun.model import Trace  # noqa: E402
from asrun.recording import event_line  # noqa: E402
from tests.recorded import (  # noqa: E402
    CASES,
    Case,
    all_cases,
    all_lessons,
    busy,
    record,
    seeded,
    trace_of,
)

out = Console()
_HOLDS = (None, None, None, "fifo", "lifo")
_ZONES = ("UTC", "America/St_Johns", "Asia/Kathmandu", "Pacific/Chatham")


@dataclass(frozen=True)
class Round:
    """One time: what differs around the recordings.

    Attributes:
        number: which, from 1.
        seed: the hash seed.
        hold: how worker threads are ordered.
        loaded: whether other processes keep the processors busy.
        zone: the time zone.
        delay: seconds until it starts.
    """

    number: int
    seed: int
    hold: str | None
    loaded: bool
    zone: str
    delay: float

    @property
    def folder(self) -> str:
        """The name of its temporary folder."""
        return (
            f"{self.number}" if self.number % 2 else f"a folder with a long name {self.number} " * 3
        )


@dataclass
class Seen:
    """What a round came to."""

    recorded: int = 0
    differing: list[str] = field(default_factory=list)


def main(
    times: Annotated[int, typer.Option(min=2, help="How often each is recorded.")] = 20,
    only: Annotated[str, typer.Option(help="Scenarios whose name holds this word.")] = "",
) -> None:
    """Record everything many times, under different conditions, and compare."""
    every = [c for c in (*all_cases(), *all_lessons()) if only in c.id]
    if not every:
        raise typer.BadParameter(f"no scenario's name holds {only}", param_hint="--only")
    dice = random.Random(times)
    rounds = [
        Round(
            n,
            dice.randrange(1, 2**32),
            _HOLDS[(n - 1) % len(_HOLDS)],
            n % 2 == 0,
            _ZONES[n % len(_ZONES)],
            0.0 if n == 1 else dice.random(),
        )
        for n in range(1, times + 1)
    ]
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    table = Table(
        *("time", "hash seed", "threads", "machine", "zone", "recorded", "different"),
        title=f"Python {python}: {len(every)} scenarios",
    )
    first: dict[str, Trace] = {}
    wrong: list[str] = []
    total = 0
    for one in rounds:
        seen = play(one, every, first)
        total += seen.recorded
        wrong += seen.differing
        table.add_row(
            str(one.number), str(one.seed), one.hold or "plain", "busy" if one.loaded else "idle",
            one.zone, str(seen.recorded), str(len(seen.differing)),
        )  # fmt: skip
    others = [c.id for c in every if c.id in first and not as_accepted(c, first[c.id])]
    out.print(table)
    for name in (*wrong, *(f"{name}: unlike what is accepted" for name in others)):
        out.print(f"  {name}", highlight=False, soft_wrap=True)
    out.print(
        f"Python {python}: {total} recordings, {len(wrong)} differ, "
        f"{len(others)} scenarios unlike what is accepted",
        highlight=False,
    )
    raise typer.Exit(1 if wrong or others else 0)


def play(one: Round, every: list[Case], first: dict[str, Trace]) -> Seen:
    """Record every scenario once, and compare with the first time.

    Args:
        one: under which conditions.
        every: what to record.
        first: the first time's traces, by the scenario's id; the first time fills it.
    """
    time.sleep(one.delay)
    options = {"hold": one.hold} if one.hold else {}
    load = 2 * (os.cpu_count() or 1) if one.loaded else 0
    with _around(one) as python, busy(load):
        answers = record(every, python=str(python), options=options)
    seen = Seen()
    for case in every:
        answer = answers.get(case.id, {"status": "not recorded"})
        if answer["status"] != "recorded":
            why = str(answer.get("message", answer))
            seen.differing.append(f"{case.id}: time {one.number}: not recorded: {why}")
            continue
        seen.recorded += 1
        told = trace_of(case, answer)
        found = difference(first.setdefault(case.id, told), told, by_lanes=one.hold is not None)
        if found:
            seen.differing.append(f"{case.id}: time {one.number}: {found}")
    return seen


def difference(a: Trace, b: Trace, *, by_lanes: bool) -> str:
    """Where two recordings differ first, in words; "" where they are the same."""
    if by_lanes:
        ours, theirs = trace.lanes(a), trace.lanes(b)
        lane = next((name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)), "")
        if not lane:
            return ""
        mine, other = ([event_line(e) for e in lanes.get(lane, ())] for lanes in (ours, theirs))
        return f"lane {lane}: {_first(mine, other)}"
    return _first(_lines(a), _lines(b))


def as_accepted(case: Case, told: Trace) -> bool:
    """Whether a recording is what is accepted for it."""
    ran = _lines(told)
    if case.folder.parent == CASES:
        own = case.folder / f"{case.scenario}.{sys.version_info.major}.{sys.version_info.minor}.txt"
        file = own if own.exists() else case.folder / f"{case.scenario}.txt"
        return file.exists() and file.read_text(encoding="utf-8").splitlines() == ran
    kept, _ = accepted.read(case.folder / "recordings" / case.scenario)
    found = accepted.for_version(kept, told.versions.fastapi)
    return found is not None and list(found.recording.lines) == ran


def _lines(told: Trace) -> list[str]:
    return [event_line(event) for event in told.events]


def _first(a: list[str], b: list[str]) -> str:
    for x, y in zip(a, b, strict=False):
        if x != y:
            return f"{x!r}, then {y!r}"
    return f"{len(a)} events, then {len(b)}" if len(a) != len(b) else ""


@contextmanager
def _around(one: Round) -> Iterator[Path]:
    """A temporary folder and a time zone, and an interpreter under a round's hash seed."""
    kept, zone = tempfile.tempdir, os.environ.get("TZ")
    with tempfile.TemporaryDirectory(prefix="asrun-stability-") as made:
        folder = Path(made) / one.folder.strip()
        folder.mkdir()
        python = seeded(Path(made), one.seed)
        tempfile.tempdir, os.environ["TZ"] = str(folder), one.zone
        try:
            yield python
        finally:
            tempfile.tempdir = kept
            del os.environ["TZ"]
            os.environ |= {"TZ": zone} if zone is not None else {}


if __name__ == "__main__":
    typer.run(main)
