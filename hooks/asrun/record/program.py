"""The program around the snippet: what it prints, logs, warns of, and what no one handles."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import threading
import warnings
from typing import Any

from asrun.record.log import Log, RawEvent, request_id
from asrun.record.loop import VirtualLoop
from asrun.record.values import Encoder, shorten, type_name

MAX_LINE = 200


class _Stream(io.TextIOBase):
    """Turns what is printed into events, a line each, at the moment at which the line begins.

    Args:
        log: where the events go.
        detail: what else the events say.
    """

    def __init__(self, log: Log, **detail: str) -> None:
        self._log = log
        self._detail = detail
        self._begun: dict[int, RawEvent] = {}
        """Lines that have no end yet, by thread."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        me = threading.get_ident()
        for piece in text.splitlines(keepends=True):
            line = self._begun.get(me)
            if line is None:
                line = self._begun[me] = self._log.add("print", detail={"text": "", **self._detail})
            told = line["detail"]["text"] + piece.removesuffix("\n")
            line["detail"]["text"] = shorten(told, MAX_LINE)
            if piece.endswith("\n"):
                del self._begun[me]
        return len(text)


class _LogHandler(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.add(
            "log",
            detail={"logger": record.name, "level": record.levelname},
            shown={"text": shorten(record.getMessage(), MAX_LINE)},
        )


class Program:
    """Captures a process's output and complaints as events.

    Args:
        log: where the events go.
        encoder: encodes exceptions.
    """

    def __init__(self, log: Log, encoder: Encoder) -> None:
        self._log = log
        self._encoder = encoder

    def install(self, loop: VirtualLoop) -> None:
        """Begin; for the life of the process."""
        sys.stdout, sys.stderr = _Stream(self._log), _Stream(self._log, stream="stderr")
        logging.getLogger().addHandler(_LogHandler(self._log))
        warnings.simplefilter("always")
        warnings.showwarning = self._warned  # type: ignore[assignment]
        self._loop = loop
        loop.set_exception_handler(self._unhandled)
        sys.unraisablehook = self._unraisable
        threading.excepthook = self._thread_died

    def _warned(self, message: Warning | str, category: type[Warning], *place: Any) -> None:
        self._log.add(
            "warning",
            detail={"category": category.__name__},
            shown={"text": shorten(str(message), MAX_LINE)},
        )

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Told by a finalizer, in whatever context drops the last reference.
        request = self._loop.request_of(context.get("task") or context.get("future"))
        self._tell(context.get("exception"), str(context.get("message", "")), request)

    def _unraisable(self, args: Any) -> None:
        self._tell(args.exc_value, "", request_id.get(), where="destructor")

    def _thread_died(self, args: Any) -> None:
        if args.exc_type is not SystemExit:
            self._tell(args.exc_value, "", request_id.get(), where="thread")

    def _tell(
        self, error: BaseException | None, message: str, request: int | None, **detail: str
    ) -> None:
        text = self._encoder.encode(error) if error is not None else shorten(message, MAX_LINE)
        name = type_name(error) if error is not None else ""
        detail = {"exception": name, **detail}
        self._log.add("unhandled", request=request, detail=detail, shown={"text": text})
