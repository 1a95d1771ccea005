"""Part `noise`: checks with nothing changed, again and again; each has to find nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from asrun.cache import Cache
from asrun.jobs import Runs
from asrun.model import Lesson
from asrun.terminal import Progress
from tools.mutant_parts.kept import Kept, Result, key_of, of_files
from tools.mutant_parts.place import ROOT
from tools.mutant_parts.trial import run


def results(
    times: int,
    chosen: Sequence[Lesson],
    children: Runs,
    kept: Kept,
    folder: Path,
    progress: Progress,
) -> Iterator[tuple[int, Result]]:
    """What each check finds.

    Every scenario is recorded anew each time. A verdict depends on the lesson and its traces
    alone, so that it is taken again where a trace is, to the letter, what it was.

    Args:
        times: how often.
        chosen: the lessons.
        children: run them.
        kept: what was found before, and where it is kept.
        folder: where verdicts are kept meanwhile.
        progress: is told what is done.

    Yields:
        Each check's number with plain data: `alarms`, what it found, a line each.
    """
    ground = of_files(*sorted(ROOT.glob("snippets/*/*/*.py")))
    for number in range(1, times + 1):
        key = key_of("noise", ground, str(number))
        result = kept.get(key)
        if result is None:
            progress(f"noise: {number} of {times}")
            trials = run(chosen, children, store=Cache(folder))
            alarms = [f"{p.where}: {p.kind}: {p.message}" for t in trials for p in t.problems]
            result = {"alarms": alarms}
            kept.put(key, result)
        yield number, result
