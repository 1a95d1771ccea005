"""The stages, in their order: this module wires them, and does nothing else.

snippets/ -> lessons -> recorder -> trace -> check, court -> narrate -> render -> files
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from asrun import check, court, lessons, narrate, recorder, render, trace
from asrun.cache import Cache
from asrun.children import Children
from asrun.files import replace_folder
from asrun.model import Lesson, Problem, Trace, Verdict
from asrun.problems import ProblemError, summary, to_json
from asrun.render import paths
from asrun.schema import trace_schema
from asrun.story import Chapter, LessonPage, Run, Site, Step

TITLE = "FastAPI, as run"


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be done.

    Attributes:
        root: the project's root, which holds `snippets/`.
        only: lessons by id; empty for all.
        cached: whether recordings and verdicts of earlier runs may be used.
        progress: is told, in a few words, what begins.
    """

    root: Path
    only: tuple[str, ...] = ()
    cached: bool = True
    progress: Callable[[str], None] = lambda what: None


@dataclass(slots=True)
class Checked:
    """What is known once every stage before narrating has run."""

    found: lessons.Found
    lessons: tuple[Lesson, ...]
    traces: dict[tuple[str, str], Trace] = field(default_factory=dict)
    origins: dict[tuple[str, str], Literal["this build", "cache"]] = field(default_factory=dict)
    verdicts: dict[str, dict[str, Verdict]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    ran: int = 0
    """Scenarios that ran, and did not come from the cache."""

    @property
    def summary(self) -> str:
        """What was checked, in one sentence."""
        statements = sum(
            v.outcome == "proved" for by in self.verdicts.values() for v in by.values()
        )
        return summary(self.problems, len(self.lessons), len(self.traces), statements)


def record_all(options: Options, children: Children, store: Cache, found: lessons.Found) -> Checked:
    """Record the lessons and make their traces."""
    chosen = _chosen(options, found)
    checked = Checked(found, chosen)
    checked.problems += [p for p in found.problems if not options.only or p.lesson in options.only]
    recordings = recorder.record(
        chosen, store, children, lambda lesson, name: options.progress(f"recording {lesson} {name}")
    )
    checked.ran = recordings.ran
    checked.problems += recordings.problems
    for done in recordings.done:
        place = (done.lesson.id, done.scenario.name)
        checked.traces[place] = trace.stabilise(
            done.lesson, done.scenario, done.events, done.versions
        )
        checked.origins[place] = done.origin
    return checked


def check_all(options: Options) -> Checked:
    """Record, compare with what was accepted, and judge what is said.

    Raises:
        ProblemError: there is nothing to check.
    """
    found = lessons.find(options.root)
    store = Cache(options.root / ".asrun" / "cache" if options.cached else None)
    preload = sorted({m for lesson in _chosen(options, found) for m in lesson.imports})
    with Children(preload) as children:
        checked = record_all(options, children, store, found)
        checked.verdicts = court.judge(
            checked.lessons,
            checked.traces,
            store,
            children,
            lambda lesson: options.progress(f"judging {lesson}"),
        )
    pinned = pinned_fastapi(options.root)
    for lesson in checked.lessons:
        mine = [t for (lesson_id, _), t in checked.traces.items() if lesson_id == lesson.id]
        for scenario in lesson.scenarios:
            found_trace = checked.traces.get((lesson.id, scenario.name))
            if found_trace is not None:
                checked.problems += check.against_accepted(lesson, scenario, found_trace, steps_of)
        if mine:
            here = mine[0].versions.fastapi
            checked.problems += check.statements(
                lesson, checked.verdicts[lesson.id], here, pinned or here
            )
    if not options.only:
        checked.problems += check.orphans(found.lessons, options.root)
    return checked


def build(options: Options, out: Path, *, draft: bool) -> Checked:
    """Check everything, and write the pages below `out` if nothing is wrong or this is a draft.

    Writes `out/docs/`, `out/nav.json` and `out/report.json`, all at once: a build that fails or
    is interrupted leaves what was there.
    """
    checked = check_all(options)
    if checked.problems and not draft:
        return checked
    options.progress("writing pages")
    site = tell(options.root, checked)
    files = {f"docs/{path}": text for path, text in render.render_site(site, draft=draft).items()}
    for (lesson_id, scenario), told in checked.traces.items():
        files[f"docs/{paths.trace(lesson_id, scenario)}"] = told.to_json()
    files[f"docs/{paths.SCHEMA}"] = trace_schema()
    files["nav.json"] = json.dumps(render.nav(site), ensure_ascii=False, indent=1) + "\n"
    files["report.json"] = to_json(checked.problems, checked.summary)
    replace_folder(out, files)
    return checked


def tell(root: Path, checked: Checked) -> Site:
    """Tell every lesson that was checked, chapter by chapter."""
    by_id = {lesson.id: lesson for lesson in checked.lessons}
    chapters = []
    for entry in checked.found.chapters:
        ids = [f"{entry.name}/{name}" for name in entry.lessons]
        pages = tuple(_tell_lesson(by_id[i], checked) for i in ids if i in by_id)
        chapters.append(Chapter(entry.name, entry.title, pages))
    on_pages = set(by_id)
    rest = tuple(p for p in checked.problems if p.lesson not in on_pages)
    return Site(TITLE, tuple(chapters), checked.found.finding, rest)


def _tell_lesson(lesson: Lesson, checked: Checked) -> LessonPage:
    verdicts = checked.verdicts.get(lesson.id, {})
    runs: list[Run] = []
    for scenario in lesson.scenarios:
        place = (lesson.id, scenario.name)
        if place in checked.traces:
            cites = {
                c.seq
                for v in verdicts.values()
                for c in v.cites.values()
                if c.scenario == scenario.name
            }
            run = narrate.tell_run(
                lesson, checked.traces[place], cited=frozenset(cites), origin=checked.origins[place]
            )
            runs.append(run)
    versions = next((checked.traces[lesson.id, r.scenario].versions for r in runs), None)
    mine = [p for p in checked.problems if p.lesson == lesson.id]
    return narrate.tell_lesson(lesson, runs, verdicts, mine, versions)


def steps_of(lesson: Lesson, told: Trace) -> Sequence[Step]:
    """How a trace reads in steps."""
    return narrate.tell_run(lesson, told).steps


def pinned_fastapi(root: Path) -> str:
    """The version of FastAPI that the project pins in pyproject.toml, or ""."""
    try:
        text = (root / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return ""
    match = re.search(r'"fastapi==([^"\s]+)"', text)
    return match[1] if match else ""


def _chosen(options: Options, found: lessons.Found) -> tuple[Lesson, ...]:
    """The lessons that are asked for.

    Raises:
        ProblemError: one that is asked for is not there.
    """
    known = {lesson.id for lesson in found.lessons} | {p.lesson for p in found.problems}
    for name in options.only:
        if name not in known:
            ids = ", ".join(sorted(known)) or "none"
            message = f"there is no lesson `{name}`"
            raise ProblemError(
                Problem("lesson-invalid", "snippets", 0, message, f"Lessons are: {ids}.")
            )
    return tuple(x for x in found.lessons if not options.only or x.id in options.only)
