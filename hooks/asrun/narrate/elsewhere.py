"""Telling what a lesson does in other releases: a page for each behaviour, and what is otherwise.

All of it comes from accepted recordings: the build ran none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from asrun.model import Cite, Lesson, Verdict
from asrun.narrate.differences import sentence
from asrun.narrate.lesson_page import tell_lesson
from asrun.narrate.prose import cite, code, fill, join, say
from asrun.narrate.run import step_of, tell_run
from asrun.story import (
    Aligned,
    Behaviour,
    Change,
    Era,
    History,
    Instead,
    LessonPage,
    Run,
    Said,
    Text,
    Told,
)

NAMED = 4
"""So many steps that a proof compared are named at most."""


def tell_elsewhere(page: LessonPage) -> tuple[LessonPage, tuple[LessonPage, ...]]:
    """Tell a lesson's behaviour in other releases.

    Args:
        page: the lesson's own page, with its history as it is known from the recordings.

    Returns:
        The page, its history told in full; and a page for each other behaviour that was recorded,
        by oldest release. None of those where there is no history.
    """
    history = page.history
    if history is None:
        return page, ()
    others = {era.page: era for era in history.eras if era.page}
    told = {name: _page(page.lesson, history, era) for name, era in others.items()}
    pages = {"": page, **told}
    full = replace(
        history,
        changes=tuple(_change(history, change, pages) for change in history.changes),
        told=tuple(_told(history, one, pages) for one in history.told),
        verdicts={},
    )
    return replace(page, history=full), tuple(replace(p, history=full) for p in told.values())


def _page(lesson: Lesson, history: History, era: Era) -> LessonPage:
    verdicts = history.verdicts.get(era.page or "", {})
    runs, versions = [], []
    for behaviour in _behaviours(history, era):
        if behaviour.trace is None:
            continue
        name = behaviour.scenario
        cited = {
            c.seq
            for v in verdicts.values()
            for c in (*v.cites.values(), *v.touched)
            if c.scenario == name
        }
        run = tell_run(lesson, behaviour.trace, cited=frozenset(cited), origin="accepted")
        if not behaviour.here:
            run = replace(run, trace_file=f"{behaviour.file}/{run.trace_file}")
        runs.append(run)
        versions.append((behaviour.here, behaviour.trace.versions))
    # What the header names is what sets the page apart from the lesson's own.
    recorded_on = min(versions, key=lambda one: one[0])[1]
    told = tell_lesson(lesson, runs, verdicts, (), recorded_on, history)
    return replace(told, era=era.page or "")


def _behaviours(history: History, era: Era) -> list[Behaviour]:
    """How the scenarios behave in an era, in the lesson's order."""
    return [b for b in history.behaviours if era.files.get(b.scenario) == b.file]


def _change(history: History, change: Change, pages: Mapping[str, LessonPage]) -> Change:
    """A change in words, its steps with the numbers that they have on the two pages."""
    old = _run(history, pages, change.before, change.scenario)
    new = _run(history, pages, change.release, change.scenario)
    rows = tuple(
        replace(row, old=_number(old, row.key), new=_number(new, row.key)) for row in change.rows
    )
    return replace(change, rows=rows, says=_says(history, change, rows))


def _says(history: History, change: Change, rows: Sequence[Aligned]) -> Text:
    if rows:
        return sentence(rows)
    of = {b.file: b for b in history.of(change.scenario)}
    old, new = of[change.old], of[change.new]
    if new.trace is None:
        return _unrecorded(new)
    return join(say("it can be recorded from here on; until then:"), _unrecorded(old))


def _unrecorded(behaviour: Behaviour) -> Text:
    at = say(" at line {line} of `app.py`", line=behaviour.line) if behaviour.line else ()
    how = "does not exist" if behaviour.outcome == "absent" else "cannot be recorded"
    return join(say("it " + how + ", {why}", why=code(behaviour.why)), at, by="")


def _number(run: Run | None, key: str) -> int:
    return next((step.n for step in run.steps if step.key == key), 0) if run else 0


def _run(
    history: History, pages: Mapping[str, LessonPage], release: str, scenario: str
) -> Run | None:
    """A scenario's run on the page of the era that ends or begins with a release."""
    era = next((e for e in history.eras if release in (e.first, e.last)), None)
    page = pages.get(era.page) if era is not None and era.page is not None else None
    return next((r for r in page.runs if r.scenario == scenario), None) if page else None


def _told(history: History, told: Told, pages: Mapping[str, LessonPage]) -> Told:
    """Where a statement is true with its text, and what happens where it is not."""
    said = {name: _said(page, told.statement) for name, page in pages.items()}
    true = next((name for name, one in said.items() if one and one.proved), None)
    instead = []
    for name, page in pages.items():
        one = said[name]
        verdict = history.verdicts.get(name, {}).get(told.statement)
        if one is None or one.proved or verdict is None:
            continue
        if all(any(r.scenario == on for r in page.runs) for on in one.statement.on):
            instead.append(Instead(name, _instead(verdict, page.runs)))
    text = said[true] if true is not None else None
    return replace(
        told,
        text=text.text if text else (),
        page=true or "",
        instead=tuple(instead),
    )


def _said(page: LessonPage, name: str) -> Said | None:
    every = (*page.key_moments, *page.quiz, *page.snapshot, *page.exit_lines)
    return next((one for one in every if one.statement.name == name), None)


def _instead(verdict: Verdict, runs: Iterable[Run]) -> Text:
    """What a run shows of that which a proof did not find in it."""
    steps = _steps(verdict.touched, {run.scenario: run for run in runs})
    if not steps:
        return fill(verdict.message, {})
    named = [say("{action} {step}", action=code(a), step=cite(n, at)) for a, n, at in steps]
    return join(*named, by=", then ")


def _steps(touched: Sequence[Cite], runs: Mapping[str, Run]) -> list[tuple[str, int, str]]:
    """The steps that hold events, in their order, each once: action, number, address."""
    found: dict[str, tuple[str, int, str]] = {}
    for one in touched:
        if one.seq and one.scenario in runs:
            step = step_of(runs[one.scenario], one.seq)
            found.setdefault(step.address, (step.action, step.n, step.address))
    return list(found.values())[:NAMED]
