"""Measure what the project promises: `make bench`, or with ARGS="--only record --lessons 100".

Everything is measured side by side in one run and told as a ratio, or beside its budget. Writes
`bench.json`. The whole takes long (mkdocs alone needs minutes for 1,000 lessons); Ctrl-C ends it,
and what was measured until then is told and written.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # run as a script, a file knows its own folder only

from asrun.terminal import err, out, progress  # noqa: E402
from tools.bench_parts import report  # noqa: E402
from tools.bench_parts.build import build  # noqa: E402
from tools.bench_parts.measure import BenchError, Found, Part, Plan  # noqa: E402
from tools.bench_parts.page import page  # noqa: E402
from tools.bench_parts.record import record  # noqa: E402
from tools.bench_parts.serve import serve  # noqa: E402
from tools.bench_parts.versions import versions  # noqa: E402

PARTS: dict[str, Part] = {
    "record": record,
    "build": build,
    "page": page,
    "serve": serve,
    "versions": versions,
}


def main(
    only: Annotated[
        str, typer.Option(help=f"Parts, with commas between: {', '.join(PARTS)}.")
    ] = ",".join(PARTS),
    lessons: Annotated[
        str, typer.Option(help="Sizes of generated sites, with commas between.")
    ] = "100,1000",
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured.")] = 3,
    json_file: Annotated[Path, typer.Option("--json", help="What to write.")] = Path("bench.json"),
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a budget is missed.")
    ] = False,
) -> None:
    """Measure recording, building, pages and serving, each beside its budget."""
    parts = [name.strip() for name in only.split(",") if name.strip()]
    if unknown := [name for name in parts if name not in PARTS]:
        raise typer.BadParameter(f"there is no part {unknown[0]}", param_hint="--only")
    try:
        sizes = tuple(sorted({int(size) for size in lessons.split(",")}))
    except ValueError:
        raise typer.BadParameter("these are no numbers", param_hint="--lessons") from None
    found, code = Found(), 0
    with tempfile.TemporaryDirectory(prefix="asrun-bench-") as folder, progress(log=True) as tell:
        plan = Plan(sizes, rounds, Path(folder), tell)
        try:
            for name in parts:
                PARTS[name](plan, found)
        except BenchError as error:
            err.print(Text(str(error), style="red"))
            code = 1
        except KeyboardInterrupt:
            err.print("interrupted: this is what was measured until then")
            code = 130
    made = report.to_json(plan, found, parts)
    report.write(json_file, made)
    report.show(made, out)
    if strict and report.missed(found):
        code = code or 1
    raise typer.Exit(code)


if __name__ == "__main__":
    typer.run(main)
