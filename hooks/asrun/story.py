"""What is read on a page: a run told in steps. Made by `narrate`, shown by `render`.

All texts that may hold code or citations are a `Text`: a tuple of pieces, so that a value
recorded from a run can never be taken for markup.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from asrun.model import Lane, Problem, Statement


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
            self, steps=(), phases=(), rows=(), lanes_label="", flow=(), caption=(),
            tracker=Tracker((), ()), transcript=(), causes=(),
        )  # fmt: skip


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
