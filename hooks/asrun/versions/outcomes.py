"""What came of recording a scenario on a release, and when two of those are the same.

What counts as a change of behaviour is written in `docs/versions.md`: the order of events, their
lane and thread, who sees an exception, and every compared field of every event: status, headers,
bodies, values, states. What does not is in `between.py`, and whatever a recording only shows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from asrun import between
from asrun.model import Problem, Trace, Versions
from asrun.recording import lines_of

Kind = Literal["recorded", "absent", "failed", "uninstalled", "unreached"]
"""What came of it.

- `recorded`: there is a trace.
- `absent`: the release does not have what the lesson uses: importing one of its files said so.
- `failed`: the lesson could not be recorded for another reason: it crashes, it hangs.
- `uninstalled`: the release, with these dependencies, could not be installed or imported.
- `unreached`: it would have to be installed, and the package index was not reached.
"""


@dataclass(frozen=True)
class Outcome:
    """What came of recording one scenario in one environment.

    Attributes:
        kind: what came of it.
        behaviour: the same for two outcomes exactly where they behave the same; None where it is
            unknown how the release behaves.
        why: where nothing was recorded: the reason, in a line.
        line: the line of `app.py` that raised; 0 where there is none.
        versions: of what it ran on.
        data: the trace as plain data.
    """

    kind: Kind
    behaviour: str | None = None
    why: str = ""
    line: int = 0
    versions: Versions | None = None
    data: dict[str, Any] | None = field(default=None, repr=False, compare=False)

    @cached_property
    def trace(self) -> Trace | None:
        """What was recorded. Read when it is asked for: a search compares behaviours alone."""
        return Trace.model_validate(self.data) if self.data is not None else None

    def in_words(self) -> str:
        """What came of it where there is no trace, after "on that release it"."""
        how = {
            "absent": "does not exist",
            "failed": "cannot be recorded",
            "uninstalled": "could not be installed",
            "unreached": "could not be tried, since it is not installed",
        }
        return f"{how.get(self.kind, self.kind)}: {self.why}"

    def to_json(self) -> dict[str, Any]:
        """Plain data; `outcome_from` is the way back."""
        return {
            "kind": self.kind,
            "behaviour": self.behaviour,
            "why": self.why,
            "line": self.line,
            "versions": self.versions.model_dump() if self.versions else None,
            "trace": self.data,
        }


def outcome_from(data: Mapping[str, Any]) -> Outcome:
    """The outcome that was made plain data."""
    versions = Versions(**data["versions"]) if data["versions"] else None
    return Outcome(
        data["kind"], data["behaviour"], data["why"], data["line"], versions, data["trace"]
    )


def recorded(trace: Trace) -> Outcome:
    """The outcome of a scenario that was recorded."""
    return Outcome(
        "recorded",
        behaviour_of(trace),
        versions=trace.versions,
        data=trace.model_dump(mode="json", by_alias=True, exclude_defaults=True),
    )


def unknown(kind: Kind, why: str) -> Outcome:
    """The outcome of a scenario that could not be tried."""
    return Outcome(kind, why=why)


def behaviour_of(trace: Trace) -> str:
    """Digest of what is compared between releases."""
    return hashlib.sha256("\n".join(between.compared(lines_of(trace))).encode()).hexdigest()[:16]


_IMPORTING = re.compile(r"importing (?:app|lesson)\.py raised (\w+): (.*)", re.DOTALL)
_LACKS = re.compile(
    r"cannot import name|No module named|has no attribute|got an unexpected keyword argument"
    r"|takes (?:no|from|at most|\d+) .*arguments?\b"
)


def from_problem(problem: Problem, versions: Versions) -> Outcome:
    """What a recording that went wrong says of the release.

    Args:
        problem: why the scenario could not be recorded there.
        versions: of what it ran on.
    """
    line = problem.line if problem.file.endswith("/app.py") else 0
    match = _IMPORTING.search(problem.message)
    if match is None:
        why = _plain(problem.message)
        return Outcome("failed", f"failed: {why}", why, line, versions)
    exception, text = match.groups()
    why = f"{exception}: {_plain(text)}"
    lacks = exception in ("ImportError", "ModuleNotFoundError", "AttributeError", "TypeError")
    if lacks and _LACKS.search(text):
        return Outcome("absent", "absent", why, line, versions)
    return Outcome("failed", f"failed: {why}", why, line, versions)


def _plain(text: str) -> str:
    """A message on one line, without paths and addresses, which differ between machines."""
    text = re.sub(r" \((?:unknown location|/[^)]*)\)", "", text)
    text = re.sub(r"(?:/[\w.+-]+){2,}/", "…/", text)
    return " ".join(re.sub(r" at 0x[0-9a-fA-F]+", "", text).split())[:300]
