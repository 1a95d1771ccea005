"""What a recording child gives back, looked at before anyone believes it.

A child runs contributed code next to the recorder. What it hands over may be anything; from here on
it has the shape that the stages after this one rely on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from asrun.endings import Place, places
from asrun.model import KINDS, Lane

_LANES: tuple[str, ...] = get_args(Lane)
_STATUSES = ("crashed", "hung", "refused", "lesson-invalid")
_VERSIONS = ("fastapi", "starlette", "pydantic", "anyio", "python")


@dataclass(frozen=True, slots=True)
class Recording:
    """A scenario's raw recording.

    Attributes:
        events: the recorder's raw events.
        versions: of what it ran on.
        requests: how many requests the scenario made.
        files: files that it opened, by their paths below the project's root.
    """

    events: list[dict[str, Any]]
    versions: dict[str, str]
    requests: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with the lesson.

    Attributes:
        kind: a kind of problem.
        message: in a sentence.
        todo: what to do about it; "" where the kind says it.
        stack: the author's frames, innermost last.
    """

    kind: str
    message: str
    todo: str
    stack: tuple[Place, ...]


def read(result: Mapping[str, Any], root: Path) -> Recording | Wrong:
    """What `record.child.main` returned.

    Args:
        result: as it came.
        root: the project's root.

    Raises:
        ValueError: it can't have returned that.
    """
    try:
        if result["status"] == "recorded":
            found = recording(result)
            return replace(found, files=tuple(sorted(_below(root, found.files))))
        if result["status"] not in _STATUSES:
            raise ValueError(f"its status is {result['status']!r}")
        message, todo = str(result["message"]), str(result.get("todo", ""))
        return Wrong(result["status"], message, todo, places(result["stack"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _below(root: Path, files: Iterable[str]) -> Iterator[str]:
    """Paths below the root, of files that lie there."""
    real = root.resolve()
    for file in map(Path, files):
        for start in (root, real):
            if file.is_relative_to(start):
                yield file.relative_to(start).as_posix()
                break


def recording(data: Mapping[str, Any]) -> Recording:
    """A recording, from a child or from the cache.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    events = _checked(data["events"], list, "events")
    for event in events:
        _check_event(event)
    versions = {name: _checked(data["versions"][name], str, name) for name in _VERSIONS}
    files = tuple(_checked(f, str, "files") for f in data.get("files", ()))
    return Recording(events, versions, _checked(data["requests"], int, "requests"), files)


def _checked(value: Any, kind: type | tuple[type, ...], name: str) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"`{name}` is of type {type(value).__name__}")
    return value


_Test = Callable[[Any], bool]


def _is(*kinds: type) -> _Test:
    return lambda value: isinstance(value, kinds)


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(v, (str, type(None))) for v in value.values())


_FIELDS: dict[str, _Test] = {
    "kind": KINDS.__contains__,
    "lane": _LANES.__contains__,
    "unit": lambda value: isinstance(value, int) and value >= 0,
    "request": _is(int, type(None)),
    "function": _is(str, type(None)),
    "frame": _is(int, type(None)),
    "line": _is(int, type(None)),
    "text": _is(str, type(None)),
    "file": _is(str, type(None)),
    "asgi": _is(str, type(None)),
    "detail": _is(dict),
    "shown": _is(dict),
    "names": _texts,
    "states": _texts,
}


def _check_event(event: Any) -> None:
    for name in ("kind", "lane", "unit", "request"):
        if name not in event:
            raise ValueError(f"an event has no `{name}`")
    for name, value in event.items():
        test = _FIELDS.get(name)
        if test is not None and not test(value):
            raise ValueError(f"an event's `{name}` is {value!r:.80}")
