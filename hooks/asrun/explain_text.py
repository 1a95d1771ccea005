"""What `asrun explain` prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from asrun.explain import EventSaid, Explained, LineExplained, LineRun, RawSaid, StepExplained


def to_json(explained: Sequence[Explained]) -> str:
    """The same as JSON: an object for each line or step."""
    return json.dumps([asdict(one) for one in explained], ensure_ascii=False, indent=1) + "\n"


def show(explained: Sequence[Explained], console: Console) -> None:
    """Print it: one line or step in full, many lines as a table."""
    if len(explained) == 1:
        one = explained[0]
        if isinstance(one, StepExplained):
            _show_step(one, console)
        else:
            _show_line(one, console)
    else:
        _show_lines([one for one in explained if isinstance(one, LineExplained)], console)


def _show_lines(lines: Sequence[LineExplained], console: Console) -> None:
    scenarios = [run.scenario for run in lines[0].runs] if lines else []
    table = Table(title=f"{lines[0].lesson} · app.py", title_justify="left", expand=True)
    table.add_column("Line", justify="right")
    table.add_column("Statement", ratio=4, overflow="ellipsis", no_wrap=True)
    for scenario in scenarios:
        table.add_column(scenario, ratio=3, overflow="fold")
    for one in lines:
        runs = {run.scenario: run for run in one.runs}
        cells = [_cell(one, runs.get(scenario)) for scenario in scenarios]
        table.add_row(str(one.line), Text(one.text), *cells)
    console.print(table)


def _cell(line: LineExplained, run: LineRun | None) -> Text:
    if run is None:
        return Text(line.about, style="dim")
    if run.reason:
        return Text(run.reason, style="dim")
    numbers = dict.fromkeys(event.step.rpartition("-")[2] for event in run.events)
    return Text(f"step{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}")


def _show_line(one: LineExplained, console: Console) -> None:
    _print(console, f"{one.lesson} · app.py:{one.line}", "bold", f"  {one.text}")
    if one.function:
        _print(console, f"in `{one.function}`", "dim")
    if one.about:
        _print(console, one.about)
    for run in one.runs:
        _print(console, "")
        _print(console, f"{run.scenario}: {run.title}", "bold")
        if run.why:
            _print(console, f"  no step: {run.why}")
        _show_events(run.events, console, with_step=True)
        _show_raw(run.normalised, console)


def _show_step(one: StepExplained, console: Console) -> None:
    _print(console, f"{one.lesson} · {one.address}", "bold", f"  {one.action}")
    _print(console, one.what)
    if one.line:
        _print(console, f"app.py:{one.line}", "dim")
    _print(console, "")
    for name, value, why in (
        ("lane", one.lane, one.lane_why),
        ("row", one.row, one.row_why),
        ("phase", one.phase, one.phase_why),
    ):
        _print(console, f"{name:<6} {value}", "bold", f"  {why}")
    _print(console, "")
    _print(console, "made of", "bold")
    _show_events(one.events, console, with_step=False)
    _show_raw(one.normalised, console)


def _show_events(events: Sequence[EventSaid], console: Console, *, with_step: bool) -> None:
    for event in events:
        place = f"app.py:{event.line}" if event.line else ""
        into = f" -> {event.step}" if with_step else ""
        _print(
            console,
            f"  event {event.event:>3}  {event.lane}  {place:<10} {event.kind:<8} ",
            "",
            f"{event.what}{into}",
        )
        _print(console, f"             {event.rule}", "dim")


def _show_raw(normalised: Sequence[RawSaid], console: Console) -> None:
    by_name: dict[str, list[RawSaid]] = {}
    for said in normalised:
        by_name.setdefault(said.normaliser, []).append(said)
    for name, done in by_name.items():
        _print(console, f"  {name}", "", f": {len(done)} of the recorder's own events")
        for said in done:
            _print(console, f"    raw {said.raw:>4}  {said.what}", "dim")


def _print(console: Console, text: str, style: str = "", rest: str = "") -> None:
    console.print(Text.assemble((text, style), rest), soft_wrap=True)
