"""What the stages hand to each other: lessons, events, traces, statements, verdicts, problems.

Every stage imports this module and no other stage; `pipeline.py` alone wires them.
`Event` and `Trace` cross process boundaries and are published as JSON, so they are pydantic
models and their JSON Schema is `asrun schema`. The rest stays in the parent: frozen dataclasses.
What is *read* on a page (steps, lanes, tracker) is in `story.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue

SCHEMA_VERSION = 1
"""Version of the trace's JSON form; raised whenever the meaning of a field changes."""

Kind = Literal[
    # the client
    "request",  # the client sends a request: detail method, url, headers, body
    "response",  # the client has status and headers: detail status, headers
    "chunk",  # the client has a piece of the body: detail body
    "complete",  # the client has the whole response: detail body
    "left",  # the client closed before the response was complete
    "broken",  # the server closed the connection before the response was complete
    "message",  # a WebSocket message: detail by ("client", "server"), text or bytes
    "closed",  # the WebSocket is closed: detail by ("client", "server"), code, reason
    # the wire: ASGI messages at the app's boundary, at the moment of `receive` and `send`
    "scope",  # the server calls the app: asgi is the scope's type, detail method, path, query
    "receive",  # asgi is the message's type
    "send",  # asgi is the message's type: detail status, headers, body, more_body
    "done",  # the app's call has returned
    "failed",  # the app's call has raised into the server: detail exception
    # the snippet's Python
    "call",  # a frame starts: names are its arguments
    "line",  # a statement starts
    "set",  # a statement has changed names or states, as seen at the frame's next event
    "yield",  # a generator lends a value and is suspended: detail value
    "wait",  # a coroutine or generator is suspended at `await`
    "resume",  # it goes on: detail after is "yield" or "await", sent where a value came in
    "throw",  # it goes on with an exception raised at the place of suspension: detail exception
    "return",  # the frame ends: detail value
    "raise",  # an exception starts, or arrives from a call, in this frame: detail exception
    "catch",  # the frame goes on after an exception: shown exception
    "unwind",  # the frame ends by an exception: detail exception
    # FastAPI and Starlette, by probes on named functions
    "probe",  # detail probe (its name), phase ("start", "end", "point")
    # the program
    "print",  # detail text
    "log",  # detail logger, level, text
    "warning",  # detail category, text
    "unhandled",  # an exception that no one retrieved: detail exception
]
KINDS: tuple[str, ...] = get_args(Kind)

Lane = Literal["client", "wire", "loop", "worker"]
"""Where code runs: the client, the ASGI boundary, a task on the event loop, a worker thread."""

COMPARED = {"x-compared": True}
SHOWN = {"x-compared": False}


class Event(BaseModel):
    """One thing that happened, as it was at that moment.

    The JSON Schema marks each field with `x-compared`: whether it is part of what
    `asrun accept` accepts, or only shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seq: Annotated[int, Field(ge=1, json_schema_extra=SHOWN)]
    """Place in the trace, from 1."""
    kind: Annotated[Kind, Field(json_schema_extra=COMPARED)]
    lane: Annotated[Lane, Field(json_schema_extra=COMPARED)]
    unit: Annotated[int, Field(ge=0, json_schema_extra=COMPARED)] = 0
    """Which task or worker thread of the lane, from 1 as first seen; 0 where it has no meaning."""
    request: Annotated[int | None, Field(json_schema_extra=COMPARED)] = None
    """Which request of the scenario, from 1; None for what belongs to none (startup, shutdown)."""
    function: Annotated[str | None, Field(json_schema_extra=COMPARED)] = None
    """Qualified name of the snippet's function."""
    frame: Annotated[int | None, Field(json_schema_extra=COMPARED)] = None
    """Which activation of `function` in this request, from 1."""
    file: Annotated[str | None, Field(json_schema_extra=SHOWN)] = None
    line: Annotated[int | None, Field(json_schema_extra=SHOWN)] = None
    """First line of the statement in `file`, from 1."""
    text: Annotated[str | None, Field(json_schema_extra=COMPARED)] = None
    """The statement's source on one line (a compound statement's header only)."""
    asgi: Annotated[str | None, Field(json_schema_extra=COMPARED)] = None
    """Type of the ASGI scope or message."""
    detail: Annotated[dict[str, JsonValue], Field(json_schema_extra=COMPARED)] = {}
    """What else the kind carries; see `Kind`."""
    names: Annotated[dict[str, str | None], Field(json_schema_extra=COMPARED)] = {}
    """Local names that are new or changed, with their encoded values; None for one that is gone."""
    states: Annotated[dict[str, str], Field(json_schema_extra=COMPARED)] = {}
    """Watched objects whose state is new or changed: `AsyncSession#1` to the lesson's word."""
    shown: Annotated[dict[str, JsonValue], Field(json_schema_extra=SHOWN)] = {}
    """What is published but differs between runs or releases, such as a library's wording."""

    @property
    def boundary(self) -> str:
        """The middleware within which an ASGI message passed; "" at the app's own boundary."""
        return str(self.detail.get("boundary", "")) if self.lane == "wire" else ""

    @property
    def frame_key(self) -> tuple[int | None, str, int] | None:
        """Identity of the frame within the trace, or None where the event has no frame."""
        if self.function is None or self.frame is None:
            return None
        return (self.request, self.function, self.frame)


class Versions(BaseModel):
    """What a trace was recorded on; shown in its header and never compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fastapi: str
    starlette: str
    pydantic: str
    anyio: str
    python: str


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Neighbouring releases of FastAPI in which a scenario behaves the same."""

    first: str
    last: str
    first_day: str = ""
    """The day on which `first` came out, as `2023-05-16`; "" where it is not known."""
    last_day: str = ""
    recorded: int = 1
    """On how many of the releases it was recorded; the others lie between two of those."""
    of: int = 1
    """How many releases there are from `first` to `last`."""
    by: str = ""
    """What made the difference to the release before: `fastapi`, `starlette`, or several with `+`
    where they could not be told apart; "" for the first range. With the newest dependencies: what
    makes it to those of the release day, "" where nothing does."""
    moved: str = ""
    """For each part of `by` its versions before and after, `0.45.3>0.46.0`, joined by `+`; nothing
    for FastAPI, whose versions the ranges are of."""


class Trace(BaseModel):
    """The stable record of one scenario: one ordered list of events from one process."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Annotated[int, Field(alias="schema")] = SCHEMA_VERSION
    lesson: str
    """`<chapter>/<lesson>`, the folder below `snippets/`."""
    scenario: str
    """Name of the scenario's function in `lesson.py`."""
    title: str
    """The scenario's title."""
    versions: Versions
    events: tuple[Event, ...]

    def to_json(self) -> str:
        """The published form: stable bytes, one event a line."""
        head = self.model_dump_json(by_alias=True, exclude={"events"})
        body = ",\n  ".join(e.model_dump_json(exclude_defaults=True) for e in self.events)
        return f'{head[:-1]},"events":[\n  {body}\n]}}\n'


# ------------------------------------------------------------------ lessons, read by AST


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that is done to the app: an async function of a client in `lesson.py`."""

    name: str
    title: str
    line: int


StatementKind = Literal["key_moment", "quiz", "snapshot", "exit_line"]


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that is said of a run: a text and its proof, a function in `lesson.py`."""

    kind: StatementKind
    name: str
    """The function's name; unique in the lesson."""
    line: int
    """Line of the `def`."""
    text: str
    """The docstring, or a quiz's question; `{name}` stands for a cited step or value."""
    text_line: int
    on: tuple[str, ...]
    """The scenarios whose traces the proof is given, in the order of its parameters."""
    question: str = ""
    """A key moment's heading."""
    hint: str = ""
    holds: str = ""
    """Versions of FastAPI in which it is true: SpecifierSets joined by ` or `; "" is all."""
    source: str = ""
    """The proof as the author wrote it, without decorator and docstring."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One concept: the folder `snippets/<chapter>/<name>/`."""

    id: str
    """`<chapter>/<name>`."""
    folder: Path
    chapter_title: str
    title: str
    about: str
    """What the concept is, from the docstring; never order, state, thread or status."""
    app: str
    """Source of `app.py`."""
    source: str
    """Source of `lesson.py`."""
    scenarios: tuple[Scenario, ...]
    statements: tuple[Statement, ...]
    shown: tuple[tuple[int, int], ...]
    """Ranges of lines of `app.py` that are the execution sample, first and last inclusive."""
    notes: dict[int, str] = field(default_factory=dict)
    """Line of `app.py` to its author's note (`#: text`)."""
    advice: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    """Third-party modules that the lesson imports at module level, for the zygote to hold."""

    @property
    def chapter(self) -> str:
        """The chapter's folder name."""
        return self.id.split("/")[0]

    @property
    def name(self) -> str:
        """The lesson's folder name."""
        return self.id.split("/")[1]

    def file(self, name: str) -> str:
        """Path of one of the lesson's files, as problems name it: below the project's root."""
        return f"snippets/{self.id}/{name}"


# ------------------------------------------------------------------ what the judge says


@dataclass(frozen=True, slots=True)
class Cite:
    """What a `{name}` in a sentence stands for: an event of a trace, or a value read from one."""

    scenario: str = ""
    seq: int = 0
    """The event; 0 where this is a value."""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Kill:
    """A counterfactual run that a proof refuses, as it has to."""

    what: str
    """How that run differs from the recorded one, in words."""
    line: int
    """The author's line in `lesson.py` that refused it."""
    touched: tuple[Cite, ...] = ()
    """The recorded events that are otherwise in it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a quiz question, as the trace decided it."""

    text: str
    right: bool
    why: str


Outcome = Literal[
    "proved", "false", "missing", "unproved", "vacuous", "ambiguous", "crashed", "hung"
]


RELEASES = "{releases}"
"""In an option's explanation: stands for the releases in which it is the right one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one statement's proof on this build's traces."""

    statement: str
    outcome: Outcome
    cites: dict[str, Cite] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    message: str = ""
    """For anything but proved: what was expected and what ran, in a sentence about events."""
    line: int = 0
    """The author's line in `lesson.py` that says so; 0 where there is none."""
    touched: tuple[Cite, ...] = ()
    """Events that the failing assertion compared, in the order of the trace."""
    kills: tuple[Kill, ...] = ()
    """Counterfactual runs that the proof refuses; each cited event is touched by one of them."""


def cited_events(verdicts: Iterable[Verdict], scenario: str) -> frozenset[int]:
    """The events of a scenario that proofs cite."""
    cites = (cite for verdict in verdicts for cite in verdict.cites.values())
    return frozenset(cite.seq for cite in cites if cite.scenario == scenario)


# ------------------------------------------------------------------ problems

ProblemKind = Literal[
    "behaviour-changed",
    "statement-false",
    "statement-unproved",
    "statement-vacuous",
    "quiz-ambiguous",
    "cited-step-missing",
    "unstable",
    "crashed",
    "hung",
    "refused",
    "not-accepted",
    "stale-recording",
    "format-changed",
    "holds-wrong",
    "proof-crashed",
    "proof-hung",
    "recorder-failed",
    "lesson-invalid",
]

Move = Literal["same", "earlier", "later", "gone", "new", "changed"]


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One step in a comparison of what was expected with what ran."""

    move: Move
    text: str
    by: int = 0
    """How many steps earlier or later."""
    was: str = ""
    """For `changed`: what was accepted of it that ran no longer; "" where nothing is missing."""
    now: str = ""
    """For `changed`: what runs instead, or besides."""

    @property
    def otherwise(self) -> str:
        """For `changed`: what of it is otherwise, in words."""
        if self.was and self.now:
            return f"was: {self.was}; now: {self.now}"
        return f"no longer: {self.was}" if self.was else f"now also: {self.now}"


@dataclass(frozen=True, slots=True)
class NearStep:
    """A step at, or beside, what an assertion was about."""

    n: int
    """Its number in its run."""
    lane: str
    text: str
    """What ran, as in the execution table."""
    line: int | None = None
    """The line of `app.py`."""
    events: tuple[int, ...] = ()
    """Those of its events that the assertion was about; none for a step that stands beside."""


@dataclass(frozen=True, slots=True)
class Near:
    """Part of a run: the steps that an assertion was about, and their neighbours."""

    scenario: str
    title: str
    steps: tuple[NearStep, ...]
    """In their order, with gaps in the numbers; none where the accepted run has none of them."""
    accepted: str = ""
    """Of an accepted recording, the release it was recorded on; "" for the run as it is now."""
    same: bool | None = None
    """Of the run as it is now: whether the accepted one is the same here; None where there is none."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that must be mended before the site may be published."""

    kind: ProblemKind
    file: str
    """Path below the project's root."""
    line: int
    """From 1; 0 where the file as a whole is meant."""
    message: str
    """What is wrong, in one sentence."""
    todo: str
    """What to do about it."""
    expected: str = ""
    ran: str = ""
    lesson: str = ""
    scenario: str = ""
    statement: str = ""
    diff: tuple[DiffRow, ...] = ()
    near: tuple[Near, ...] = ()
    """For an assertion that failed: where in the runs that was, each as it is now, and then as it
    was accepted where that differs."""
    stack: tuple[str, ...] = ()
    """The author's frames, innermost last: `app.py:12 in get_db`."""

    @property
    def where(self) -> str:
        """`file:line`, as editors and terminals link it."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def to_dict(self) -> dict[str, Any]:
        """Plain data for reports."""
        return {
            "kind": self.kind,
            "file": self.file,
            "line": self.line,
            "message": self.message,
            "expected": self.expected,
            "ran": self.ran,
            "todo": self.todo,
            "lesson": self.lesson,
            "scenario": self.scenario,
            "statement": self.statement,
            "diff": [asdict(row) for row in self.diff],
            "near": [asdict(one) for one in self.near],
            "stack": list(self.stack),
        }
