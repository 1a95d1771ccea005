"""What of a recording is compared between two releases of FastAPI.

Within one release every line counts. Between releases these do not:

    probes              how FastAPI divides its work inside
    validation wording  the `msg` of a validation error, the version in the address of its
                        explanation, and the content-length that depends on both
    late disconnects    whether Starlette's listener still hears, after a client has its whole
                        response, that the connection is over
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_QUOTED = r'\\"(?:[^"\\]|\\\\(?:\\["\\]|[^"\\]))*\\"'
"""A JSON text inside a JSON text, as a body stands on a recording's line."""
_MESSAGE = re.compile(rf'(\\"msg\\":){_QUOTED}')
_ADDRESS = re.compile(r"(https://errors\.pydantic\.dev/)[^/\"\\]+/")
_DISCONNECT = 'asgi="http.disconnect"'
_LENGTH = re.compile(r'(\["content-length",")\d+("\])')


def compared(lines: Iterable[str]) -> tuple[str, ...]:
    """The lines of a recording, as they are compared with those on another release."""
    return tuple(by_place(lines).values())


def by_place(lines: Iterable[str]) -> dict[int, str]:
    """The same, each by its place among all lines, from 0."""
    kept: dict[int, str] = {}
    complete: set[str] = set()
    for place, line in enumerate(lines):
        kind = line.split(None, 4)[3]
        if kind == "complete":
            complete.add(_request(line))
        late = _DISCONNECT in line and _request(line) in complete
        if kind != "probe" and not (kind == "receive" and late):
            kept[place] = line
    worded = {_request(line) for line in kept.values() if _is_worded(line)}
    return {
        place: _plain(line) if _request(line) in worded else line for place, line in kept.items()
    }


def _is_worded(line: str) -> bool:
    """Whether an event holds the body of validation errors."""
    return r"\"loc\":[" in line and _MESSAGE.search(line) is not None


def _plain(line: str) -> str:
    if _is_worded(line):
        line = _ADDRESS.sub(r"\1…/", _MESSAGE.sub(r"\1…", line))
    return _LENGTH.sub(r"\1…\2", line)


def _request(line: str) -> str:
    return line.split(None, 2)[1]
