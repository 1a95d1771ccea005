"""Runs as `narrate` would tell them, built by hand: a step a row of `ANSWERS` or `RAISES`."""

from __future__ import annotations

from dataclasses import replace

from asrun.model import Lane
from asrun.story import (
    Cell,
    EventView,
    FlowNode,
    FrameState,
    LaneRow,
    Mark,
    Note,
    ObjectState,
    Paragraph,
    Phase,
    Piece,
    Run,
    Step,
    Text,
    Tracker,
    TrackerRow,
    Variable,
)

_LANES: dict[str, tuple[Lane, str]] = {
    "client": ("client", "client"),
    "wire": ("wire", "wire"),
    "fastapi": ("loop", "event loop"),
    "get_db": ("loop", "event loop"),
    "read_item": ("loop", "event loop"),
}

# row, phase, line, action, what, why, before, after
_Row = tuple[str, str, int | None, str, str, str, str, str]

# fmt: off
ANSWERS: list[_Row] = [
    ("client", "request", None, "GET /items/0", "The client sends its request.", "Nothing of the app has run for it yet.", "", "request 1: sent"),
    ("wire", "request", None, "http scope", "The server calls the app with the request’s scope.", "", "", "app: running"),
    ("fastapi", "request", None, "solve_dependencies", "FastAPI solves what `read_item` asks for.", "`read_item` depends on `get_db`, so it comes first.", "", ""),
    ("get_db", "dependencies", 12, "get_db()", "`get_db()` is called.", "Its frame exists now, and has no variables yet.", "get_db(): not started", "get_db(): running"),
    ("get_db", "dependencies", 13, "db = AsyncSession(engine, close_resets_only=False)", "`db` is bound.", "It is a local variable of `get_db`: nobody else can see it yet.", "db: –", "db: AsyncSession#1, open"),
    ("get_db", "dependencies", 15, "yield db", "`get_db()` lends `db` and is suspended.", "The frame keeps its place and its variables, and waits.", "get_db(): running", "get_db(): suspended at yield"),
    ("read_item", "endpoint", 21, "read_item(number=0, db=AsyncSession#1)", "The endpoint is called.", "Its `db` is the very object that `get_db` yielded.", "read_item(): not started", "read_item(): running"),
    ("read_item", "endpoint", 22, "names = (await db.scalars(text(\"VALUES ('apple'), ('pear')\"))).all()", "`names` is bound.", "The query opens a transaction.", "AsyncSession#1: open", "AsyncSession#1: in transaction"),
    ("read_item", "endpoint", 23, "return names[number]", "The endpoint returns.", "Its frame ends here. `get_db` is still suspended.", "read_item(): running", "read_item(): returned"),
    ("fastapi", "response", None, "serialize_response", "FastAPI turns what was returned into JSON.", "", "", ""),
    ("wire", "response", None, "http.response.start 200", "The status and the headers leave.", "From here on the status cannot be changed any more.", "response: nothing sent", "response: head sent, 200"),
    ("wire", "response", None, "http.response.body", "The body leaves, with its last byte.", "", "response: head sent, 200", "response: complete"),
    ("client", "response", None, "200 \"apple\"", "The client has the whole response.", "And the session is still in a transaction.", "request 1: sent", "request 1: answered, 200"),
    ("get_db", "cleanup", 15, "resumed after yield db", "`get_db()` is resumed where it was suspended.", "The response has left, so FastAPI exits what it entered.", "get_db(): suspended at yield", "get_db(): running"),
    ("get_db", "cleanup", 17, "await db.close()", "The session is closed.", "", "AsyncSession#1: in transaction", "AsyncSession#1: closed"),
    ("get_db", "cleanup", 17, "get_db() ends", "`get_db()` ends.", "There is no second `yield`.", "get_db(): running", "get_db(): finished"),
    ("wire", "end", None, "app returned", "The app’s call returns.", "", "app: running", "app: done"),
]

RAISES: list[_Row] = [
    *ANSWERS[:8],
    ("read_item", "endpoint", 23, "return names[number]", "`IndexError` is raised.", "", "read_item(): running", "read_item(): raised"),
    ("get_db", "cleanup", 15, "IndexError thrown in at yield db", "`get_db()` goes on with the exception.", "", "get_db(): suspended at yield", "get_db(): running"),
    ("get_db", "cleanup", 17, "await db.close()", "The session is closed.", "", "AsyncSession#1: in transaction", "AsyncSession#1: closed"),
    ("get_db", "cleanup", 17, "get_db() raises", "`get_db()` ends by the exception.", "", "get_db(): running", "get_db(): raised"),
    ("wire", "response", None, "http.response.start 500", "The status and the headers leave.", "", "response: nothing sent", "response: head sent, 500"),
    ("wire", "response", None, "http.response.body", "The body leaves, with its last byte.", "", "response: head sent, 500", "response: complete"),
    ("client", "response", None, "500", "The client has the whole response.", "", "request 1: sent", "request 1: answered, 500"),
    ("wire", "end", None, "app raised IndexError", "The app’s call raises into the server.", "", "app: running", "app: failed"),
]
# fmt: on


def text(words: str, **cites: str) -> Text:
    """A sentence: `code` between backticks, `{name}` for a step's address."""
    pieces: list[Piece] = []
    for at, part in enumerate(words.split("`")):
        if at % 2:
            pieces.append(Piece("code", part))
            continue
        for number, bit in enumerate(part.split("{")):
            name, closed, rest = bit.partition("}") if number else ("", "", bit)
            if closed and name in cites:
                pieces.append(Piece("step", cites[name].rpartition("-")[2], cites[name]))
            elif number:
                rest = "{" + bit
            if rest:
                pieces.append(Piece("words", rest))
    return tuple(pieces)


def _frames(n: int, rows: list[_Row], extra: str) -> tuple[FrameState, ...]:
    states = []
    for key in ("fastapi", "get_db", "read_item"):
        label = "FastAPI" if key == "fastapi" else f"{key}()"
        own = [at for at, row in enumerate(rows, 1) if row[0] == key]
        now = rows[n - 1][0] == key
        variables: tuple[Variable, ...] = ()
        if key == "get_db" and n >= 5:
            variables = (Variable("db", f"AsyncSession#1{extra}", "new" if n == 5 else ""),)
        if n < own[0]:
            states.append(FrameState(key, label, "idle", "not called yet"))
        elif key == "get_db" and 6 <= n < own[3]:
            words = "suspended at yield, line 15, since step 6"
            states.append(FrameState(key, label, "sleep", words, variables, 15, now))
        elif n > own[-1] or (n == own[-1] and key != "fastapi"):
            states.append(FrameState(key, label, "done", f"ended at step {own[-1]}"))
        elif now:
            states.append(FrameState(key, label, "run", "running", variables, rows[n - 1][2], True))
        else:
            states.append(FrameState(key, label, "wait", "waiting", variables))
    return tuple(states)


def _mark_row(key: str, rows: list[_Row]) -> LaneRow:
    at = [n for n, row in enumerate(rows, 1) if row[0] == key]
    lane, label = _LANES[key]
    marks: list[Mark]
    if key == "client":
        marks = [
            Mark("out", at[0], at[0]),
            Mark("idle", at[0] + 1, at[-1] - 1),
            Mark("in", at[-1], at[-1]),
        ]
    elif key == "wire":
        marks = [Mark("in" if n == at[0] else "out", n, n) for n in at]
    elif key == "fastapi":
        marks = [Mark("idle", 2, len(rows)), *(Mark("thin", n, n) for n in at)]
    elif key == "get_db":
        marks = [
            Mark("run", at[0], at[2]),
            Mark("sleep", at[2] + 1, at[3] - 1),
            Mark("run", at[3], at[-1]),
        ]
    else:
        marks = [Mark("run", at[0], at[-1])]
    name = "FastAPI" if key == "fastapi" else f"{key}()" if lane == "loop" else key
    return LaneRow(key, name, lane, label, key not in ("client", "wire", "fastapi"), tuple(marks))


def run(scenario: str, title: str, rows: list[_Row], *, extra: str = "") -> Run:
    """A run with a step a row; `extra` is put into what was recorded."""
    steps = []
    for n, (key, phase, line, action, what, why, before, after) in enumerate(rows, 1):
        lane, label = _LANES[key]
        notes = (
            [Note(text("A session connects when it is first used, not here" + extra), "author")]
            if n == 5
            else []
        )
        notes += [Note(text("The same object, a second name"), "engine")] if n == 7 else []
        steps.append(
            Step(
                n=n,
                address=f"{scenario}-{n}",
                key=f"{key}:{action}",
                lane=lane,
                lane_label=label,
                row=key,
                phase=phase,
                line=line,
                action=action + extra,
                what=text(what) + ((Piece("code", extra),) if extra else ()),
                why=text(why),
                before=(before + extra,) if before else (),
                after=(after + extra,) if after else (),
                notes=tuple(notes),
                events=(
                    EventView(2 * n - 1, label, "line", action + extra),
                    EventView(2 * n, label, "set", after + extra),
                ),
                frames=_frames(n, rows, extra),
                objects=(
                    ObjectState(
                        "AsyncSession#1",
                        "" if n < 5 else "open" if n < 8 else "in transaction",
                        new=n == 5,
                        was="open" if n == 8 else "",
                    ),
                ),
            )
        )
    phases: list[Phase] = []
    for n, row in enumerate(rows, 1):
        if phases and phases[-1].name == row[1]:
            phases[-1] = replace(phases[-1], last=n)
        else:
            phases.append(Phase(row[1], n, n))
    resumed = next(n for n, row in enumerate(rows, 1) if row[0] == "get_db" and n > 6)
    flow = (
        FlowNode(
            "client", "client", text("Request received"), text("`GET /items/0`" + extra), 1, 1, 3
        ),
        FlowNode(
            "get_db", "get_db()", text("Call `get_db()`"), text("its first half runs"), 4, 4, 5
        ),
        FlowNode(
            "get_db", "get_db()", text("`get_db()` yields `db`"), text("and is suspended"), 6, 6, 6
        ),
        FlowNode(
            "read_item",
            "read_item()",
            text("`read_item()` runs"),
            text("with the same object"),
            7,
            7,
            9,
        ),
        FlowNode(
            "get_db",
            "get_db()",
            text("`get_db()` goes on"),
            text("its second half runs"),
            resumed,
            resumed,
            resumed + 2,
        ),
        FlowNode(
            "wire", "wire", text("The app’s call ends"), text(""), len(rows), len(rows), len(rows)
        ),
    )
    columns = (4, 5, 6, resumed, len(rows))
    tracker = Tracker(
        columns,
        (
            TrackerRow(
                "get_db()",
                "frame",
                (
                    Cell(""),
                    Cell("running", "new"),
                    Cell("running"),
                    Cell("suspended", "changed", True),
                    Cell("running", "changed"),
                    Cell("finished", "changed"),
                ),
            ),
            TrackerRow(
                "db",
                "in get_db()",
                (
                    Cell(""),
                    Cell(""),
                    Cell(f"AsyncSession#1{extra}", "new"),
                    Cell(f"AsyncSession#1{extra}", asleep=True),
                    Cell(f"AsyncSession#1{extra}"),
                    Cell("", "gone"),
                ),
            ),
        ),
    )
    keys = ("client", "wire", "fastapi", "get_db", "read_item")
    return Run(
        scenario=scenario,
        title=title + extra,
        origin="this build" if scenario == "answers" else "cache",
        requests=1,
        steps=tuple(steps),
        phases=tuple(phases),
        rows=tuple(_mark_row(key, rows) for key in keys),
        lanes_label=f"Lanes over {len(rows)} steps. The execution table has the same in words.{extra}",
        flow=flow,
        caption=text("`get_db()` is suspended while `read_item()` runs." + extra.replace("`", "'")),
        tracker=tracker,
        transcript=tuple(
            Paragraph(
                phase.name,
                sum(
                    (
                        text(f"{{s}} {rows[n - 1][4]} {rows[n - 1][5]} ", s=f"{scenario}-{n}")
                        for n in range(phase.first, phase.last + 1)
                    ),
                    (),
                ),
            )
            for phase in phases
        ),
        digest="0" * 64,
        trace_file=f"{scenario}.json",
        stage=6,
        causes=tuple(() if n == 1 else (n - 1,) for n in range(1, len(rows) + 1)),
    )
