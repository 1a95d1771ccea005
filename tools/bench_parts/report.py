"""What is reported: the keys, their budgets, a table in the terminal, and `bench.json`."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tools.bench_parts.measure import ROOT, Found, Plan


@dataclass(frozen=True, slots=True)
class Key:
    """A number that is reported.

    Attributes:
        part: the part that measures it.
        what: what it is, in a few words.
        unit: "x" for a ratio, "s", "ms", "bytes", or "" for a count.
        budget: the most that it may be; None where there is no budget.
        allowance: what the budget grows with: a share, and the name of the cost.
    """

    part: str
    what: str
    unit: str
    budget: float | None = None
    allowance: tuple[float, str] | None = None

    def limit(self, found: Found) -> float | None:
        """The budget, where there is one."""
        if self.budget is None or self.allowance is None:
            return self.budget
        share, cost = self.allowance
        return self.budget + share * found.median_cost(cost)


PLAIN = "site, plain, 100 lessons: cpu_s"

KEYS: dict[str, Key] = {
    "record_vs_nbclient": Key("record", "a scenario / a Jupyter kernel a page", "x", 1 / 30),
    "record_vs_fresh_python": Key("record", "a scenario / a fresh python each", "x"),
    "record_vs_markdown_exec": Key("record", "a scenario / markdown-exec, not isolated", "x"),
    "record_vs_inprocess": Key("record", "a scenario / exec in process, not isolated", "x", 5),
    "cold_engine_cpu_s_per_100": Key("build", "100 scenarios cold: CPU beyond mkdocs'", "s", 5),
    "warm_build_extra_s": Key(
        "build", "nothing changed: CPU beyond mkdocs'", "s", 0.4, (0.03, PLAIN)
    ),
    "warm_build_ratio": Key("build", "nothing changed / plain mkdocs", "x"),
    "warm_scenarios_run": Key("build", "nothing changed: scenarios that ran", "", 0),
    "warm_children_started": Key("build", "nothing changed: processes started", "", 0),
    "growth_1000_vs_100": Key("build", "CPU a lesson, of 1,000 / of 100", "x", 1.1),
    "peak_rss_1000_vs_100": Key("build", "the engine's memory, 1,000 / 100", "x", 1.2),
    "page_js_gzip": Key("page", "own JavaScript", "bytes", 12 * 1024),
    "page_css_gzip": Key("page", "own CSS", "bytes", 8 * 1024),
    "page_html_gzip_max": Key("page", "the largest lesson's HTML", "bytes", 40 * 1024),
    "page_total_gzip": Key("page", "the heaviest lesson, with all that it loads", "bytes"),
    "page_other_hosts": Key("page", "what lessons ask of other hosts", "", 0),
    "step_p95_ms_4x": Key("page", "a step's update in 300 rows, CPU slowed 4 x, p95", "ms", 50),
    "lcp_vs_plain_material": Key("page", "largest paint, a lesson / a plain page", "x", 1.1),
    "serve_first_page_s": Key("serve", "start to the first page, nothing kept", "s"),
    "serve_first_page_warm_s": Key("serve", "start to the first page, all kept", "s"),
    "serve_rebuild_s": Key("serve", "a snippet saved to its page", "s"),
    "versions_minors_s": Key("versions", "all lessons on all minors, installed", "s", 90),
    "versions_lessons_per_s": Key("versions", "the same: lessons x releases a second", "/s"),
    "versions_all_s": Key("versions", "both kinds of dependencies, bisected, judged", "s"),
    "versions_known_s": Key("versions", "the same, all recorded before", "s"),
    "versions_cold_s": Key("versions", "the same, nothing installed", "s"),
    "versions_disk": Key("versions", "its environments", "bytes"),
}  # fmt: skip

SCHEMA = 1


def missed(found: Found) -> list[str]:
    """Return the keys that were measured and are over their budgets."""
    return [name for name in KEYS if found.runs.get(name) and _met(name, found) is False]


def to_json(plan: Plan, found: Found, parts: list[str]) -> dict[str, Any]:
    """Return the content of `bench.json`.

    Each key of `KEYS` has `median`, `runs`, `unit`, `budget`, `met` and `note`; `median`, `met`
    and `budget` may be None. `costs` has what they were computed from; `made` says on what.
    """
    report: dict[str, Any] = {"schema": SCHEMA, "made": _made(plan, parts)}
    for name, key in KEYS.items():
        runs = found.runs.get(name, [])
        report[name] = {
            "what": key.what,
            "median": statistics.median(runs) if runs else None,
            "runs": runs,
            "unit": key.unit,
            "budget": key.limit(found) if runs else key.budget,
            "met": _met(name, found) if runs else None,
            "note": found.notes.get(name, "" if runs else "not asked for"),
        }
    report["costs"] = {
        name: {"median": statistics.median(runs), "runs": runs}
        for name, runs in found.costs.items()
    }
    return report


def write(path: Path, report: dict[str, Any]) -> None:
    """Write `bench.json`."""
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def show(report: dict[str, Any], console: Console) -> None:
    """Print the keys that were asked for, each beside its budget, and what they come from."""
    table = Table(title="Measured side by side; medians", title_justify="left", show_edge=False)
    for heading in ("Key", "What", "Median", "Budget", "", "Runs"):
        numbers = heading in ("Median", "Budget")
        table.add_column(heading, justify="right" if numbers else "left", overflow="fold")
    for name in KEYS:
        one = report[name]
        if one["median"] is None:
            if one["note"] != "not asked for":
                table.add_row(name, one["what"], "", "", "", Text(one["note"], style="dim"))
            continue
        sign = {True: Text("met", "green"), False: Text("missed", "bold red"), None: Text("")}
        unit = one["unit"]
        table.add_row(
            name,
            one["what"],
            _tell(one["median"], unit),
            _tell(one["budget"], unit) if one["budget"] is not None else "",
            sign[one["met"]],
            Text(" ".join(_tell(x, unit) for x in one["runs"]), style="dim"),
        )
    console.print(table)

    costs = Table(title="What they come from", title_justify="left", show_edge=False)
    for heading in ("Cost", "Median", "Runs"):
        costs.add_column(heading, justify="right" if heading == "Median" else "left")
    for name, cost in report["costs"].items():
        each = " ".join(f"{value:.4g}" for value in cost["runs"])
        costs.add_row(name, f"{cost['median']:.4g}", Text(each, style="dim"))
    console.print()
    console.print(costs)


def _met(name: str, found: Found) -> bool | None:
    limit = KEYS[name].limit(found)
    return None if limit is None else statistics.median(found.runs[name]) <= limit


def _tell(value: float, unit: str) -> str:
    if unit == "x":
        return f"1/{1 / value:.1f}" if 0 < value < 0.5 else f"{value:.2f} x"
    if unit == "bytes":
        return f"{value / 1024:.1f} KB"
    if unit == "s":
        return f"{value:.2f} s"
    return f"{value:.0f} {unit}".strip()


def _made(plan: Plan, parts: list[str]) -> dict[str, Any]:
    names = ("fastapi", "starlette", "pydantic", "mkdocs", "mkdocs-material", "nbclient")
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "changed_since": bool(_git("status", "--porcelain")),
        "python": platform.python_version(),
        **{name: _version(name) for name in names},
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load_before_last_minute": os.getloadavg()[0],
        "parts": parts,
        "lessons": list(plan.lessons),
        "rounds": plan.rounds,
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _git(*args: str) -> str:
    try:
        done = subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
