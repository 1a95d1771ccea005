"""Frames of the snippet: what the interpreter's events mean, one meaning for every tracer.

A tracer (`settrace.py`, `monitoring.py`) tells a `FrameLog` that a frame started, reached a
line, was suspended, resumed, ended; the frame log compares the frame's variables with what they
were, and appends events. A change is told as an event of its own (`set`) at the statement that
made it, since a line is reported before it runs.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any, Literal, Protocol

from asrun.record.log import Log, request_id
from asrun.record.source import Site, Source
from asrun.record.values import Encoder, exception_status, type_name

_CO_OPTIMIZED = 0x1
_CO_GENERATOR = 0x20
_CO_ASYNC_GENERATOR = 0x200
_FOLDED = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}


class Tracer(Protocol):
    """Tells a `FrameLog` what the snippet's frames do."""

    def start(self) -> None:
        """Begin, on every thread."""

    def stop(self) -> None:
        """End; events that are still to come are not told."""


@dataclass
class _Record:
    """What is known of a live frame."""

    serial: int
    function: str
    request: int | None
    """The request in which it started: a finalizer may end it outside."""
    names: dict[str, str]
    hidden: frozenset[str]
    """Names that only comprehensions bind."""
    makes: int = 0
    """Address of the object whose `__init__` it is, or 0."""
    site: Site | None = None
    suspended: Literal["", "yield", "await"] = ""
    failing: bool = False
    """Whether an exception is on its way."""
    told_of: int = 0
    """Address of the exception that was told and after which no line has run, or 0.
    The exception itself is not kept, since it keeps its frames alive."""
    raised_in: tuple[int, ...] = field(default=())
    """Handlers around the statement in which it arrived."""
    closing: bool = False
    """Whether the frame was thrown into by `close`."""
    told: dict[str, Any] = field(default_factory=dict)
    """How that exception was told."""


class FrameLog:
    """Appends the events of the snippet's frames to a log.

    Args:
        log: where the events go.
        source: the snippet's statements.
        encoder: encodes variables and asks watched objects.
        file: the snippet's path, as its code objects carry it.
    """

    def __init__(self, log: Log, source: Source, encoder: Encoder, file: str) -> None:
        self._log = log
        self._source = source
        self._encoder = encoder
        self._file = file
        self._frames: dict[FrameType, _Record] = {}
        self._serial = 0

    def wants(self, code: CodeType) -> bool:
        """Whether a code object is one of the snippet's functions.

        A module's or a class's body is not; a comprehension belongs to the statement it is in.
        """
        return (
            code.co_filename == self._file
            and bool(code.co_flags & _CO_OPTIMIZED)
            and code.co_name not in _FOLDED
        )

    def knows(self, frame: FrameType) -> bool:
        """Whether the frame has started and not ended."""
        return frame in self._frames

    def is_failing(self, frame: FrameType) -> bool:
        """Whether an exception is on its way in the frame, and no `except` has caught it."""
        record = self._frames.get(frame)
        return record is not None and record.failing

    def guarded(self, tell: Callable[..., None], *args: Any) -> None:
        """Call one of the methods below; an error of the recorder is kept, not raised."""
        try:
            tell(*args)
        except Exception as error:  # noqa: BLE001
            self._log.fail(error)

    # ------------------------------------------------------------ what tracers tell

    def started(self, frame: FrameType) -> None:
        """A function was called; its arguments are bound."""
        if self._encoder.asking():
            return
        self._serial += 1
        code = frame.f_code
        function = code.co_qualname.rpartition("<locals>.")[2]
        made = _object_being_made(frame)
        if made in self._encoder.being_made:
            made = 0  # the `__init__` of a base, on behalf of that of the object's own class
        if made:
            self._encoder.being_made.add(made)
        names = self._encoder.names(dict(frame.f_locals))
        hidden = self._source.hidden.get((code.co_name, code.co_firstlineno), frozenset())
        record = _Record(self._serial, function, request_id.get(), names, hidden, makes=made)
        self._frames[frame] = record
        # co_firstlineno is the first decorator's line, which belongs to the function's statement.
        site = self._source.site(code.co_firstlineno)
        states = self._encoder.changed_states(self._held(frame))
        # What a closure sees is not what it was called with.
        arguments = {k: v for k, v in names.items() if k not in code.co_freevars}
        self._add("call", record, site, names=arguments, states=states)

    def line(self, frame: FrameType, line: int) -> None:
        """A line is about to run."""
        record = self._frames.get(frame)
        if record is None:
            return
        site = self._source.site(line)
        record.told_of = 0
        if record.failing:
            if site.line in self._source.handlers and site.silent:
                return  # asked whether it catches: that shows in the line after it
            entered = [h for h in site.handlers if h not in record.raised_in]
            if entered:
                header = entered[-1]
                record.site = Site(header, self._source.handlers[header])
                record.failing = False
                told = {**record.told.get("detail", {}), **record.told.get("shown", {})}
                self._add("catch", record, record.site, shown=told)
        # Within one statement nothing is told: a comprehension may be in the middle of its names.
        if record.site is None or record.site.line != site.line:
            self._observe(frame, record)
        record.site = site
        extra: dict[str, Any] = {"silent": True} if site.silent else {}
        self._add("line", record, site, **extra)

    def suspended(self, frame: FrameType, how: Literal["yield", "await"], value: Any) -> None:
        """The frame lends a value at `yield`, or waits at `await`."""
        record = self._frames.get(frame)
        if record is None:
            return
        if how == "yield":
            self._observe(frame, record)
            if frame.f_code.co_flags & _CO_ASYNC_GENERATOR:
                # The interpreter wraps what an async generator yields; the wrapper holds only it.
                held = gc.get_referents(value)
                value = held[0] if held else None
            detail = {"value": self._encoder.encode(value)}
            # What no name of the frame holds may be seen here for the first time.
            states = self._encoder.changed_states({**self._held(frame), "": value})
            self._add("yield", record, record.site, detail=detail, states=states)
        else:
            self._add("wait", record, record.site)
        record.suspended = how

    def resumed(self, frame: FrameType) -> None:
        """The frame goes on after a `yield` or an `await`."""
        record = self._frames.get(frame)
        if record is None:
            return
        after, record.suspended = record.suspended or "await", ""
        states = self._encoder.changed_states(self._held(frame)) if after == "yield" else {}
        self._add("resume", record, record.site, detail={"after": after}, states=states)

    def thrown(self, frame: FrameType, error: BaseException) -> None:
        """The frame goes on with an exception: at its `yield`, or at its `await`.

        What fails at an `await` comes this way, too: it is told as resumed, then raised.
        """
        record = self._frames.get(frame)
        if record is None:
            return
        if record.suspended != "yield":
            self.resumed(frame)
            if not isinstance(error, StopIteration):  # so an await learns what it waited for
                self.raised(frame, error)
            return
        record.suspended = ""
        states = self._encoder.changed_states(self._held(frame))
        self._mark(record, error)
        record.closing = self._is_close(frame, error)
        closing = {"closing": True} if record.closing else {}
        self._add("throw", record, record.site, states=states, **closing, **record.told)

    def raised(self, frame: FrameType, error: BaseException) -> None:
        """An exception starts in this frame, or arrives in it from a call or an await."""
        record = self._frames.get(frame)
        if record is None or record.told_of == id(error):
            return
        self._observe(frame, record)
        self._mark(record, error)
        self._add("raise", record, record.site, **record.told)

    def ended(self, frame: FrameType, value: Any) -> None:
        """The frame returns."""
        record = self._frames.pop(frame, None)
        if record is None:
            return
        self._encoder.being_made.discard(record.makes)
        self._observe(frame, record)
        generator = frame.f_code.co_flags & (_CO_GENERATOR | _CO_ASYNC_GENERATOR)
        detail = {} if generator else {"value": self._encoder.encode(value)}
        # As with what is yielded: what is returned may be seen here for the first time.
        states = {} if generator else self._encoder.changed_states({"": value})
        self._add("return", record, record.site, detail=detail, states=states)

    def unwound(self, frame: FrameType) -> None:
        """The frame ends by the exception that arrived in it last."""
        record = self._frames.pop(frame, None)
        if record is None:
            return
        self._encoder.being_made.discard(record.makes)
        states = self._encoder.changed_states(self._held(frame))
        if states:
            self._add("set", record, record.site, states=states)
        closing = {"closing": True} if record.closing else {}
        self._add("unwind", record, record.site, **closing, **record.told)

    # ------------------------------------------------------------ private

    @staticmethod
    def _is_close(frame: FrameType, error: BaseException) -> bool:
        """Whether this is `close`, which CPython 3.13 does not raise where no code waits for it."""
        is_async = frame.f_code.co_flags & _CO_ASYNC_GENERATOR
        return type(error) is GeneratorExit and not is_async

    def _mark(self, record: _Record, error: BaseException) -> None:
        record.failing, record.told_of = True, id(error)
        record.told = self._exception(error)
        record.raised_in = record.site.handlers if record.site else ()

    def _exception(self, error: BaseException) -> dict[str, Any]:
        detail: dict[str, Any] = {"exception": type_name(error)}
        status = exception_status(error)
        if status is not None:
            detail["status"] = status
        return {"detail": detail, "shown": {"text": self._encoder.encode(error)}}

    def _held(self, frame: FrameType) -> dict[str, Any]:
        """What a frame holds, and what its code reaches by global names: those may be asked."""
        if not self._encoder.watching():
            return {}
        named = frame.f_globals
        reached = {name: named[name] for name in frame.f_code.co_names if name in named}
        return {**reached, **frame.f_locals}

    def _observe(self, frame: FrameType, record: _Record) -> None:
        """Append a `set` where the statement that has just run changed a name or a state."""
        variables = {k: v for k, v in frame.f_locals.items() if k not in record.hidden}
        names = self._encoder.names(variables)
        changed: dict[str, str | None] = {
            k: v for k, v in names.items() if record.names.get(k) != v
        }
        changed |= {k: None for k in record.names if k not in names}
        states = self._encoder.changed_states(self._held(frame))
        record.names = names
        if changed or states:
            self._add("set", record, record.site, names=changed, states=states)

    def _add(self, kind: str, record: _Record, site: Site | None, **fields: Any) -> None:
        place: dict[str, Any] = {"line": site.line, "text": site.text} if site else {}
        fields |= {"function": record.function, "frame": record.serial, "request": record.request}
        self._log.add(kind, **place, **fields)


def _object_being_made(frame: FrameType) -> int:
    """The address of the object whose `__init__` a frame is; 0 where it is none."""
    code = frame.f_code
    if code.co_name != "__init__" or not code.co_argcount:
        return 0
    return id(frame.f_locals.get(code.co_varnames[0]))
