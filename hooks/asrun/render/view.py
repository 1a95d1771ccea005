"""What templates need beyond the story: which problem stands where, which code lines are folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any, Literal

from markupsafe import Markup

from asrun.model import Problem, Scenario
from asrun.page import Chapter, LessonPage, Site
from asrun.render.data import run_data
from asrun.render.markup import highlight, show
from asrun.render.picture import Label, Rails, dense, numbers, phase_labels, rails
from asrun.story import CodeLine, Origin, Run, Said, TrackerRow

MERGE = 3
"""So many lines between two that are shown are shown, too, and not folded."""


MODES = (
    ("skim", "Skim", "the gist, at once", 2),
    ("watch", "Watch", "step by step", 8),
    ("predict", "Predict", "say what’s next", 12),
    ("runtime", "Be the runtime", "choose events", 12),
    ("order", "Order it", "rebuild the order", 10),
    ("lanes", "Lanes", "who runs when", 4),
    ("compare", "Compare", "two runs, aligned", 6),
    ("explain", "Explain", "say why", 15),
    ("review", "Review", "what you missed", 4),
)
"""The ways to work with a run: id, name, what each is for, and how many seconds it takes a step."""


def modes(page: LessonPage) -> list[tuple[str, str, str, int]]:
    """Return the ways to work with a page's runs, each with the minutes that it takes for one."""
    steps = max((len(run.steps) for run in page.runs), default=0)
    return [(i, name, words, max(1, round(a * steps / 60))) for i, name, words, a in MODES]


Cited = tuple[int, tuple[tuple[int, str], ...]]
"""Steps of one run, each with its address; the run's number, or 0 where only one can be meant."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Consecutive lines of `app.py`, shown or folded."""

    folded: bool
    lines: tuple[tuple[CodeLine, Markup, tuple[Cited, ...]], ...]
    """Each line, its HTML, and the steps that ran it."""

    @property
    def first(self) -> int:
        """Number of the first line."""
        return self.lines[0][0].number

    @property
    def last(self) -> int:
        """Number of the last line."""
        return self.lines[-1][0].number


@dataclass(frozen=True, slots=True)
class Span:
    """Columns of the variable tracker through which a value stays as it is."""

    columns: int
    value: str
    change: Literal["", "new", "changed", "gone", "same"]
    """`same`: only its frame was suspended there, or resumed."""
    asleep: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A problem with its number on the page."""

    id: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class RunView:
    """A scenario with its run, or with what kept it from being recorded."""

    number: int
    scenario: Scenario
    run: Run | None
    exit_lines: tuple[Said, ...]
    problems: tuple[Placed, ...]
    listings: tuple[Listing, ...] = ()
    labels: tuple[Label, ...] = ()
    numbers: tuple[tuple[int, bool], ...] = ()
    dense: bool = False
    """Whether most of the numbers have no room on any screen."""
    rails: Rails | None = None
    line: int | None = None
    """The line of `app.py` at the step that stands on the stage."""
    held: frozenset[int] = frozenset()
    """Lines at which a frame is suspended at that step."""
    told: frozenset[int] = frozenset()
    """Steps that say what an earlier one of the page has said: search finds that one."""
    data: Markup = field(default_factory=Markup)
    """What a player needs, as JSON."""


class Problems:
    """A lesson's problems, each with one place on its page."""

    def __init__(self, page: LessonPage) -> None:
        said = (*page.key_moments, *page.quiz, *page.snapshot, *page.exit_lines)
        found = dict.fromkeys(page.problems)
        found.update(dict.fromkeys(one.problem for one in said if one.problem is not None))
        self.all = tuple(Placed(f"problem-{n}", p) for n, p in enumerate(found, 1))
        self._statements = {one.statement.name for one in said}
        self._scenarios = {scenario.name for scenario in page.lesson.scenarios}
        self._app = page.lesson.file("app.py")
        self._lines = len(page.code)

    def of_statement(self, said: Said) -> tuple[Placed, ...]:
        """Return those that stand beside a sentence."""
        return tuple(
            placed
            for placed in self.all
            if placed.problem == said.problem or placed.problem.statement == said.statement.name
        )

    def of_scenario(self, name: str) -> tuple[Placed, ...]:
        """Return those that stand at the head of a run."""
        return tuple(p for p in self.all if self._place(p.problem) == f"run {name}")

    def of_line(self, number: int) -> tuple[Placed, ...]:
        """Return those that stand below a line of `app.py`."""
        return tuple(p for p in self.all if self._place(p.problem) == f"line {number}")

    def of_page(self) -> tuple[Placed, ...]:
        """Return those that belong to no part of the page."""
        return tuple(p for p in self.all if self._place(p.problem) == "page")

    def _place(self, problem: Problem) -> str:
        if problem.statement in self._statements:
            return f"statement {problem.statement}"
        if problem.scenario in self._scenarios:
            return f"run {problem.scenario}"
        if problem.file == self._app and 1 <= problem.line <= self._lines:
            return f"line {problem.line}"
        return "page"


def said_of(page: LessonPage) -> Iterator[Said]:
    """Yield a page's statements in the order in which they stand there."""
    yield from page.exit_lines
    yield from page.key_moments
    yield from page.quiz
    yield from page.snapshot


def listings(page: LessonPage, run: Run | None = None) -> tuple[Listing, ...]:
    """Return `app.py` in parts: the sample is shown, the rest is folded, and all steps are cited.

    With a run, it is the lines that this run ran, with its steps, and the rest is left out.
    """
    if not page.code:
        return ()
    cited = (run,) if run else page.runs
    wanted = {n for first, last in page.lesson.shown for n in range(first, last + 1)}
    if run and (ran := {step.line for step in run.steps if step.line}):
        wanted = ran
    if not wanted:
        wanted = {line.number for line in page.code}
    ordered = sorted(wanted)
    for a, b in pairwise(ordered):
        if b - a - 1 <= MERGE:
            wanted.update(range(a, b))

    html = highlight("\n".join(line.text for line in page.code))
    lines = [
        (line, text, tuple(_cited(line, cited))) for line, text in zip(page.code, html, strict=True)
    ]
    return tuple(
        Listing(not shown, tuple(part))
        for shown, part in groupby(lines, key=lambda line: line[0].number in wanted)
        if shown or not run
    )


def _cited(line: CodeLine, cited: tuple[Run, ...]) -> Iterator[Cited]:
    for number, run in enumerate(cited, 1):
        steps = tuple((step.n, step.address) for step in run.steps if step.address in line.steps)
        if steps:
            yield number if len(cited) > 1 else 0, steps


def spans(row: TrackerRow) -> list[Span]:
    """Return a tracker's row with one cell for as long as a value stays as it is."""
    found: list[Span] = []
    value = ""
    for cell in row.cells:
        same = not cell.change and cell.value == value and found
        if same and found[-1].asleep == cell.asleep:
            last = found[-1]
            found[-1] = Span(last.columns + 1, last.value, last.change, last.asleep)
        else:
            change = "same" if same and cell.value else cell.change
            found.append(Span(1, cell.value, change, cell.asleep))
        value = cell.value
    return found


def runs(page: LessonPage, problems: Problems) -> list[RunView]:
    """Return the lesson's scenarios in their order, recorded or not."""
    recorded = {run.scenario: run for run in page.runs}
    views = []
    said: set[tuple[str, ...]] = set()
    for number, scenario in enumerate(page.lesson.scenarios, 1):
        run = recorded.get(scenario.name)
        ends = tuple(end for end in page.exit_lines if scenario.name in end.statement.on)
        placed = problems.of_scenario(scenario.name)
        if run is None:
            views.append(RunView(number, scenario, None, ends, placed))
            continue
        stage = run.steps[run.stage - 1]
        views.append(
            RunView(
                number,
                scenario,
                run,
                ends,
                placed,
                listings=listings(page, run),
                labels=tuple(phase_labels(run)),
                numbers=tuple(numbers(run)),
                dense=dense(run),
                rails=rails(run),
                line=stage.line,
                held=frozenset(f.line for f in stage.frames if f.kind == "sleep" and f.line),
                told=frozenset(_repeats(run, said)),
                data=run_data(run, page.code),
            )
        )
    return views


def _repeats(run: Run, said: set[tuple[str, ...]]) -> Iterator[int]:
    """Yield the steps whose sentences are among those `said`, and put the others there."""
    for step in run.steps:
        texts = (step.what, step.why, *(note.text for note in step.notes))
        words = tuple("".join(p.value for p in t if p.kind != "step") for t in texts)
        if words in said:
            yield step.n
        said.add(words)


def finding(site: Site) -> tuple[LessonPage, Said] | None:
    """Return the statement that the home page opens with, if this build proved it."""
    lesson_id, _, name = site.finding.partition(":")
    for page in pages(site):
        if page.lesson.id == lesson_id:
            for said in said_of(page):
                if said.statement.name == name and said.proved:
                    return page, said
    return None


def pair(page: LessonPage, said: Said) -> list[RunView]:
    """Return up to two runs to stand side by side: first those that the statement is about."""
    recorded = [one for one in runs(page, Problems(page)) if one.run]
    recorded.sort(key=lambda one: one.scenario.name not in said.statement.on)
    return recorded[:2]


def pages(site: Site) -> list[LessonPage]:
    """Return the pages of all lessons in reading order."""
    return [page for chapter in site.chapters for page in chapter.pages]


def unread(site: Site, chapter: Chapter) -> list[str]:
    """Return the ids of a chapter's lessons that have problems and could not even be read."""
    told = {page.lesson.id for page in chapter.pages}
    found = dict.fromkeys(problem.lesson for problem in site.problems)
    return [i for i in found if i.startswith(f"{chapter.name}/") and i not in told]


LATER = "\0"
"""Stands around what is filled in once a page is rendered: no value keeps this character."""


def origin_mark(scenario: str = "") -> Markup:
    """Return what stands for where a scenario's run comes from; without one, for all of them."""
    return Markup(f"{LATER}origin {scenario}{LATER}")


def origins(found: Sequence[Origin]) -> str:
    """Return in words where runs come from: this build, the cache, or both."""
    cached = found.count("cache")
    if not found:
        return "none recorded"
    if not cached:
        return "recorded in this build"
    if cached == len(found):
        return "from the cache"
    return f"{len(found) - cached} recorded in this build, {cached} from the cache"


def run_numbers(page: LessonPage) -> dict[str, int]:
    """Return the scenarios' numbers, as the page shows them."""
    return {scenario.name: n for n, scenario in enumerate(page.lesson.scenarios, 1)}


def run_of(address: str) -> str:
    """Return the scenario that a step's address names."""
    return address.rpartition("-")[0]


def digest_of(page: LessonPage, said: Said) -> str:
    """Return what changes when a run does that a statement is about."""
    return "".join(short(run) for run in page.runs if run.scenario in said.statement.on)


def digests_of(page: LessonPage) -> str:
    """Return the digests of a lesson's runs."""
    return " ".join(map(short, page.runs))


def short(run: Run) -> str:
    """Return enough of a run's digest to tell it from what it was in another build."""
    return run.digest[:12]


def options_of(said: Said) -> list[tuple[str, Any]]:
    """Return a quiz's options with their letters."""
    return [(chr(ord("A") + at), choice) for at, choice in enumerate(said.choices)]


def words(count: int, noun: str) -> Markup:
    """Return `1 step`, `2 steps`."""
    return show(f"{count} {noun}" if count == 1 else f"{count} {noun}s")
