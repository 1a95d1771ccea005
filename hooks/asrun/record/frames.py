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

from asrun.record.log import Log
from asrun.record.source import Site, Source
from asrun.record.values import Encoder

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
    names: dict[str, str]
    site: Site | None = None
    suspended: Literal["", "yield", "await"] = ""
    exception: int = 0
    """Address of the exception that is on its way; 0 where there is none."""
    raised_in: tuple[int, ...] = field(default=())
    """Handlers around the statement in which it arrived."""
    told: dict[str, Any] = field(default_factory=dict)
    """How that exception was told; the exception itself is not kept, since it keeps its frames alive."""


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

    def guarded(self, tell: Callable[..., None], *args: Any) -> None:
        """Call one of the methods below; an error of the recorder is kept, never raised into the app."""
        try:
            tell(*args)
        except Exception as error:
            self._log.fail(error)

    # ------------------------------------------------------------ what tracers tell

    def started(self, frame: FrameType) -> None:
        """A function was called; its arguments are bound."""
        self._serial += 1
        code = frame.f_code
        function = code.co_qualname.rpartition("<locals>.")[2]
        names = self._encoder.names(dict(frame.f_locals))
        record = _Record(self._serial, function, names)
        self._frames[frame] = record
        # co_firstlineno is the first decorator's line, which belongs to the function's own statement.
        site = self._source.site(code.co_firstlineno)
        states = self._encoder.changed_states(dict(frame.f_locals))
        self._add("call", record, site, names=dict(names), states=states)

    def line(self, frame: FrameType, line: int) -> None:
        """A line is about to run."""
        record = self._frames.get(frame)
        if record is None:
            return
        self._observe(frame, record)
        site = self._source.site(line)
        if record.exception:
            entered = [h for h in site.handlers if h not in record.raised_in]
            if entered:
                header = entered[-1]
                self._add("catch", record, Site(header, self._source.handlers[header]))
                record.exception = 0
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
            self._add("yield", record, record.site, detail={"value": self._encoder.encode(value)})
        else:
            self._add("wait", record, record.site)
        record.suspended = how

    def resumed(self, frame: FrameType) -> None:
        """The frame goes on after a `yield` or an `await`."""
        record = self._frames.get(frame)
        if record is None:
            return
        after, record.suspended = record.suspended or "await", ""
        states = self._encoder.changed_states(dict(frame.f_locals)) if after == "yield" else {}
        self._add("resume", record, record.site, detail={"after": after}, states=states)

    def thrown(self, frame: FrameType, error: BaseException) -> None:
        """The frame goes on at its `yield`, with an exception raised there."""
        record = self._frames.get(frame)
        if record is None:
            return
        record.suspended = ""
        states = self._encoder.changed_states(dict(frame.f_locals))
        self._mark(record, error)
        self._add("throw", record, record.site, states=states, **record.told)

    def raised(self, frame: FrameType, error: BaseException) -> None:
        """An exception starts in this frame, or arrives in it from a call or an await."""
        record = self._frames.get(frame)
        if record is None or record.exception == id(error):
            return
        self._observe(frame, record)
        self._mark(record, error)
        self._add("raise", record, record.site, **record.told)

    def ended(self, frame: FrameType, value: Any) -> None:
        """The frame returns."""
        record = self._frames.pop(frame, None)
        if record is None:
            return
        self._observe(frame, record)
        generator = frame.f_code.co_flags & (_CO_GENERATOR | _CO_ASYNC_GENERATOR)
        detail = {} if generator else {"value": self._encoder.encode(value)}
        self._add("return", record, record.site, detail=detail)

    def unwound(self, frame: FrameType, error: BaseException | None = None) -> None:
        """The frame ends by an exception; None for the one that arrived in it last."""
        record = self._frames.pop(frame, None)
        if record is None:
            return
        self._observe(frame, record)
        self._add("unwind", record, record.site, **(self._exception(error) if error else record.told))

    # ------------------------------------------------------------ private

    def _mark(self, record: _Record, error: BaseException) -> None:
        record.exception = id(error)
        record.told = self._exception(error)
        record.raised_in = record.site.handlers if record.site else ()

    def _exception(self, error: BaseException) -> dict[str, Any]:
        detail: dict[str, Any] = {"exception": type(error).__name__}
        status = error.__dict__.get("status_code")
        if isinstance(status, int):
            detail["status"] = status
        return {"detail": detail, "shown": {"text": self._encoder.encode(error)}}

    def _observe(self, frame: FrameType, record: _Record) -> None:
        """Append a `set` where the statement that has just run changed a name or a state."""
        variables = dict(frame.f_locals)
        names = self._encoder.names(variables)
        changed: dict[str, str | None] = {k: v for k, v in names.items() if record.names.get(k) != v}
        changed |= {k: None for k in record.names if k not in names}
        states = self._encoder.changed_states(variables)
        record.names = names
        if changed or states:
            self._add("set", record, record.site, names=changed, states=states)

    def _add(self, kind: str, record: _Record, site: Site | None, **fields: Any) -> None:
        place = {"line": site.line, "text": site.text} if site else {}
        self._log.add(kind, function=record.function, frame=record.serial, **place, **fields)
