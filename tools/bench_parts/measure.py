"""Measure commands, and gather numbers that were measured side by side."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TIMED = Path(__file__).with_name("timed.py")


class BenchError(RuntimeError):
    """Something that was to be measured did not do what it should, so its cost means nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost, all its descendants included.

    Attributes:
        cpu_s: CPU seconds, user and system, of the whole process tree.
        wall_s: seconds until the command itself had ended.
        peak_mb: resident memory of its largest process, at its peak.
        output: what it printed.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float
    output: str


def environment(**more: str) -> dict[str, str]:
    """Return the environment of what is measured: this one's, less what changes a build."""
    dropped = ("CI", "FORCE_COLOR", "PYTHONDONTWRITEBYTECODE", "PYTHONHOME")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    quiet = {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true", "NO_COLOR": "1"}
    return kept | quiet | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'hooks'}"} | more


def measure(command: Sequence[str], cwd: Path, **env: str) -> Cost:
    """Run a command to its end.

    Raises:
        BenchError: it failed; the message ends with the last that it printed.
    """
    with tempfile.TemporaryDirectory(prefix="asrun-bench-") as folder:
        result = Path(folder) / "cost.json"
        with subprocess.Popen(
            [sys.executable, "-S", "-E", str(TIMED), str(result), *command],
            cwd=cwd,
            env=environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as wrapper:
            try:
                output, _ = wrapper.communicate()
            except BaseException:
                wrapper.send_signal(signal.SIGTERM)
                wrapper.wait()
                raise
        if wrapper.returncode:
            tail = "\n".join(output.strip().splitlines()[-15:])
            raise BenchError(f"`{' '.join(command)}` ended with {wrapper.returncode}:\n{tail}")
        return Cost(**json.loads(result.read_text()), output=output)


def python(*args: str) -> list[str]:
    """Return a command of this interpreter."""
    return [sys.executable, *args]


@dataclass(slots=True)
class Found:
    """What the parts have measured: runs by key, notes by key, and costs by name.

    Attributes:
        runs: each key's value of every round; the median is what is reported.
        notes: why a key has no runs, or what is to be known of it.
        costs: what the runs were computed from.
    """

    runs: dict[str, list[float]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    costs: dict[str, list[float]] = field(default_factory=dict)

    def add(self, key: str, value: float) -> None:
        """Note a round's value."""
        self.runs.setdefault(key, []).append(value)

    def cost(self, name: str, value: float) -> None:
        """Note a number that is not reported by itself."""
        self.costs.setdefault(name, []).append(value)

    def took(self, name: str, cost: Cost) -> None:
        """Note all of a cost."""
        for unit in ("cpu_s", "wall_s", "peak_mb"):
            self.cost(f"{name} {unit}", getattr(cost, unit))

    def skip(self, keys: Sequence[str], why: str) -> None:
        """Say why keys have no runs."""
        self.notes.update(dict.fromkeys(keys, why))

    def median_cost(self, name: str) -> float:
        """Return the median of a cost's runs."""
        return statistics.median(self.costs[name])


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for.

    Attributes:
        lessons: sizes of the generated sites.
        rounds: how often each measurement is made.
        folder: where everything is put that is made.
        tell: is told, in a few words, what begins.
    """

    lessons: tuple[int, ...]
    rounds: int
    folder: Path
    tell: Callable[[str], None]

    def fresh(self, name: str) -> Path:
        """Make an empty folder."""
        made = self.folder / name
        made.mkdir(parents=True)
        return made


Part = Callable[[Plan, Found], None]
Parts = Mapping[str, Part]
