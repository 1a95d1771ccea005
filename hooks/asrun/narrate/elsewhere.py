"""Telling what a lesson does in other releases: a page for each behaviour, and what is otherwise.

All of it comes from accepted recordings: the build ran none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from asrun.elsewhere import (
    Aligned,
    Apart,
    Behaviour,
    Brief,
    Change,
    Contrast,
    Era,
    History,
    Instead,
    Told,
)
from asrun.model import Cite, Event, Lesson, Trace, Verdict
from asrun.narrate.differences import inside, sentence
from asrun.narrate.lesson_page import tell_lesson
from asrun.narrate.prose import cite, code, codes, join, listed, say
from asrun.narrate.run import step_of, tell_run
from asrun.page import LessonPage
from asrun.story import Run, Said, Step, Text

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
        apart=tuple(_apart(page.lesson, history, one) for one in history.apart),
        told=tuple(_told(history, one, pages) for one in history.told),
        verdicts={},
        briefs=tuple(_briefs(history, told)),
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


def _briefs(history: History, told: Mapping[str, LessonPage]) -> Iterator[Brief]:
    """The runs of other releases, each behaviour once."""
    seen = {(b.scenario, b.file) for b in history.behaviours if b.here}
    for name, page in told.items():
        files = next(era.files for era in history.eras if era.page == name)
        for run in page.runs:
            place = (run.scenario, files[run.scenario])
            if place not in seen:
                seen.add(place)
                steps = tuple((s.key, s.action, ", ".join(s.after)) for s in run.steps)
                yield Brief(run.scenario, name, steps)


def _behaviours(history: History, era: Era) -> list[Behaviour]:
    """How the scenarios behave in an era, in the lesson's order."""
    return [b for b in history.behaviours if era.files.get(b.scenario) == b.file]


def _change(history: History, change: Change, pages: Mapping[str, LessonPage]) -> Change:
    """A change in words, its steps with the numbers that they have on the two pages."""
    old = _run(history, pages, change.before, change.scenario)
    new = _run(history, pages, change.release, change.scenario)
    of = {b.file: b.trace for b in history.of(change.scenario)}
    before, after = _Steps(old, of[change.old]), _Steps(new, of[change.new])
    rows = tuple(_row(row, before, after) for row in change.rows)
    return replace(change, rows=rows, says=_says(history, change, rows))


def _apart(lesson: Lesson, history: History, one: Apart) -> Apart:
    """What the newest dependencies make otherwise, in words."""
    of = {b.file: b.trace for b in history.of(one.scenario)}
    if not one.new:
        return replace(one, says=say("not recorded with them"))
    old, new = of[one.old], of[one.new]
    before = _Steps(tell_run(lesson, old) if old else None, old)
    after = _Steps(tell_run(lesson, new) if new else None, new)
    rows = tuple(_row(row, before, after) for row in one.rows)
    return replace(one, rows=rows, says=_says(history, one, rows))


class _Steps:
    """The steps of a run by their keys, with their events."""

    def __init__(self, run: Run | None, trace: Trace | None) -> None:
        self._by_key = {step.key: step for step in run.steps} if run else {}
        self._trace = trace

    def get(self, key: str) -> Step | None:
        """The step of that key."""
        return self._by_key.get(key)

    def events(self, step: Step) -> list[Event]:
        """What happened in a step."""
        return [self._trace.events[e.seq - 1] for e in step.events] if self._trace else []


def _row(row: Aligned, before: _Steps, after: _Steps) -> Aligned:
    old, new = before.get(row.key), after.get(row.key)
    row = replace(row, old=old.n if old else 0, new=new.n if new else 0)
    if row.move != "changed" or old is None or new is None:
        return row
    how = inside(before.events(old), after.events(new))
    # Of actions that are cut short, what differs may be in the rest.
    cut = old.action.endswith("…") and new.action.endswith("…")
    if old.action != new.action and not (cut and how):
        return replace(row, was=old.action)
    return replace(row, was="", how=how)


def _says(history: History, change: Contrast, rows: Sequence[Aligned]) -> Text:
    if rows:
        return sentence(rows)
    of = {b.file: b for b in history.of(change.scenario)}
    old, new = of[change.old], of[change.new]
    if new.trace is None:
        no = "no longer possible: {why}" if isinstance(change, Change) else "not possible: {why}"
        return say(no, why=_unrecorded(new))
    if isinstance(change, Change):
        return say("possible from here on; before, {why}", why=_unrecorded(old))
    return say("possible; with those of the release day, {why}", why=_unrecorded(old))


def _unrecorded(behaviour: Behaviour) -> Text:
    where = "line {line} of `app.py` raises" if behaviour.line else "the lesson ends with"
    return say(where + " {why}", line=behaviour.line, why=code(behaviour.why))


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
        # A proof that proves nothing there does not say that its sentence is not true.
        if one is None or verdict is None or verdict.outcome not in ("false", "missing"):
            continue
        if all(any(r.scenario == on for r in page.runs) for on in one.statement.on):
            cited = _cited(said[true], pages[true]) if true is not None else []
            instead.append(Instead(name, _instead(verdict, page.runs, cited)))
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


def _cited(said: Said | None, page: LessonPage) -> list[tuple[str, Step]]:
    """The steps that a statement cites where it is true, each with its scenario."""
    texts = [said.text, *(t for c in said.choices for t in (c.text, c.why))] if said else []
    targets = {p.target for text in texts for p in text if p.kind == "step"}
    return [(r.scenario, step) for r in page.runs for step in r.steps if step.address in targets]


def _instead(verdict: Verdict, runs: Sequence[Run], cited: Iterable[tuple[str, Step]]) -> Text:
    """What a run shows of that which a proof did not find in it.

    Where the proof compared events, their steps. Where it looked for one in vain, what of the
    sentence is not there, and how the run ends. Empty where neither says what happens.
    """
    by_scenario = {run.scenario: run for run in runs}
    steps = _steps(verdict.touched, by_scenario)
    if steps:
        named = [say("{action} {step}", action=code(a), step=cite(n, at)) for a, n, at in steps]
        return join(*named, by=", then ")
    missing, ends = [], {}
    for scenario, step in cited:
        run = by_scenario.get(scenario)
        if run is not None and all(other.key != step.key for other in run.steps):
            missing.append(step.action)
            ends[scenario] = [s for s in run.steps if s.phase != "shutdown"][-1]
    if not missing:
        return ()
    last = listed(
        say("{action} {step}", action=code(s.action), step=cite(s.n, s.address))
        for s in ends.values()
    )
    no = codes(dict.fromkeys(missing[:NAMED]), "or")
    return say("no {no}; the run ends with {last}", no=no, last=last)


def _steps(touched: Sequence[Cite], runs: Mapping[str, Run]) -> list[tuple[str, int, str]]:
    """The steps that hold events, in their order, each once: action, number, address."""
    found: dict[str, tuple[str, int, str]] = {}
    for one in touched:
        if one.seq and one.scenario in runs:
            step = step_of(runs[one.scenario], one.seq)
            found.setdefault(step.address, (step.action, step.n, step.address))
    return list(found.values())[:NAMED]
