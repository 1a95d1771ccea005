"""The stages, in their order: this module wires them, and does nothing else.

snippets/ -> lessons -> recorder -> trace -> check, court -> narrate -> render -> files

A few lessons at a time go through all of them, and only what other pages need of a lesson is kept
in memory. A lesson that was finished, and of which nothing has changed, goes through none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from asrun import lessons
from asrun.cache import Cache
from asrun.elsewhere import History
from asrun.files import Replacement
from asrun.finished import Finished
from asrun.lessons import Contents
from asrun.model import Lesson, Problem, Trace, Verdict, cited_events
from asrun.page import Chapter, Counts, LessonPage, Site
from asrun.problems import ProblemError, summary, to_json
from asrun.story import Origin, Reasons, Step

if TYPE_CHECKING:
    from asrun.children import Children

TITLE = "FastAPI, as run"
AT_ONCE = 16
"""Lessons that are held in memory together: enough to keep all cores busy."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be done.

    Attributes:
        root: the project's root, which holds `snippets/`.
        only: lessons by id; empty for all.
        cached: whether what earlier runs have kept may be used.
        verdicts: whether the verdict on each statement is wanted, and not only what is wrong.
        progress: is told, in a few words, what begins.
    """

    root: Path
    only: tuple[str, ...] = ()
    cached: bool = True
    verdicts: bool = False
    progress: Callable[[str], None] = lambda what: None


@dataclass(slots=True)
class Checked:
    """What became of the lessons.

    Attributes:
        lessons: by id, those that could be read.
        scenarios: how many have a trace.
        statements: how many are proved.
        ran: how many scenarios ran, and did not come from the cache.
        problems: everything that is wrong.
        why: for each (lesson's id, scenario's name) why it ran; "" where it did not have to.
        judged: each lesson whose statements were judged, with the verdicts by their names; none
            where they are not wanted.
    """

    lessons: list[str] = field(default_factory=list)
    scenarios: int = 0
    statements: int = 0
    ran: int = 0
    problems: list[Problem] = field(default_factory=list)
    why: dict[tuple[str, str], str] = field(default_factory=dict)
    judged: list[tuple[Lesson, Mapping[str, Verdict]]] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """What was checked, in one sentence."""
        return summary(self.problems, len(self.lessons), self.scenarios, self.statements)

    def count(self, lesson_id: str, counts: Counts) -> None:
        """Add a lesson."""
        self.lessons.append(lesson_id)
        self.scenarios += counts.runs
        self.statements += counts.proved


@dataclass(frozen=True, slots=True)
class Ran:
    """A lesson, once every stage before narrating has run.

    Attributes:
        lesson: what it is about.
        traces, origins: by scenario, of those that could be recorded.
        verdicts: by statement.
        problems: of this lesson.
        opened: files of the project that its runs opened.
        history: how it behaves in other releases, from its accepted recordings.
    """

    lesson: Lesson
    traces: dict[str, Trace] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    history: History | None = None

    @property
    def counts(self) -> Counts:
        """What it adds to the summary."""
        proved = sum(verdict.outcome == "proved" for verdict in self.verdicts.values())
        return Counts(runs=len(self.traces), proved=proved)


def check_all(options: Options) -> Checked:
    """Record, compare with what was accepted, and judge what is said.

    Raises:
        ProblemError: there is nothing to check.
    """
    listed = lessons.contents(options.root)
    store, checked = _store(options), _start(options, listed)
    finished = Finished(options.root, listed.titles, store)
    todo: dict[str, str] = {}
    for lesson_id, title in _chosen(options, listed).items():
        kept = None if options.verdicts else finished.look(lesson_id)
        if kept is None:
            todo[lesson_id] = title
        else:
            checked.count(lesson_id, kept.counts)
    for ran in _run(options, store, todo, checked):
        checked.count(ran.lesson.id, ran.counts)
        if options.verdicts:
            checked.judged.append((ran.lesson, ran.verdicts))
    return checked


def build(options: Options, out: Path, *, draft: bool) -> Checked:
    """Check everything, and write the pages below `out` if nothing is wrong or this is a draft.

    Writes `out/docs/`, `out/nav.json` and `out/report.json`, all at once: a build that fails or
    is interrupted leaves what was there, and so does one for which nothing has changed.

    Raises:
        ProblemError: there is nothing to build, or the script is no JavaScript.
    """
    from asrun.versions import releases

    listed = lessons.contents(options.root)
    store, checked = _store(options), _start(options, listed)
    finished = Finished(options.root, listed.titles, store)
    kept = {x: found for x in listed.titles if (found := finished.look(x)) is not None}
    checked.why.update({(x, name): "" for x, one in kept.items() for name in one.scenarios})
    whole = len(kept) == len(listed.titles) and not checked.problems
    if whole and finished.stands(out, [one.digest for one in kept.values()]):
        for lesson_id, one in kept.items():
            checked.count(lesson_id, one.counts)
        return checked

    with Replacement(out) as new:
        known = tuple(releases.read(options.root).days.items())
        site = _Site(listed, new, known)
        new.write(_script(options.root))
        for lesson_id, one in kept.items():
            page = finished.page(lesson_id, one)
            if page is not None and lesson_id != site.finding:
                origins: dict[str, Origin] = dict.fromkeys(one.scenarios, "cache")
                site.add(page.gist, page.files, origins, one.digest, one.counts)
                checked.count(lesson_id, one.counts)
        todo = {x: title for x, title in listed.titles.items() if x not in site.told}
        for ran in _run(options, store, todo, checked):
            checked.count(ran.lesson.id, ran.counts)
            if checked.problems and not draft:
                continue
            options.progress(f"writing {ran.lesson.id}")
            told, elsewhere = _tell(ran)
            files = _files(ran, told, elsewhere, draft)
            digest = finished.keep(told, files, ran.opened)
            site.add(told, files, ran.origins, digest, Counts.of(told))
        if checked.problems and not draft:
            new.abandon()
            return checked
        report = to_json(checked.problems, checked.summary)
        new.write({**site.gathered(checked.problems, draft), "report.json": report})
    if not checked.problems:
        finished.built(out, [site.digests[x] for x in listed.titles], fresh=site.fresh)
    return checked


def _run(
    options: Options, store: Cache, todo: Mapping[str, str], checked: Checked
) -> Iterator[Ran]:
    """Take lessons through all stages before narrating; yields each, and notes what is wrong.

    Args:
        options: what is to be done.
        store: what earlier runs have kept.
        todo: for each lesson's id, the title of its chapter.
        checked: is told what ran, and every problem.
    """
    if not todo:
        return
    from asrun.children import Children
    from asrun.versions import releases

    pinned = pinned_fastapi(options.root)
    versions = releases.read(options.root).versions
    # The zygote has to import before the first job what any lesson needs.
    imports = {name for lesson_id in todo for name in lessons.imports(options.root, lesson_id)}
    waiting = iter(todo.items())
    with Children(sorted(imports)) as children:
        while group := dict(islice(waiting, AT_ONCE)):
            read = list(_read(options, group, checked.problems))
            for recorded in _run_together(options, store, read, children, checked):
                _check(recorded, pinned)
                ran = _look_at_others(recorded, versions, store, children)
                checked.problems += ran.problems
                yield ran


def _run_together(
    options: Options,
    store: Cache,
    read: Sequence[Lesson],
    children: Children,
    checked: Checked,
) -> Iterable[Ran]:
    """Record and judge lessons, as many at once as there are cores."""
    from asrun import court, recorder, trace

    recordings = recorder.record(
        read, store, children, lambda lesson, name: options.progress(f"recording {lesson} {name}")
    )
    checked.ran += recordings.ran
    checked.why.update(recordings.why)
    found = {lesson.id: Ran(lesson) for lesson in read}
    for problem in recordings.problems:
        if problem.lesson in found:
            mine = found[problem.lesson].problems
            # What fails before a scenario begins fails in all of them alike: it is told once.
            if all(replace(p, scenario=problem.scenario) != problem for p in mine):
                mine.append(problem)
        elif problem not in checked.problems:
            checked.problems.append(problem)
    for one in recordings.done:
        ran, name = found[one.lesson.id], one.scenario.name
        ran.traces[name] = trace.stabilise(one.lesson, one.scenario, one.events, one.versions)
        ran.origins[name] = one.origin
        ran.opened.extend(one.files)
    traces = {(ran.lesson.id, name): t for ran in found.values() for name, t in ran.traces.items()}
    verdicts = court.judge(
        read, traces, store, children, lambda lesson: options.progress(f"judging {lesson}")
    )
    for lesson_id, ran in found.items():
        ran.verdicts.update(verdicts[lesson_id])
    return found.values()


def _check(ran: Ran, pinned: str) -> None:
    """Compare what ran with what was accepted, and with what is said."""
    from asrun import check

    lesson = ran.lesson
    for scenario in lesson.scenarios:
        if scenario.name in ran.traces:
            told = ran.traces[scenario.name]
            ran.problems.extend(check.against_accepted(lesson, scenario, told, steps_of))
    changed = {p.scenario for p in ran.problems if p.kind == "behaviour-changed"}
    ran.problems.extend(
        check.statements(lesson, ran.verdicts, ran.traces, steps_of, pinned, changed)
    )
    ran.problems.extend(check.leftovers(lesson))


def _look_at_others(ran: Ran, versions: Sequence[str], store: Cache, children: Children) -> Ran:
    """Judge what is said on the accepted recordings of other releases, which do not run here."""
    from asrun.versions import history, truth

    unlike = {"stale-recording", "format-changed", "not-accepted", "behaviour-changed"}
    here = next((told.versions.fastapi for told in ran.traces.values()), None)
    if here is None or any(p.kind in unlike for p in ran.problems):
        return ran
    judge = truth.judging(store, children)
    found, wrong = history.of_build(ran.lesson, here, versions, judge, steps_of, ran.verdicts)
    turned = history.other_answers(ran.lesson, found, here, ran.verdicts)
    told_anew = {p.statement for p in wrong} | turned.keys()
    rest = [p for p in ran.problems if p.kind != "holds-wrong" or p.statement not in told_anew]
    verdicts = {**ran.verdicts, **turned}
    return replace(ran, history=found, problems=[*rest, *wrong], verdicts=verdicts)


def _tell(ran: Ran) -> tuple[LessonPage, tuple[LessonPage, ...]]:
    """Tell a lesson's runs, and what is said of them; then those of other releases."""
    from asrun import narrate

    runs = []
    for name, told in ran.traces.items():
        cited = cited_events(ran.verdicts.values(), name)
        runs.append(narrate.tell_run(ran.lesson, told, cited=cited, origin=ran.origins[name]))
    versions = next((told.versions for told in ran.traces.values()), None)
    page = narrate.tell_lesson(ran.lesson, runs, ran.verdicts, ran.problems, versions, ran.history)
    known = ran.history
    if known is not None:
        known = replace(known, verdicts={**known.verdicts, "": ran.verdicts})
    return narrate.tell_elsewhere(replace(page, history=known))


def steps_of(lesson: Lesson, told: Trace, cited: frozenset[int] = frozenset()) -> Sequence[Step]:
    """How a trace reads in steps; one that was accepted without its lines is given them."""
    from asrun import narrate
    from asrun.versions import history

    if not any(event.line for event in told.events):
        told = told.model_copy(update={"events": history.relocated(lesson, told.events)})
    return narrate.tell_run(lesson, told, cited=cited).steps


def reasons_of(lesson: Lesson, told: Trace, verdicts: Iterable[Verdict]) -> Sequence[Reasons]:
    """Why each step of a trace is where it is, in the steps that the lesson's page has."""
    from asrun import narrate

    return narrate.reasons(lesson, told, cited_events(verdicts, told.scenario))


def _files(
    ran: Ran, told: LessonPage, elsewhere: Iterable[LessonPage], draft: bool
) -> dict[str, str]:
    """All files of a lesson, by their paths below the docs folder."""
    from asrun import render
    from asrun.render import paths

    lesson_id = ran.lesson.id
    files = render.render_lesson(told, draft=draft)
    for page in elsewhere:
        files |= render.render_elsewhere(page, told, draft=draft)
    traces = {paths.trace(lesson_id, name): t.to_json() for name, t in ran.traces.items()}
    others = {
        paths.trace(lesson_id, b.scenario, b.file): b.trace.to_json()
        for b in (ran.history.behaviours if ran.history else ())
        if b.trace is not None and not b.here
    }
    return {**files, **traces, **others}


def _script(root: Path) -> dict[str, str]:
    """The pages' script and style, by path below the folder."""
    from asrun.render.script import render_script

    try:
        written = render_script(root / "docs")
    except SyntaxError as error:
        file = Path(error.filename or "").relative_to(root).as_posix()
        message = f"this is no JavaScript: {error.msg}"
        problem = Problem("lesson-invalid", file, error.lineno or 0, message, "Mend the line.")
        raise ProblemError(problem) from None
    return {f"docs/{path}": text for path, text in written.items()}


class _Site:
    """The site while its lessons are written, one by one; of each only its gist is kept."""

    def __init__(
        self, listed: Contents, new: Replacement, releases: tuple[tuple[str, str], ...]
    ) -> None:
        self._listed = listed
        self._releases = releases
        self._new = new
        self._counts = Counts()
        self.finding = listed.finding.partition(":")[0]
        """The lesson that the home page opens with, of which it shows more than a gist."""
        self.told: dict[str, LessonPage] = {}
        self.digests: dict[str, str] = {}
        self.fresh = False
        """Whether a page says of a run that this build made it."""

    def add(
        self,
        page: LessonPage,
        files: Mapping[str, str],
        origins: Mapping[str, Origin],
        digest: str,
        counts: Counts,
    ) -> None:
        """Write a lesson's files."""
        from asrun import render

        dated = {f"docs/{path}": render.with_origins(t, origins) for path, t in files.items()}
        self._new.write(dated)
        self.told[page.lesson.id] = page if page.lesson.id == self.finding else page.gist()
        self.digests[page.lesson.id] = digest
        self.fresh |= "this build" in origins.values()
        self._counts += counts

    def gathered(self, problems: Iterable[Problem], draft: bool) -> dict[str, str]:
        """What gathers the lessons, once all are written, by path below the folder."""
        from asrun import render
        from asrun.render import paths
        from asrun.schema import trace_schema

        chapters = []
        for entry in self._listed.chapters:
            ids = [f"{entry.name}/{name}" for name in entry.lessons]
            pages = tuple(self.told[x] for x in ids if x in self.told)
            chapters.append(Chapter(entry.name, entry.title, pages))
        rest = tuple(p for p in problems if p.lesson not in self.told)
        site = Site(TITLE, tuple(chapters), self._listed.finding, rest, self._releases)
        files = render.render_gathered(site, self._counts, draft=draft)
        return {
            **{f"docs/{path}": text for path, text in files.items()},
            f"docs/{paths.SCHEMA}": trace_schema(),
            "nav.json": json.dumps(render.nav(site), ensure_ascii=False, indent=1) + "\n",
        }


def pinned_fastapi(root: Path) -> str:
    """The version of FastAPI that the project pins in pyproject.toml, or ""."""
    try:
        text = (root / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return ""
    match = re.search(r'"fastapi==([^"\s]+)"', text)
    return match[1] if match else ""


def _store(options: Options) -> Cache:
    return Cache(options.root / ".asrun" / "cache" if options.cached else None)


def _start(options: Options, listed: Contents) -> Checked:
    """What is wrong before any lesson is read."""
    only = options.only
    return Checked(problems=[p for p in listed.problems if not only or p.lesson in only])


def _read(options: Options, wanted: Mapping[str, str], problems: list[Problem]) -> Iterator[Lesson]:
    """Read lessons, one by one; one that cannot be read is a problem."""
    for lesson_id, title in wanted.items():
        try:
            yield lessons.read(options.root, lesson_id, title)
        except ProblemError as error:
            problems.append(error.problem)


def _chosen(options: Options, listed: Contents) -> dict[str, str]:
    """The lessons that are asked for, each with its chapter's title.

    Raises:
        ProblemError: one that is asked for is not there.
    """
    known = {*listed.titles, *(p.lesson for p in listed.problems)}
    for name in options.only:
        if name not in known:
            ids = ", ".join(sorted(known - {""})) or "none"
            message = f"there is no lesson `{name}`"
            raise ProblemError(
                Problem("lesson-invalid", "snippets", 0, message, f"Lessons are: {ids}.")
            )
    only = options.only
    return {x: title for x, title in listed.titles.items() if not only or x in only}
