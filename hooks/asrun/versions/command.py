"""The command `asrun versions`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asrun.versions.workshop import Looked, Workshop

INCOMPLETE = 3
"""Exit code: nothing that was found is wrong, but not all could be looked at."""


class VersionsFormat(StrEnum):
    """How `asrun versions` reports."""

    text = "text"
    json = "json"
    markdown = "markdown"


def versions(
    lessons: Annotated[
        list[str] | None,
        typer.Argument(
            help="Lessons, as <chapter>/<lesson>; all where none is named.", metavar="[LESSON]…"
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Show what runs on that release.")
    ] = None,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="OLD NEW", help="Show how two releases differ, step by step."),
    ] = None,
    newest: Annotated[
        bool, typer.Option("--newest", help="Check all that is said on the newest release.")
    ] = False,
    every: Annotated[
        bool,
        typer.Option("--every", help="Record every release, not the first of each minor only."),
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept what was found: write the recordings.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Accept without asking.")] = False,
    write_holds: Annotated[
        bool, typer.Option("--write-holds", help="Write the true `holds=` into the lessons.")
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Add new releases to snippets/versions.toml.")
    ] = False,
    clean: Annotated[
        bool, typer.Option("--clean", help="Delete the environments of other releases.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Use what is installed; ask the index nothing.")
    ] = False,
    form: Annotated[
        VersionsFormat,
        typer.Option("--format", help="How it is reported; markdown is for --newest."),
    ] = VersionsFormat.text,
) -> None:
    """Record lessons on other releases of FastAPI: what behaves how, since which release.

    Looks at the first release of each minor, then between neighbours that
    differ, each with the dependencies of its release day and with the newest
    ones. What was recorded is kept: a run that is interrupted goes on where it
    was. Exit codes: 0 all is as accepted, 1 something is not, 3 not all could
    be looked at.
    """
    from asrun import terminal
    from asrun.versions.uv import UvError
    from asrun.versions.workshop import Workshop

    if terminal.in_ci() and (accept or write_holds):
        terminal.err.print("CI=true: nothing is accepted here. Accept where someone looks at it.")
        raise typer.Exit(1)
    with (
        terminal.progress() as tell,
        Workshop(terminal.root(), tuple(lessons or ()), offline=offline, tell=tell) as shop,
    ):
        try:
            if clean:
                freed = shop.environments.delete()
                terminal.out.print(f"{shop.environments.folder}: {freed / 1e6:.0f} MB deleted")
            elif refresh:
                _refresh(shop)
            elif newest:
                _newest(shop, form)
            elif at is not None:
                _at(shop, at, form)
            elif diff is not None:
                _diff(shop, diff, form)
            else:
                looked = shop.look(every=every)
                _survey(shop, looked, accept=accept, yes=yes, write_holds=write_holds, form=form)
        except KeyboardInterrupt:
            terminal.err.print("interrupted; what was recorded is kept, and the next run goes on")
            raise
        except UvError as error:
            terminal.err.print(f"the package index could not be asked: {error}", highlight=False)
            raise typer.Exit(INCOMPLETE) from None


def _refresh(shop: Workshop) -> None:
    from asrun import terminal

    added = shop.refresh()
    for release in added:
        terminal.out.print(f"{release.version} of {release.day.isoformat()}", highlight=False)
    terminal.out.print(f"{len(added)} added" if added else "nothing new", highlight=False)


def _newest(shop: Workshop, form: VersionsFormat) -> None:
    from asrun import problems, terminal
    from asrun.versions import report

    found = shop.newest()
    if form is VersionsFormat.json:
        sys.stdout.write(report.to_json(report.newest_data(found)))
    elif form is VersionsFormat.markdown:
        sys.stdout.write(report.newest_markdown(found))
    else:
        problems.show(found.problems, terminal.out)
        terminal.out.print(report.newest_line(found), highlight=False, soft_wrap=True)
        for gap in found.gaps:
            terminal.out.print(f"could not be tried: {gap}", highlight=False, soft_wrap=True)
        if found.unasked:
            line = report.unasked_line(found)
            terminal.out.print(line, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if found.problems else 0 if found.complete else INCOMPLETE)


def _at(shop: Workshop, version: str, form: VersionsFormat) -> None:
    from asrun import inspect, terminal
    from asrun.versions import report

    found = shop.at(version)
    if form is VersionsFormat.json:
        data = [
            {"lesson": lesson.id, "scenario": name, "release": version, **outcome.to_json()}
            for lesson, name, outcome in found
        ]
        sys.stdout.write(report.to_json({"runs": data}))
    else:
        for lesson, name, outcome in found:
            if outcome.trace is None:
                line = f"{lesson.id} {name}: on {version} it {outcome.in_words()}"
                terminal.out.print(line, highlight=False, soft_wrap=True)
                continue
            v = outcome.trace.versions
            inspect.draw(lesson, outcome.trace, terminal.out)
            terminal.out.print(
                f"fastapi {v.fastapi}, starlette {v.starlette}, pydantic {v.pydantic}",
                style="dim", highlight=False,
            )  # fmt: skip
    unknown = any(outcome.behaviour is None for _, _, outcome in found)
    raise typer.Exit(INCOMPLETE if unknown else 0)


def _diff(shop: Workshop, releases: tuple[str, str], form: VersionsFormat) -> None:
    from asrun import terminal
    from asrun.versions import report

    old, new = releases
    found = shop.diff(old, new)
    if form is VersionsFormat.json:
        data = [
            {
                "lesson": one.lesson.id,
                "scenario": one.scenario,
                "rows": report.diff_data(one.rows),
                "why": one.why,
            }
            for one in found
        ]
        sys.stdout.write(report.to_json({"old": old, "new": new, "scenarios": data}))
    else:
        for one in found:
            title = next(s.title for s in one.lesson.scenarios if s.name == one.scenario)
            head = f"{one.lesson.id} · {title}: {old} to {new}"
            line = f"{head}: {one.why}" if one.why else head
            terminal.out.print(line, highlight=False, soft_wrap=True)
            report.print_diff(one.rows, terminal.out)
    raise typer.Exit(0 if all(one.known for one in found) else INCOMPLETE)


def _survey(
    shop: Workshop,
    looked: Looked,
    *,
    accept: bool,
    yes: bool,
    write_holds: bool,
    form: VersionsFormat,
) -> None:
    from asrun import problems, terminal
    from asrun.versions import accepting, report

    told = accepting.told(looked.changes, shop.root)
    as_text = form is not VersionsFormat.json
    if as_text:
        report.print_survey(looked.survey, looked.truths, terminal.out)
    wrong = list(looked.problems)
    if write_holds:
        for line in shop.write_holds(looked):
            terminal.err.print(line, highlight=False, markup=False, soft_wrap=True)
        wrong = [p for p in wrong if p.kind != "holds-wrong"]
    if accept and (looked.changes or looked.added) and _agreed(told, yes=yes):
        wrong = [p for p in wrong if p.kind != "behaviour-changed"] + shop.accept(looked)
        terminal.err.print(f"{len(told)} recordings written", highlight=False)
    elif told and as_text and not accept:
        terminal.out.print(
            f"{len(told)} recordings differ from what is accepted: `--accept` writes them.",
            highlight=False,
        )
    if looked.held_back:
        held = ", ".join(looked.held_back)
        terminal.err.print(f"not to be accepted before all is reached: {held}", highlight=False)
    if as_text:
        problems.show(wrong, terminal.out)
    else:
        data = report.survey_data(looked.survey, looked.truths, wrong, told)
        sys.stdout.write(report.to_json(data))
    raise typer.Exit(1 if wrong else INCOMPLETE if report.incomplete(looked.survey) else 0)


def _agreed(told: Sequence[str], *, yes: bool) -> bool:
    from asrun import terminal

    for line in told:
        terminal.err.print(line, highlight=False, markup=False, soft_wrap=True)
    return yes or typer.confirm(f"Write {len(told)} recordings?")
