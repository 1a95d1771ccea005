"""`Moment`, an event that a query found, and the errors that speak of moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from asrun.judge.log import Comparison, Read
from asrun.judge.replay import Event, body_follows, frame_key

if TYPE_CHECKING:
    from asrun.judge.queries import Trace


class NotFound(LookupError):
    """A query that has to find an event, a state or a value found none, or more than one.

    Args:
        message: which query, and what there is instead.
        touched: what there is too many of, or what bounds the search: scenarios and places.
    """

    def __init__(self, message: str, touched: tuple[tuple[str, int], ...] = ()) -> None:
        super().__init__(message)
        self.touched = touched


class Misuse(TypeError):
    """A trace or a moment was used as it can't be; the message says what to write instead."""


_SAID = {
    "request": "the client's request",
    "response": "the arrival of the response's head",
    "chunk": "the arrival of a piece of the body",
    "complete": "the arrival of the whole response",
    "left": "the client's leaving",
    "broken": "the breaking of the connection",
    "message": "a message of the {by}",
    "closed": "the closing by the {by}",
    "scope": "the {asgi} scope",
    "send": "{asgi}",
    "receive": "{asgi}, received",
    "done": "the return of the app's call",
    "failed": "the failure of the app's call",
    "call": "the call of {function}",
    "line": "{text}",
    "set": "what {text} set",
    "yield": "the yield of {function}",
    "wait": "the waiting at {text}",
    "resume": "the resume of {function} after {after}",
    "throw": "the throw into {function}",
    "return": "the return of {function}",
    "raise": "the exception in {function}",
    "catch": "the catch in {function}",
    "unwind": "the end of {function} by an exception",
    "probe": "the {phase} of {probe}",
    "print": "the print",
    "log": "the log record",
    "warning": "the warning",
    "unhandled": "the exception that no one retrieved",
}

_TOLD_OF_EXCEPTION = {"raise", "unwind", "throw", "catch", "unhandled", "failed"}


def describe(event: Event) -> str:
    """An event in a few words, code in backquotes: the resume of `get_db` after yield."""
    kind, detail = event["kind"], event.get("detail", {})
    function = f"`{event['function']}`" if event.get("function") else "the app"
    said = _SAID[kind].format(
        asgi=f"`{event.get('asgi')}`",
        function=function,
        text=f"`{event['text']}`" if event.get("text") else function,
        after=detail.get("after", "await"),
        phase=detail.get("phase", "point"),
        by=detail.get("by", "server"),
        probe=f"`{detail.get('probe')}`",
    )
    if kind == "set":
        changes = [f"{thing} {state}" for thing, state in event.get("states", {}).items()]
        changes += [f"{n} = {v}" for n, v in event.get("names", {}).items() if v is not None]
        said += f", {', '.join(changes)}" if changes else ""
    if kind in _TOLD_OF_EXCEPTION and detail.get("exception"):
        said += f", {detail['exception']}"
    return said


def told(event: Event) -> str:
    """An event in a few words, with its number."""
    return f"{describe(event)} (event {event['seq']})"


class Moment:
    """An event that a query found.

    Moments of one trace are ordered: `sent < back` says that `sent` came first. What the event
    carries is read by attribute; reading what it does not carry raises an error that says so.
    """

    __slots__ = ("_event", "_place", "_trace")

    def __init__(self, trace: Trace, place: int) -> None:
        self._trace = trace
        self._place = place
        self._event = trace._events[place]

    def __repr__(self) -> str:
        return told(self._event)

    # ------------------------------------------------------------------ order

    def _compare(self, other: object, sign: str) -> int:
        if not isinstance(other, Moment):
            raise Misuse(
                f"{self!r} {sign} {other!r}: a moment is compared with a moment; to compare "
                "what it holds, read it first (.status, .value, .lane)"
            )
        if other._trace is not self._trace:
            raise Misuse(
                f"{self!r} is of the run `{self._trace._scenario}` and {other!r} of "
                f"`{other._trace._scenario}`: moments of two runs have no order; compare what they "
                "hold, or the order inside each run"
            )
        self._trace._log.add(Comparison(self._trace._scenario, self._place, other._place))
        return self._place - other._place

    def __lt__(self, other: Moment) -> bool:
        return self._compare(other, "<") < 0

    def __le__(self, other: Moment) -> bool:
        return self._compare(other, "<=") <= 0

    def __gt__(self, other: Moment) -> bool:
        return self._compare(other, ">") > 0

    def __ge__(self, other: Moment) -> bool:
        return self._compare(other, ">=") >= 0

    def __eq__(self, other: object) -> bool:
        return self._compare(other, "==") == 0

    def __ne__(self, other: object) -> bool:
        return self._compare(other, "!=") != 0

    def __hash__(self) -> int:
        return hash((id(self._trace), self._place))

    if not TYPE_CHECKING:

        def __bool__(self) -> NoReturn:
            raise Misuse(
                f"{self!r} is a moment, and always true; ask trace.count(...) or trace.never(...) "
                "whether something happened"
            )

    # ------------------------------------------------------------------ reads

    def _read(self, field: str, value: Any) -> Any:
        self._trace._log.add(Read(self._trace._scenario, self._place, field, value))
        return value

    def _own(self, field: str) -> Any:
        value = self._event.get(field)
        if value is None:
            raise NotFound(f"{self!r} has no {field}")
        return self._read(field, value)

    def _detail(self, key: str) -> Any:
        detail = self._event.get("detail", {})
        if key not in detail:
            there = f"; it has {', '.join(sorted(detail))}" if detail else ""
            raise NotFound(f"{self!r} has no {key}{there}")
        return self._read(f"detail:{key}", detail[key])

    @property
    def kind(self) -> str:
        """The kind of event: "send", "yield", "return"."""
        return str(self._own("kind"))

    @property
    def lane(self) -> str:
        """Where it ran: "client", "wire", "loop" (a task of the event loop) or "worker"."""
        return str(self._own("lane"))

    @property
    def unit(self) -> int:
        """Which task or worker thread of the lane, numbered as first seen from 1."""
        return int(self._read("unit", self._event.get("unit", 0)))

    @property
    def thread(self) -> str:
        """The thread it ran in: "event loop", "worker thread 1"."""
        lane, unit = self._event["lane"], self._event.get("unit", 0)
        return str(
            self._read("unit", f"worker thread {unit}" if lane == "worker" else "event loop")
        )

    @property
    def request(self) -> int | None:
        """Which request of the scenario, from 1; None for what belongs to none."""
        request: int | None = self._read("request", self._event.get("request"))
        return request

    @property
    def function(self) -> str:
        """Qualified name of the function whose frame it is."""
        return str(self._own("function"))

    @property
    def frame(self) -> tuple[Any, ...]:
        """Identity of the frame, only good for `==` with another moment's frame."""
        key = frame_key(self._event)
        if key is None:
            raise NotFound(f"{self!r} has no frame")
        frame: tuple[Any, ...] = self._read("frame", key)
        return frame

    @property
    def asgi(self) -> str:
        """Type of the ASGI scope or message."""
        return str(self._own("asgi"))

    @property
    def status(self) -> int:
        """The response's status code."""
        return int(self._detail("status"))

    @property
    def headers(self) -> Headers:
        """The headers, by name: `sent.headers["content-type"]`, `"etag" in sent.headers`."""
        pairs = self._event.get("detail", {}).get("headers")
        if pairs is None:
            raise NotFound(f"{self!r} has no headers")
        return Headers(self, pairs)

    @property
    def body(self) -> str:
        """The message's body, as text."""
        return str(self._detail("body"))

    @property
    def more_body(self) -> bool:
        """Whether more of the body follows this message; by default, as in ASGI, none does."""
        self._own("asgi")
        return bool(self._read("detail:more_body", body_follows(self._event)))

    @property
    def value(self) -> str:
        """What was yielded or returned, as `repr` would print it."""
        return str(self._detail("value"))

    @property
    def exception(self) -> str:
        """The exception's type."""
        return str(self._detail("exception"))

    @property
    def text(self) -> str:
        """The statement's source; of a print, log record or message, what it says."""
        if self._event.get("text") is not None:
            return str(self._own("text"))
        shown = self._event.get("shown", {})
        if "text" in shown:
            return str(self._read("shown:text", shown["text"]))
        return str(self._detail("text"))

    def get(self, key: str) -> Any:
        """What else the event carries: `probe.get("for")`, `request.get("method")`."""
        return self._detail(key)


class Absent(Moment):
    """A moment that is not there: the failure of its lookup, put off until it is used.

    Only runs that could have been have it. A proof may look up what it cites before it asserts
    that it happens; its assertions have to be tried all the same.
    """

    __slots__ = ("_failure",)

    def __init__(self, failure: NotFound) -> None:
        self._failure = failure

    def __getattribute__(self, name: str) -> Any:
        if name in {"__class__", "_failure"}:
            return object.__getattribute__(self, name)
        raise object.__getattribute__(self, "_failure")

    def _raise(self, *_: object) -> NoReturn:
        raise object.__getattribute__(self, "_failure")

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = __hash__ = _raise
    __repr__ = _raise
    if not TYPE_CHECKING:
        __bool__ = _raise


class Headers(Mapping[str, str]):
    """Headers of a message, by their name in any case; several of one name are joined by `, `."""

    def __init__(self, moment: Moment, pairs: list[list[str]]) -> None:
        self._moment = moment
        self._values: dict[str, str] = {}
        for name, value in pairs:
            old = self._values.get(name.lower())
            self._values[name.lower()] = value if old is None else f"{old}, {value}"

    def __getitem__(self, name: str) -> str:
        if name.lower() not in self._values:
            raise NotFound(
                f"{self._moment!r} has no header `{name}`; it has {', '.join(sorted(self._values))}"
            )
        return str(self._moment._read(f"header:{name.lower()}", self._values[name.lower()]))

    def __contains__(self, name: object) -> bool:
        key = str(name).lower()
        self._moment._read(f"header:{key}", self._values.get(key))
        return key in self._values

    def get(self, name: str, default: Any = None) -> Any:
        """The header's value, or `default` where there is none."""
        key = name.lower()
        value = self._moment._read(f"header:{key}", self._values.get(key))
        return default if value is None else value

    def __iter__(self) -> Iterator[str]:
        self._moment._read("headers", tuple(self._values.items()))
        return iter(self._values)

    def __len__(self) -> int:
        self._moment._read("headers", tuple(self._values.items()))
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)
