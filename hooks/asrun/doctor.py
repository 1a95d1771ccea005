"""What `asrun doctor` says: whether lessons can be recorded here, and what holds contributed code.

What the sandbox is said to hold is tried: a child does what it may not, and tells what it could.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from asrun.cache import Cache
from asrun.children import Children, can_fork
from asrun.jobs import Ended, Job, ZygoteDied
from asrun.record import landlock

_HOLDS = {
    "user": "root is given up",
    "limits": "memory, CPU, files and output are bounded",
    "landlock": "files are read and written only where a lesson may",
    "seccomp": "no sockets, no processes, no signals to others",
    "hook": "what is refused is told, with the author's line",
    "deadline": "a lesson that hangs is ended",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what.
        fine: whether it is as it should be.
        says: what was found.
        needed: whether nothing can be recorded without it.
    """

    name: str
    fine: bool
    says: str
    needed: bool = False


def examine(root: Path, without: frozenset[str] = frozenset()) -> list[Finding]:
    """Look at all that recording needs, and try the sandbox.

    Args:
        root: the project's root.
        without: means that are left out; for tests, which see that this is noticed.
    """
    return [*_versions(), *_recording(without), *_keeping(root)]


def _versions() -> Iterator[Finding]:
    yield Finding("Python", True, f"{platform.python_version()} on {platform.platform(terse=True)}")
    for name in ("fastapi", "starlette", "pydantic", "httpx"):
        try:
            yield Finding(name, True, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, False, "is not installed", needed=True)


def _recording(without: frozenset[str]) -> Iterator[Finding]:
    begun = time.monotonic()
    with tempfile.NamedTemporaryFile(prefix="asrun-doctor-") as outside:
        outside.write(b"nothing")
        outside.flush()
        Path(outside.name).chmod(0o644)
        jobs = _jobs(outside.name, without)
        try:
            with Children() as children:
                ended = {one.job.key: one for one in children.run(jobs)}
        except ZygoteDied as error:
            yield Finding("children", False, f"cannot be started: {error}", needed=True)
            return
    seconds = time.monotonic() - begun
    if can_fork() and children.start == "fork":
        yield Finding(
            "children", True, f"are forked from one zygote ({seconds:.1f} s for {len(jobs)})"
        )
    else:
        says = "are interpreters of their own: slower than forks, and the same in all else"
        yield Finding("children", True, says)
    yield from _sandbox(ended)


def _jobs(outside: str, without: frozenset[str]) -> list[Job]:
    request = {"outside": outside}
    return [
        # Without the hook, which would refuse what is for the kernel to refuse here.
        Job("kernel", "asrun.record.selftest:kernel", request, without=without | {"hook"}),
        Job("hook", "asrun.record.selftest:hook", request, without=without),
        Job("deadline", "asrun.record.selftest:hang", request, 0.5, without=without),
    ]


def _sandbox(ended: dict[Any, Ended]) -> Iterator[Finding]:
    missing: dict[str, str] = {}
    done: dict[str, Sequence[str]] = {}
    for name in ("kernel", "hook"):
        found = ended[name].result
        if found is None:
            yield Finding(
                "sandbox", False, f"the trial {ended[name].how}: {ended[name].output[-200:]}", True
            )
            return
        missing |= {
            m: why for m, why in found["missing"].items() if (m == "hook") == (name == "hook")
        }
        done |= found["done"]
    if not done["hook"] and not ended["hook"].said:
        done["hook"] = ["what is refused is not told"]
    if not ended["deadline"].hung:
        done["deadline"] = ["a job outlived it"]
    for means, holds in _HOLDS.items():
        if means == "user" and (not hasattr(os, "geteuid") or os.geteuid() != 0):
            yield Finding(means, True, "asrun is not run by root")
            continue
        short = [*filter(None, [missing.get(means, "")]), *done.get(means, ())]
        yield Finding(means, not short, "; ".join(short) or holds + _more(means))


def _more(means: str) -> str:
    return f" (ABI {landlock.abi()})" if means == "landlock" else ""


def _keeping(root: Path) -> Iterator[Finding]:
    store = Cache(root / ".asrun" / "cache")
    store.put("doctor", {"kept": True})
    if store.get("doctor") == {"kept": True}:
        yield Finding("cache", True, f"{root / '.asrun' / 'cache'}")
    else:
        yield Finding(
            "cache",
            False,
            f"nothing can be kept in {root / '.asrun' / 'cache'}: each build runs all",
        )


def show(findings: Sequence[Finding], console: Console) -> None:
    """Print what was found."""
    table = Table.grid(padding=(0, 2))
    for one in findings:
        mark = Text("yes" if one.fine else "NO", style="green" if one.fine else "bold red")
        table.add_row(Text(one.name), mark, Text(one.says))
    console.print(table)
    if any(not one.fine for one in findings):
        console.print(Text("What the sandbox holds, and what not: docs/sandbox.md"))
