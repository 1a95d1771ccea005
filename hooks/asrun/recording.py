"""The accepted recording: a trace's compared fields as text, one event a line.

Made to be read in a code host's diff: a changed order reads as moved lines. The last line is a
checksum of the lines above it, so that a recording edited by hand is told from a recorded one.

    asrun recording 1
    lesson yield-dependencies/async-generator
    …
    range first=0.101.1 last=0.165.0 from=2025-09-29 to=2026-11-20 recorded=50/96 by=fastapi

    …
    loop.1   r1 get_db#1       yield    "yield db" value="AsyncSession#1"
    …
    sha256 5f2c…
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from asrun.model import Event, Trace, VersionRange, Versions

FORMAT = 1
"""Version of this text form. Raised when lines change though behaviour does not; see `FORMATS`."""

_KEY = re.compile(r"\s*([^\s=]+)=")
_DECODER = json.JSONDecoder()


class RecordingError(ValueError):
    """The text is no recording, or was edited by hand.

    Args:
        message: what is wrong with it.
        line: where, from 1.
    """

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Recording:
    """An accepted recording."""

    format: int
    lesson: str
    scenario: str
    title: str
    versions: Versions
    lines: tuple[str, ...]
    """The events, a line each."""
    code: str = ""
    """Digest of the code that was recorded, by `fingerprint.of_scenario`."""
    ranges: tuple[VersionRange, ...] = ()
    """Where the scenario behaves like this, each release with the dependencies of its day."""
    newest: tuple[VersionRange, ...] = ()
    """Where it does with the newest dependencies that install."""
    outcome: Literal["recorded", "absent", "failed"] = "recorded"
    """Whether it could be recorded; `absent`: the release does not have what the lesson uses."""
    why: str = ""
    """Where it could not be recorded: the exception."""
    line: int = 0
    """The line of `app.py` that raised it."""

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events, without what is shown and not compared.

        Read when they are asked for: most builds compare lines alone.

        Raises:
            RecordingError: a line cannot be read.
        """
        form = FORMATS.get(self.format)
        if form is None:
            raise RecordingError(f"it is in format {self.format}, which this asrun can't read", 1)
        try:
            return tuple(form.read(seq, line) for seq, line in enumerate(self.lines, 1))
        except (ValueError, TypeError) as error:
            raise RecordingError(f"it cannot be read: {error}", 1) from error

    @property
    def trace(self) -> Trace:
        """The accepted run as a trace; without events where it could not be recorded."""
        return Trace(
            lesson=self.lesson,
            scenario=self.scenario,
            title=self.title,
            versions=self.versions,
            events=self.events,
        )


def event_line(event: Event) -> str:
    """An event's compared fields on one line."""
    lane = f"{event.lane}.{event.unit}" if event.unit else event.lane
    who = f"{event.function}#{event.frame}" if event.function else "-"
    request = f"r{event.request}" if event.request is not None else "-"
    parts = [f"{lane:<8} {request:<2} {who:<16} {event.kind:<8}"]
    if event.text is not None:
        parts.append(_json(event.text))
    if event.asgi is not None:
        parts.append(f"asgi={_json(event.asgi)}")
    parts += [f"{k}={_json(v)}" for k, v in event.detail.items()]
    parts += [f"name:{k}={_json(v)}" for k, v in event.names.items()]
    parts += [f"state:{k}={_json(v)}" for k, v in event.states.items()]
    return " ".join(parts).rstrip()


def lines_of(trace: Trace, form: int = FORMAT) -> tuple[str, ...]:
    """The trace's events as lines, in one of the `FORMATS`."""
    return tuple(FORMATS[form].write(e) for e in trace.events)


def digest_of(trace: Trace) -> str:
    """Digest of what is compared: it changes exactly when behaviour does."""
    return hashlib.sha256("\n".join(lines_of(trace)).encode()).hexdigest()[:16]


def of_trace(
    trace: Trace,
    code: str = "",
    ranges: tuple[VersionRange, ...] = (),
    newest: tuple[VersionRange, ...] = (),
    form: int = FORMAT,
) -> Recording:
    """A trace as an accepted recording."""
    return Recording(
        format=form,
        lesson=trace.lesson,
        scenario=trace.scenario,
        title=trace.title,
        versions=trace.versions,
        lines=lines_of(trace, form),
        code=code,
        ranges=ranges,
        newest=newest,
    )


def text_of(recording: Recording) -> str:
    """An accepted recording's text."""
    head = [
        f"asrun recording {recording.format}",
        f"lesson {recording.lesson}",
        f"scenario {recording.scenario} {_json(recording.title)}",
        "versions " + " ".join(f"{name}={version}" for name, version in recording.versions),
    ]
    if recording.code:
        head.append(f"code {recording.code}")
    if recording.outcome != "recorded":
        head.append(f"{recording.outcome} line={recording.line} why={_json(recording.why)}")
    head += [f"range {_range_text(r)}" for r in recording.ranges]
    head += [f"newest {_range_text(r)}" for r in recording.newest]
    body = "\n".join([*head, "", *recording.lines]) + "\n"
    return f"{body}sha256 {hashlib.sha256(body.encode()).hexdigest()}\n"


def _range_text(r: VersionRange) -> str:
    parts = [f"first={r.first}", f"last={r.last}"]
    parts += [f"from={r.first_day}"] if r.first_day else []
    parts += [f"to={r.last_day}"] if r.last_day else []
    parts.append(f"recorded={r.recorded}/{r.of}")
    parts += [f"by={r.by}"] if r.by else []
    parts += [f"moved={r.moved}"] if r.moved else []
    return " ".join(parts)


def _range(text: str) -> VersionRange:
    found = dict(pair.split("=", 1) for pair in text.split())
    recorded, of = found["recorded"].split("/")
    return VersionRange(
        first=found["first"],
        last=found["last"],
        first_day=found.get("from", ""),
        last_day=found.get("to", ""),
        recorded=int(recorded),
        of=int(of),
        by=found.get("by", ""),
        moved=found.get("moved", ""),
    )


def from_text(text: str) -> Recording:
    """Read an accepted recording.

    Raises:
        RecordingError: it is none, or its checksum does not fit.
    """
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    match = re.fullmatch(r"asrun recording (\d+)", lines[0] if lines else "")
    if match is None:
        raise RecordingError("this is no recording: its first line is not `asrun recording N`", 1)
    if not lines[-1].startswith("sha256 "):
        raise RecordingError("the checksum is missing: the last line is not `sha256 …`", len(lines))
    body = "\n".join(lines[:-1]) + "\n"
    if lines[-1] != f"sha256 {hashlib.sha256(body.encode()).hexdigest()}":
        raise RecordingError("it was edited by hand: its checksum does not fit", len(lines))
    try:
        end = lines.index("", 4)
        lesson = lines[1].removeprefix("lesson ")
        _, scenario, title = lines[2].split(" ", 2)
        versions = dict(pair.split("=", 1) for pair in lines[3].removeprefix("versions ").split())
        return Recording(
            format=int(match[1]),
            lesson=lesson,
            scenario=scenario,
            title=json.loads(title),
            versions=Versions(**versions),
            lines=tuple(lines[end + 1 : -1]),
            **_more(lines[4:end]),
        )
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise RecordingError(f"it cannot be read: {error}", 1) from error


def _more(lines: list[str]) -> dict[str, Any]:
    """What a header says beyond its first four lines."""
    fields: dict[str, Any] = {}
    for word, rest in _words(lines):
        if word == "code":
            fields["code"] = rest
        elif word == "range":
            fields["ranges"] = (*fields.get("ranges", ()), _range(rest))
        elif word == "newest":
            fields["newest"] = (*fields.get("newest", ()), _range(rest))
        elif word in ("absent", "failed"):
            line, why = rest.split(" ", 1)
            fields |= {
                "outcome": word,
                "line": int(line.removeprefix("line=")),
                "why": json.loads(why.removeprefix("why=")),
            }
        else:
            raise ValueError(f"its header has an unknown line: {word}")
    return fields


def _words(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        word, _, rest = line.partition(" ")
        yield word, rest


def _parse(seq: int, line: str) -> Event:
    lane, request, who, kind, *rest = line.split(None, 4)
    name, _, unit = lane.partition(".")
    function, _, frame = who.rpartition("#")
    fields: dict[str, Any] = {"seq": seq, "kind": kind, "lane": name, "unit": int(unit or 0)}
    if request != "-":
        fields["request"] = int(request[1:])
    if function:
        fields |= {"function": function, "frame": int(frame)}
    tail, at = (rest[0] if rest else ""), 0
    if tail.startswith('"'):
        fields["text"], at = _DECODER.raw_decode(tail, 0)
    detail: dict[str, Any] = {}
    names: dict[str, Any] = {}
    states: dict[str, Any] = {}
    while at < len(tail):
        match = _KEY.match(tail, at)
        if match is None:
            raise ValueError(f"event {seq}: {tail[at:]!r} is not name=value")
        value, at = _DECODER.raw_decode(tail, match.end())
        group, _, key = match[1].partition(":")
        if group == "name" and key:
            names[key] = value
        elif group == "state" and key:
            states[key] = value
        elif match[1] == "asgi":
            fields["asgi"] = value
        else:
            detail[match[1]] = value
    return Event(**fields, detail=detail, names=names, states=states)


class Form(NamedTuple):
    """How the lines of one format are written and read."""

    write: Callable[[Event], str]
    read: Callable[[int, str], Event]


FORMATS: dict[int, Form] = {FORMAT: Form(event_line, _parse)}
"""The formats that this recorder knows, its own and older ones.

Who raises `FORMAT` leaves the older entry in. What runs is written in the format of what was accepted,
too: if that is the same line by line, behaviour did not change, and the form alone did.
"""


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
