"""Break things and see whether it is noticed: `make mutants`, or with ARGS="--only framework".

Four parts. `snippets` changes every lesson's app in one place, `framework` puts faults into FastAPI and
Starlette, `sentences` turns assertions round, and `noise` checks again and again with nothing
changed. Writes `mutants.json`. What was found is kept in `.asrun/mutants`, so that a run that was
interrupted goes on from where it was; a change of the engine or of a lesson makes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # run as a script, a file knows its own folder only

from asrun.terminal import Progress, err, out, progress  # noqa: E402
from tools.mutant_parts import framework, noise, report, sentences, snippets, trial  # noqa: E402
from tools.mutant_parts.faults import FAULTS  # noqa: E402
from tools.mutant_parts.kept import Kept, Result  # noqa: E402
from tools.mutant_parts.place import KEPT  # noqa: E402

PARTS = ("snippets", "framework", "sentences", "noise")


def main(
    only: Annotated[
        str, typer.Option(help=f"Parts, with commas between: {', '.join(PARTS)}.")
    ] = ",".join(PARTS),
    lesson: Annotated[list[str] | None, typer.Option(help="Only this lesson.")] = None,
    checks: Annotated[int, typer.Option(min=1, help="How often nothing is changed.")] = 200,
    anew: Annotated[bool, typer.Option("--anew", help="Take nothing from an earlier run.")] = False,
    json_file: Annotated[Path, typer.Option("--json", help="What to write.")] = Path(
        "mutants.json"
    ),
) -> None:
    """Break apps, the framework and sentences, and say what was noticed.

    Exits with 1 where something got through that must not, or an unchanged lesson gave an alarm.
    """
    parts = [name.strip() for name in only.split(",") if name.strip()]
    if unknown := [name for name in parts if name not in PARTS]:
        raise typer.BadParameter(f"there is no part {unknown[0]}", param_hint="--only")
    made: dict[str, Any] = {}
    code = 0
    with progress(log=True) as tell:
        try:
            made.update(_made(parts, lesson or [], checks, None if anew else KEPT, tell))
        except KeyboardInterrupt:
            err.print("interrupted: what was found is kept, and the next run goes on from here")
            code = 130
    report.show(made, out)
    report.write(json_file, made)
    raise typer.Exit(code or (0 if report.good(made) else 1))


def _made(
    parts: list[str], only: list[str], checks: int, place: Path | None, tell: Progress
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parts of the report, each once it is whole."""
    chosen = [one for one in trial.read_lessons() if not only or one.id in only]
    with trial.started(chosen, framework.MODULES) as children:
        if "snippets" in parts:
            mutants = snippets.all_of(chosen)
            kept = Kept(place, "snippets")
            yield "snippets", report.snippets(snippets.results(mutants, children, kept, tell))
        if "framework" in parts:
            kept = Kept(place, "framework")
            faults = framework.results(FAULTS, chosen, children, kept, tell)
            yield "framework", report.framework(faults)
        if "sentences" in parts:
            kept = Kept(place, "sentences")
            found: list[tuple[sentences.Turned, Result]] = []
            for plain in trial.run(chosen, children):
                found += sentences.results(plain, children, kept, tell)
            yield "sentences", report.sentences(found)
        if "noise" in parts:
            kept = Kept(place, "noise")
            verdicts = KEPT / "verdicts"
            found_nothing = noise.results(checks, chosen, children, kept, verdicts, tell)
            yield "noise", report.noise(found_nothing)


if __name__ == "__main__":
    typer.run(main)
