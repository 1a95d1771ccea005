"""The program around the snippet: what it prints, logs, warns of, and what no one handles."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import warnings
from typing import Any

from asrun.record.log import Log
from asrun.record.values import Encoder, shorten

MAX_LINE = 200


class _Stdout(io.TextIOBase):
    """Turns what is printed into events, a line each."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._held = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._held += text
        while "\n" in self._held:
            line, _, self._held = self._held.partition("\n")
            self._log.add("print", detail={"text": shorten(line, MAX_LINE)})
        return len(text)

    def flush_last(self) -> None:
        """Tell what was printed without an end of line."""
        if self._held:
            self.write("\n")


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
        self._stdout = _Stdout(log)

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin; for the life of the process."""
        sys.stdout = self._stdout
        logging.getLogger().addHandler(_LogHandler(self._log))
        warnings.simplefilter("always")
        warnings.showwarning = self._warned
        loop.set_exception_handler(self._unhandled)

    def flush(self) -> None:
        """Tell what is still held back."""
        self._stdout.flush_last()

    def _warned(self, message: Warning | str, category: type[Warning], *place: Any) -> None:
        self._log.add(
            "warning",
            detail={"category": category.__name__},
            shown={"text": shorten(str(message), MAX_LINE)},
        )

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._log.add(
            "unhandled",
            detail={"exception": type(error).__name__ if error else ""},
            shown={"text": self._encoder.encode(error) if error else shorten(str(context.get("message")), MAX_LINE)},
        )
