"""The filters of a query: what they are called, what they match, and how a wrong one is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from asrun.judge.moments import Misuse, Moment, NotFound
from asrun.judge.replay import Event
from asrun.judge.words import ASGI, KINDS, LANES, Words, closest, squeeze

if TYPE_CHECKING:
    from asrun.judge.queries import Trace


class Filters(TypedDict, total=False):
    """What an event has to be, to be found; all that are given have to fit."""

    kind: str
    """The kind of event: "send", "yield", "done"."""
    function: str
    """The function whose frame it is, by its qualified name: "get_db"."""
    line: str
    """The statement's source on one line: it starts, unless `kind` says something else."""
    asgi: str
    """Type of the ASGI scope or message: "http.response.start"."""
    lane: str
    """Where it ran: "client", "wire", "loop" or "worker"."""
    request: int
    """Which request of the scenario, from 1."""
    called: str
    """A function that is called (a frame starts)."""
    yielded: str
    """A generator that lends a value and is suspended."""
    resumed: str
    """A function that goes on; say with `at` after what."""
    at: Literal["yield", "await"]
    """With `resumed`: where the function was suspended."""
    thrown: str
    """A function into which an exception is thrown where it was suspended."""
    returned: str
    """A function that returns."""
    raised: str
    """A function in which an exception starts or arrives."""
    caught: str
    """A function that goes on after an exception."""
    unwound: str
    """A function that ends by an exception."""
    state: str
    """A watched object comes to that state."""
    of: str
    """With `state`: whose, by type or number: "AsyncSession", "AsyncSession#1"."""
    name: str
    """A local name is set."""
    exception: str
    """The exception's type: "IndexError"."""
    text: str
    """What is printed, logged or warned, in full."""
    probe: str
    """A probe on FastAPI or Starlette, by its name: "solve_dependencies"."""
    phase: Literal["start", "end", "point"]
    """With `probe`: which end of it."""
    about: str
    """With `probe`: the function, or the part of the request, that it is about."""
    before: Moment
    """Only what came before this moment."""
    after: Moment
    """Only what came after this moment."""


SHORTHANDS = {
    "called": "call",
    "yielded": "yield",
    "resumed": "resume",
    "thrown": "throw",
    "returned": "return",
    "raised": "raise",
    "caught": "catch",
    "unwound": "unwind",
}
"""Filters that name a function and imply the kind."""

BOUNDS = ("before", "after")
NAMES = tuple(Filters.__annotations__)


def _same_line(text: str | None, line: str) -> bool:
    if text is None:
        return False
    if text.endswith("…"):  # a statement longer than the recorder keeps
        return squeeze(line).startswith(squeeze(text[:-1])) or squeeze(line) == squeeze(text)
    return squeeze(text) == squeeze(line)


def _comes_to(event: Event, state: str, of: str | None) -> bool:
    return any(
        value == state and (of is None or thing == of or thing.partition("#")[0] == of)
        for thing, value in event.get("states", {}).items()
    )


def _fits(event: Event, name: str, wanted: Any, filters: Mapping[str, Any]) -> bool:
    """Whether an event fits one filter, in the light of the others."""
    match name:
        case "kind" | "function" | "asgi" | "lane" | "request":
            return bool(event.get(name) == wanted)
        case "line":
            kind = event["kind"] if "kind" in filters else "line"
            return event["kind"] == kind and _same_line(event.get("text"), wanted)
        case "state":
            return _comes_to(event, wanted, filters.get("of"))
        case "name":
            return event.get("names", {}).get(wanted) is not None
        case "at":
            return bool(event.get("detail", {}).get("after") == wanted)
        case "text":
            said = {**event.get("shown", {}), **event.get("detail", {})}
            return bool(said.get("text") == wanted)
        case "about":
            return bool(event.get("detail", {}).get("for") == wanted)
        case "exception" | "phase" | "probe":
            return bool(event.get("detail", {}).get(name) == wanted)
        case _ if name in SHORTHANDS:
            return bool(event["kind"] == SHORTHANDS[name] and event.get("function") == wanted)
    return True


def matches(event: Event, filters: Mapping[str, Any]) -> bool:
    """Whether an event fits all filters but the bounds."""
    # Asked of every event for every query: `all` would make a generator each time.
    for name, wanted in filters.items():  # noqa: SIM110
        if not _fits(event, name, wanted, filters):
            return False
    return True


def find(
    events: Sequence[Event], filters: Mapping[str, Any], bounds: Mapping[str, int]
) -> list[int]:
    """Places of the events that fit all filters and bounds, in order."""
    first = bounds.get("after", -1) + 1
    last = bounds.get("before", len(events))
    return [at for at in range(first, last) if matches(events[at], filters)]


def show(op: str, filters: Mapping[str, Any]) -> str:
    """A query as the author wrote it: `first(line="await db.close()", after=…)`."""
    parts = [
        f'{name}="{value}"' if isinstance(value, str) and '"' not in value else f"{name}={value!r}"
        for name, value in filters.items()
    ]
    return f"{op}({', '.join(parts)})"


def check(op: str, filters: Mapping[str, Any], trace: Trace) -> dict[str, int]:
    """Refuse a query that can't mean anything; the places of its bounds otherwise.

    Raises:
        Misuse: a filter that does not exist, or a value that it can't have.
        NotFound: a word that neither the app nor any of the lesson's traces knows.
    """
    if not filters:
        raise Misuse(f'{op}() asks for nothing; give it a filter, as in {op}(called="read_item")')
    bounds: dict[str, int] = {}
    for name, value in filters.items():
        if name not in NAMES:
            near = closest(name, NAMES)
            raise Misuse(
                f"there is no filter {name}="
                + (f"; did you mean {near}=?" if near else f"; there are {', '.join(NAMES)}")
            )
        if name in BOUNDS:
            bounds[name] = _bound(name, value, trace)
        elif name == "request":
            if isinstance(value, bool) or not isinstance(value, int):
                raise Misuse(f"request={value!r}: a request has a number, from 1")
        elif not isinstance(value, str):
            raise Misuse(f"{name}={value!r}: {name}= takes text")
    kinds = [f"{n}=" for n in filters if n in SHORTHANDS]
    if len(kinds) > 1 or (kinds and "kind" in filters):
        given = ", ".join(kinds + (["kind="] if "kind" in filters else []))
        raise Misuse(f"{given}: each names a kind of event, and an event has one")
    for part, whole in (("at", "resumed"), ("phase", "probe"), ("about", "probe"), ("of", "state")):
        if part in filters and whole not in filters and not (part == "at" and "kind" in filters):
            raise Misuse(f"{part}= goes with {whole}=")
    if filters.get("at", "yield") not in {"yield", "await"}:
        raise Misuse(f'at="{filters["at"]}": a function is suspended at "yield" or at "await"')
    if filters.get("phase", "start") not in {"start", "end", "point"}:
        raise Misuse(f'phase="{filters["phase"]}": a phase is "start", "end" or "point"')
    _check_words(filters, trace._words)
    return bounds


def _bound(name: str, value: Any, trace: Trace) -> int:
    if isinstance(value, str) and value in {"yield", "await"}:
        raise Misuse(f'{name}="{value}": {name}= takes a moment; write at="{value}"')
    if not isinstance(value, Moment):
        raise Misuse(f"{name}={value!r}: {name}= takes a moment, which a query has found")
    if value._trace is not trace:
        raise Misuse(
            f"{name}= is given {value!r} of the run `{value._trace._scenario}`, "
            f"but the run `{trace._scenario}` is asked"
        )
    return value._place


def _check_words(filters: Mapping[str, Any], words: Words) -> None:
    known: dict[str, tuple[str, tuple[str, ...], str]] = {
        "kind": ("kind of event", KINDS, "there is"),
        "lane": ("lane", LANES, "there is"),
        "asgi": ("ASGI scope or message", ASGI, "there is"),
        "line": ("statement", words.lines, "app.py has"),
        "name": ("local name", tuple(words.names), "app.py has"),
        "state": ("state", tuple(words.states) if words.closed else (), "the lesson knows"),
    }
    known |= {
        n: ("function", tuple(words.functions), "app.py has") for n in ("function", *SHORTHANDS)
    }
    for name, (what, there, who) in known.items():
        word = filters.get(name)
        if word is None or not there:
            continue
        if name == "line":
            if any(_same_line(text, word) for text in there):
                continue
        elif word in there:
            continue
        near = closest(word, there)
        raise NotFound(f"{who} no {what} `{word}`" + (f"; did you mean `{near}`?" if near else ""))
