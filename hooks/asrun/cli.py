"""The commands: `asrun --help`."""

from __future__ import annotations

import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from asrun.problems import ProblemError
from asrun.terminal import err, out
from asrun.terminal import in_ci as _in_ci
from asrun.terminal import progress as _progress
from asrun.terminal import root as _root
from asrun.versions.command import versions

app = typer.Typer(
    name="asrun",
    help="FastAPI, as run: record what a FastAPI app really does, and prove what is said of it.",
    epilog="Exit codes: 0 all is proved, 1 there are problems, 2 wrong usage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

LessonName = Annotated[
    str, typer.Argument(help="A lesson, as <chapter>/<lesson>.", metavar="LESSON")
]
LessonNames = Annotated[
    list[str] | None,
    typer.Argument(
        help="Lessons, as <chapter>/<lesson>; all where none is named.", metavar="[LESSON]…"
    ),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Run every scenario, whatever was recorded before.")
]


class Format(StrEnum):
    """How problems are reported."""

    text = "text"
    json = "json"
    junit = "junit"
    github = "github"


class TraceFormat(StrEnum):
    """How a trace is printed."""

    text = "text"
    json = "json"


def main() -> NoReturn:
    """Run a command; no traceback of the engine reaches whoever called it."""
    try:
        app(standalone_mode=True)
    except ProblemError as error:
        from asrun.problems import show

        show([error.problem], err)
        sys.exit(1)
    except KeyboardInterrupt:
        err.print("interrupted")
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the last resort
        report = _keep_traceback()
        err.print(
            f"asrun itself failed: {type(error).__name__}: {error}", markup=False, highlight=False
        )
        err.print(
            f"This is an error of asrun, not of a lesson. Please report it with {report}.",
            highlight=False,
        )
        sys.exit(70)
    sys.exit(0)


def _keep_traceback() -> Path:
    path = _root() / ".asrun" / "crash.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(traceback.format_exc(), encoding="utf-8")
    return path


@app.command()
def build(
    folder: Annotated[Path, typer.Option("--out", help="The folder to write.")] = Path(
        ".asrun/pages"
    ),
    draft: Annotated[
        bool,
        typer.Option(
            "--draft", help="Write the pages though there are problems; each stands on its page."
        ),
    ] = False,
    no_cache: NoCache = False,
    why: Annotated[
        bool, typer.Option("--why", help="Say for each scenario why it ran, or why it did not.")
    ] = False,
) -> None:
    """Record every lesson, check all that is said, and write the pages.

    Nothing is written where something is wrong, unless [bold]--draft[/] asks for it:
    what the last good build wrote stays in place.
    """
    from asrun import pipeline
    from asrun.problems import show

    with _progress() as progress:
        options = pipeline.Options(_root(), cached=not (no_cache or _in_ci()), progress=progress)
        checked = pipeline.build(
            options, folder if folder.is_absolute() else Path.cwd() / folder, draft=draft
        )
    show(checked.problems, err)
    if why:
        for (lesson, scenario), reason in checked.why.items():
            ran = f"ran: {reason}" if reason else "did not run: all that it depends on is the same"
            err.print(f"{lesson} {scenario} {ran}", markup=False, highlight=False, soft_wrap=True)
    cached = max(checked.scenarios - checked.ran, 0)
    ran = f"{checked.ran} recorded now, {cached} from the cache"
    err.print(f"{checked.summary} ({ran})", highlight=False, soft_wrap=True)
    raise typer.Exit(1 if checked.problems else 0)


@app.command()
def check(
    lessons: LessonNames = None,
    form: Annotated[
        Format, typer.Option("--format", help="How problems are reported.")
    ] = Format.text,
    no_cache: NoCache = False,
) -> None:
    """Say whether every lesson runs as accepted, and whether all that is said of it is true.

    Tells all problems of all lessons, each with the author's file and line.
    Writes nothing.
    """
    from asrun import pipeline, problems

    with _progress() as progress:
        options = pipeline.Options(
            _root(),
            tuple(lessons or ()),
            cached=not (no_cache or _in_ci()),
            verdicts=form is Format.json,
            progress=progress,
        )
        checked = pipeline.check_all(options)
    if form is Format.json:
        report = problems.to_json(checked.problems, checked.summary, checked.judged)
        sys.stdout.write(report)
    elif form is Format.junit:
        sys.stdout.write(problems.to_junit(checked.problems, checked.lessons))
    elif form is Format.github:
        sys.stdout.write(problems.to_github(checked.problems))
    else:
        problems.show(checked.problems, out)
        out.print(checked.summary, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if checked.problems else 0)


@app.command()
def record(
    lesson: LessonName,
    scenario: Annotated[str | None, typer.Option(help="One scenario only.")] = None,
    form: Annotated[
        TraceFormat, typer.Option("--format", help="Events a line each, or the published JSON.")
    ] = TraceFormat.text,
    raw: Annotated[
        bool, typer.Option("--raw", help="Show what each normaliser changed, too.")
    ] = False,
) -> None:
    """Run a lesson's scenarios and print their traces.

    The JSON is what the site offers for download; [bold]asrun schema[/] describes it.
    """
    from asrun import inspect

    with _progress() as progress:
        recorded = inspect.record(_root(), lesson, scenario, progress)
    for one in recorded:
        if form is TraceFormat.json:
            sys.stdout.write(one.trace.to_json())
        else:
            inspect.print_trace(one, out, raw=raw)


@app.command()
def show(
    lesson: LessonName,
    scenario: Annotated[str | None, typer.Option(help="One scenario only.")] = None,
) -> None:
    """Draw a lesson's execution tables in the terminal."""
    from asrun import inspect

    with _progress() as progress:
        recorded = inspect.record(_root(), lesson, scenario, progress)
    for one in recorded:
        inspect.draw(one.lesson, one.trace, out)


@app.command()
def explain(
    lesson: LessonName,
    where: Annotated[
        str | None,
        typer.Argument(
            help="A line of app.py (`12`), or a step by its address (`answers-7`); "
            "every line where none is named.",
            metavar="[LINE|STEP]",
        ),
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="One scenario only; a number is then its step.")
    ] = None,
    form: Annotated[
        TraceFormat, typer.Option("--format", help="How it is printed.")
    ] = TraceFormat.text,
) -> None:
    """Say why a line of app.py has no step, or why a step is as it is.

    For a line: in each scenario, which events it made, into which step each was
    folded and by which rule; or why it made none. For a step: its events, what
    decided its lane, row and phase, and what each normaliser changed. The
    lesson is recorded and judged now.
    """
    from asrun import explain as explaining
    from asrun import explain_text

    with _progress() as progress:
        explained = explaining.explain(_root(), lesson, where, scenario, progress)
    if form is TraceFormat.json:
        sys.stdout.write(explain_text.to_json(explained))
    else:
        explain_text.show(explained, out)


app.command()(versions)


@app.command()
def accept(
    lessons: LessonNames = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Accept what runs without asking.")
    ] = False,
    form: Annotated[
        bool,
        typer.Option("--format", help="Approve the recorder's new format without asking."),
    ] = False,
) -> None:
    """Accept what the lessons do now as what they should do.

    Records each scenario four times: twice plainly, and twice with its worker
    threads in another order. One that differs is refused; so is a statement
    that holds in one order only. Shows what changed since it was last accepted,
    asks, and writes the recording. Under [bold]CI=true[/] nothing is ever accepted.

    That the recorder writes another format is a question of its own, and [bold]--yes[/]
    does not answer it: with it is said whether behaviour changed, too.
    """
    from asrun import inspect, problems

    if _in_ci():
        err.print("CI=true: nothing is accepted here. Accept where someone looks at the change.")
        raise typer.Exit(1)
    with _progress() as progress:
        proposals, found, leftovers = inspect.proposals(_root(), tuple(lessons or ()), progress)
    problems.show(found, err)
    written = held = 0
    for proposal in proposals:
        name = f"{proposal.lesson.id} · {proposal.scenario.name}"
        question = ""
        if proposal.change is not None:
            problems.show([proposal.change], out)
            question = f"{name}: accept the change?"
        elif proposal.replaces is None:
            inspect.print_new(proposal, out)
            question = f"{name}: accept this run?"
        elif proposal.form is None:
            question = f"{name}: the same behaviour; bring its recording up to date?"
        if question and not (yes or typer.confirm(question)):
            continue
        if proposal.form is not None and not form:
            problems.show([proposal.form], out)
            if yes or not typer.confirm(f"{name}: approve the recorder's new format?"):
                held += 1
                continue
        proposal.write()
        written += 1
    for name in sorted({p.lesson.id for p in proposals if p.outdated}):
        out.print(
            f"{name}: what was recorded on other releases is of the lesson as it was; record it "
            f"anew with `asrun versions {name} --accept`",
            highlight=False,
            soft_wrap=True,
        )
    for file in leftovers:
        if yes or typer.confirm(
            f"{file.name} in {file.parent.name}: no scenario has this name; remove it?"
        ):
            file.unlink()
            written += 1
            if not any(file.parent.iterdir()):
                file.parent.rmdir()
    out.print(
        "nothing to accept" if not (written or proposals or leftovers) else f"{written} written",
        highlight=False,
    )
    raise typer.Exit(1 if found or (held and yes) else 0)


@app.command()
def doctor(
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1, too, where the sandbox is not complete.")
    ] = False,
) -> None:
    """Say whether lessons can be recorded here, and how far contributed code is held.

    The sandbox is tried, not only looked at. Exits with 1 where nothing can be
    recorded.
    """
    from asrun import doctor as examining

    findings = examining.examine(_root())
    examining.show(findings, out)
    wrong = [one for one in findings if not one.fine and (strict or one.needed)]
    raise typer.Exit(1 if wrong else 0)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a trace."""
    from asrun.schema import trace_schema

    sys.stdout.write(trace_schema())
