"""What is read on a page: a run told in steps. Made by `narrate`, shown by `render`.

All texts that may hold code or citations are a `Text`: a tuple of pieces, so that a value
recorded from a run can never be taken for markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from asrun.model import (
    DiffRow,
    Lane,
    Lesson,
    Problem,
    Statement,
    Trace,
    Verdict,
    VersionRange,
    Versions,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a sentence: plain words, code, or a step that is cited."""

    kind: Literal["words", "code", "step"]
    value: str
    """The words, the code, or the step's number as shown."""
    target: str = ""
    """A step's address without `#`: `answers-7`."""


Text = tuple[Piece, ...]

Origin = Literal["this build", "cache", "accepted"]
"""Where a run comes from: recorded in this build, kept from an earlier one, or from an accepted
recording, of other releases than the one that the build runs on."""

FrameKind = Literal["idle", "run", "wait", "sleep", "done", "raised"]
"""Not called yet; running; waiting at an await or for what it called; suspended at yield; returned;
ended by an exception."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A name in a frame after a step."""

    name: str
    value: str
    sign: Literal["", "new", "changed"] = ""
    """What the step did to it."""


@dataclass(frozen=True, slots=True)
class FrameState:
    """A function's frame after a step. A function has one place on the page for all its frames."""

    key: str
    """The lane row's key."""
    label: str
    """`get_db()`, or `FastAPI`."""
    kind: FrameKind
    words: str
    """The state in words: `suspended at yield, line 13, since step 6`."""
    variables: tuple[Variable, ...] = ()
    line: int | None = None
    """Where it runs, waits or is suspended."""
    now: bool = False
    """Whether this step is the frame's own."""


@dataclass(frozen=True, slots=True)
class ObjectState:
    """A watched object after a step."""

    id: str
    """`AsyncSession#1`."""
    state: str
    """The lesson's word; "" while it does not exist."""
    was: str = ""
    """The word before, where this step changed it; "" otherwise. A new object has `new` set."""
    new: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Something in the Notes column."""

    text: Text
    by: Literal["author", "engine"]


@dataclass(frozen=True, slots=True)
class EventView:
    """A raw event, one click away from its step."""

    seq: int
    lane: str
    kind: str
    what: str
    """The event on one line of text."""
    line: int | None = None
    """The line of `app.py` where it happened."""


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the execution table."""

    n: int
    """Number for display, from 1."""
    address: str
    """`answers-7`: the element's id; its link is `#answers-7`."""
    key: str
    """Stable identity for comparison with another run: statement or message, and its occurrence."""
    lane: Lane
    lane_label: str
    """`event loop`, `worker thread 1`, `client`, `wire`."""
    row: str
    """Key of the lane row in which it stands."""
    phase: str
    line: int | None
    action: str
    """What ran, verbatim: mono."""
    what: Text
    """What happened, in a sentence."""
    why: Text
    """Why, or what follows from it; may be empty."""
    before: tuple[str, ...]
    """The states that the step changed, before it."""
    after: tuple[str, ...]
    """The same states, after it, in the same order."""
    notes: tuple[Note, ...]
    events: tuple[EventView, ...]
    frames: tuple[FrameState, ...]
    """All frames after this step, in their fixed places."""
    objects: tuple[ObjectState, ...]


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a step is where it is."""

    step: Step
    lane: str
    """What decided its lane, in a sentence."""
    row: str
    phase: str
    rules: dict[int, str]
    """For each of its events, by `seq`, the rule by which it belongs to the step."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A run of steps with one purpose."""

    name: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Mark:
    """Something drawn in a lane row, over the columns first..last (step numbers)."""

    kind: Literal["out", "in", "run", "thin", "idle", "wait", "sleep"]
    """A dot (a message out of or into the app), or a bar: running, FastAPI running, in between,
    waiting, suspended."""
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One row of the lanes picture."""

    key: str
    label: str
    lane: Lane
    lane_label: str
    code: bool
    """Whether the label is a function's name."""
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class FlowNode:
    """One node of the concept flow; stands for the steps first..last."""

    row: str
    row_label: str
    title: Text
    detail: Text
    step: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the variable tracker."""

    value: str
    """"" while the name does not exist."""
    change: Literal["", "new", "changed", "gone"] = ""
    asleep: bool = False
    """The frame that owns it is suspended at a yield."""


@dataclass(frozen=True, slots=True)
class TrackerRow:
    """One variable, frame or object over the run."""

    label: str
    of: str
    """`in get_db()`, `frame`, `object`, `response`."""
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Tracker:
    """Rows are variables, frames, objects; columns are Start, each step that changed one, Final."""

    columns: tuple[int, ...]
    """Step numbers after Start; the last one is the run's last step and is headed Final."""
    rows: tuple[TrackerRow, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A phase of the transcript."""

    phase: str
    text: Text


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario, told."""

    scenario: str
    title: str
    origin: Origin
    requests: int
    steps: tuple[Step, ...]
    phases: tuple[Phase, ...]
    rows: tuple[LaneRow, ...]
    lanes_label: str
    """The lanes picture in words, for screen readers."""
    flow: tuple[FlowNode, ...]
    caption: Text
    """The flow in one sentence, computed."""
    tracker: Tracker
    transcript: tuple[Paragraph, ...]
    digest: str
    """Digest of the trace's compared fields: changes when behaviour does."""
    trace_file: str
    """Name of the JSON file beside the page."""
    stage: int
    """The step on the stage without JavaScript: the first yield, else the endpoint's start."""
    causes: tuple[tuple[int, ...], ...] = ()
    """For each step the steps that had to come directly before it; the rest merely did."""

    def gist(self) -> Run:
        """The run by its title alone."""
        return replace(
            self,
            steps=(),
            phases=(),
            rows=(),
            lanes_label="",
            flow=(),
            caption=(),
            tracker=Tracker((), ()),
            transcript=(),
            causes=(),
        )


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """A quiz option ready to show."""

    text: Text
    right: bool
    why: Text
    page: str | None = None
    """An `Era.page` on which it is the right one; None on such a page, and where it is right
    nowhere or says nothing of releases."""


@dataclass(frozen=True, slots=True)
class Said:
    """A statement with its verdict, ready to show."""

    statement: Statement
    proved: bool
    elsewhere: bool
    """Not true here, and not said to be: it holds in other versions."""
    text: Text
    """The sentence or question, its citations filled in; as written where it is not proved."""
    choices: tuple[ChoiceView, ...] = ()
    """In a stable shuffled order."""
    problem: Problem | None = None
    runs: tuple[str, ...] = ()
    """Titles of the scenarios it is about."""


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of `app.py` for the execution sample and the whole file."""

    number: int
    text: str
    """As in the file, less its author's note."""
    steps: tuple[str, ...]
    """Addresses of the steps that ran it, all scenarios."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One way in which a scenario behaves, and in which releases of FastAPI it does."""

    scenario: str
    file: str
    """Name of the accepted recording, without its ending: it stands for the behaviour."""
    outcome: Literal["recorded", "absent", "failed"]
    """`absent`: these releases do not have what the lesson uses."""
    why: str
    """Where it could not be recorded: the exception."""
    line: int
    """The line of `app.py` that raised it; 0 where there is none."""
    ranges: tuple[VersionRange, ...]
    """Each release with its dependencies as they were on its release day."""
    newest: tuple[VersionRange, ...]
    """Each release with the newest dependencies that install."""
    trace: Trace | None
    """The accepted run, with its lines; None where there is none."""
    here: bool
    """Whether the release that the build runs on behaves so."""


@dataclass(frozen=True, slots=True)
class Aligned(DiffRow):
    """One step in a comparison of two runs."""

    key: str = ""
    """The step's key, in the newer run or, where it is gone, in the older one."""
    old: int = 0
    """Its number on the page of the older run; 0 where it is not there."""
    new: int = 0
    how: Text = ()
    """For `changed`, where its action is the same: what of it is otherwise."""


@dataclass(frozen=True, slots=True)
class Change:
    """A release of FastAPI at which a scenario begins to behave otherwise."""

    scenario: str
    release: str
    day: str
    """The day on which it came out, as `2023-12-25`; "" where it is not known."""
    before: str
    """The release before it."""
    by: str
    """What made the difference, as in `VersionRange.by`."""
    old: str
    """The behaviour until then: a `Behaviour.file`."""
    new: str
    rows: tuple[Aligned, ...]
    """The step diff; empty where one of the two could not be recorded."""
    says: Text = ()
    """What differs, in a sentence that is computed from the rows."""


@dataclass(frozen=True, slots=True)
class Era:
    """Neighbouring releases of FastAPI in which every scenario of a lesson behaves the same."""

    first: str
    last: str
    first_day: str
    """The day on which `first` came out; "" where it is not known."""
    last_day: str
    of: int
    """How many releases there are from `first` to `last`."""
    recorded: int
    """On how many of them it was recorded; 0 where that cannot be said."""
    files: Mapping[str, str]
    """By scenario, a `Behaviour.file`; those of which nothing is known are left out."""
    page: str | None
    """Which page shows its runs: "" for the lesson's own; else the oldest release that behaves so;
    None where no scenario could be recorded."""


@dataclass(frozen=True, slots=True)
class Instead:
    """What happens where a statement is not true."""

    page: str
    """An `Era.page`, to whose steps the text leads."""
    text: Text


@dataclass(frozen=True, slots=True)
class Told:
    """In which releases a statement is true."""

    statement: str
    ranges: tuple[VersionRange, ...]
    everywhere: bool
    """Whether it is true in every release in which its scenarios could be recorded."""
    text: Text = ()
    """The sentence with the steps that it cites in one of the pages on which it is true."""
    page: str = ""
    """The `Era.page` of that."""
    instead: tuple[Instead, ...] = ()
    """For each other page on which it is not true: what happens there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Where an option of a quiz is the right one."""

    page: str
    """The first `Era.page` on which it is."""
    ranges: tuple[VersionRange, ...]
    """Neighbouring eras are taken together."""


@dataclass(frozen=True, slots=True)
class Brief:
    """A run of other releases, as far as it takes to lay it beside another."""

    scenario: str
    page: str
    """An `Era.page` that shows it."""
    steps: tuple[tuple[str, str], ...]
    """Key and action of each step, in order."""


@dataclass(frozen=True, slots=True)
class History:
    """How a lesson behaves in other releases, from its accepted recordings alone."""

    first: str
    """The oldest release that was looked at."""
    last: str
    behaviours: tuple[Behaviour, ...]
    """By scenario in the lesson's order, then by oldest release."""
    changes: tuple[Change, ...]
    """By release, then by scenario."""
    told: tuple[Told, ...]
    """By statement, in the lesson's order."""
    eras: tuple[Era, ...] = ()
    """By oldest release; those of the lesson's own page among them."""
    verdicts: Mapping[str, Mapping[str, Verdict]] = field(default_factory=dict)
    """For each page of an era: what became of the statements on its runs, by name."""
    answers: Mapping[tuple[str, str], Answer] = field(default_factory=dict)
    """For a quiz's name and the text of an option: where it is the right one."""
    briefs: tuple[Brief, ...] = ()
    """The runs that behave otherwise than those of the lesson's own page, each once."""

    def gist(self) -> History:
        """What other pages show of it."""
        return replace(
            self,
            behaviours=tuple(replace(b, trace=None) for b in self.behaviours),
            changes=tuple(replace(c, rows=()) for c in self.changes),
            verdicts={},
            answers={},
            briefs=(),
        )

    def of(self, scenario: str) -> tuple[Behaviour, ...]:
        """The behaviours of a scenario, by oldest release."""
        return tuple(b for b in self.behaviours if b.scenario == scenario)


@dataclass(frozen=True, slots=True)
class LessonPage:
    """All that the page of one lesson shows."""

    lesson: Lesson
    minutes: int
    versions: Versions | None
    """None where nothing could be recorded."""
    runs: tuple[Run, ...]
    code: tuple[CodeLine, ...]
    """The whole of `app.py`."""
    key_moments: tuple[Said, ...]
    quiz: tuple[Said, ...]
    snapshot: tuple[Said, ...]
    exit_lines: tuple[Said, ...]
    proved: int
    """Statements that this build proved."""
    questions: int = 0
    """Quiz questions that can be answered."""
    problems: tuple[Problem, ...] = ()
    """Problems of this lesson, for `serve`; empty in a site that may be published."""
    history: History | None = None
    """How it behaves in other releases; None where only this one was recorded."""
    era: str = ""
    """For a page of other releases: the `Era.page`; its runs are accepted recordings."""

    def gist(self) -> LessonPage:
        """What other pages show of the lesson: title, snapshot, how many runs."""
        return replace(
            self,
            lesson=replace(
                self.lesson, app="", source="", statements=(), notes={}, advice=(), shown=()
            ),
            runs=tuple(run.gist() for run in self.runs),
            code=(),
            key_moments=(),
            quiz=(),
            exit_lines=(),
            history=self.history.gist() if self.history else None,
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a site holds."""

    concepts: int = 0
    runs: int = 0
    steps: int = 0
    proved: int = 0
    """Statements that were proved."""
    fastapi: tuple[str, ...] = ()
    """The versions that were recorded on."""

    @classmethod
    def of(cls, page: LessonPage) -> Counts:
        """Count what a lesson's page holds."""
        steps = sum(len(run.steps) for run in page.runs)
        versions = (page.versions.fastapi,) if page.versions else ()
        return cls(1, len(page.runs), steps, page.proved, versions)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.concepts + other.concepts,
            self.runs + other.runs,
            self.steps + other.steps,
            self.proved + other.proved,
            tuple(sorted({*self.fastapi, *other.fastapi})),
        )


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter and its lessons in order."""

    name: str
    title: str
    pages: tuple[LessonPage, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that is rendered."""

    title: str
    chapters: tuple[Chapter, ...]
    finding: str = ""
    """`<lesson id>:<statement name>` of the finding on the home page."""
    problems: tuple[Problem, ...] = field(default=())
    """Problems that belong to no lesson's page."""
    releases: tuple[tuple[str, str], ...] = ()
    """The releases of FastAPI that are known, oldest first, each with its day."""
