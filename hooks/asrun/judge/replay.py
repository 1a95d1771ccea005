"""What was so after an event, by replaying a trace: names, states of watched objects, frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

FrameKey = tuple[Any, str, int]
Event = dict[str, Any]


def frame_key(event: Event) -> FrameKey | None:
    """Identity of the event's frame within its trace: request, function, activation."""
    if event.get("function") is None or event.get("frame") is None:
        return None
    return (event.get("request"), event["function"], event["frame"])


def body_follows(event: Event) -> bool:
    """Whether more of the body follows a message of it; ASGI's default is that none does."""
    return bool(event.get("detail", {}).get("more_body", False))


@dataclass(frozen=True, slots=True)
class Held:
    """A value with the place of the event that made it so."""

    value: str
    setter: int


FRAME_STATES = {
    "call": "running",
    "yield": "suspended",
    "wait": "waiting",
    "return": "finished",
    "unwind": "raised",
}
"""The state of a frame after an event of that kind; after any other it is running."""


@dataclass(slots=True)
class After:
    """All that was so after one event."""

    variables: dict[FrameKey, dict[str, Held]] = field(default_factory=dict)
    states: dict[str, Held] = field(default_factory=dict)
    frames: dict[FrameKey, Held] = field(default_factory=dict)


def replay(events: Sequence[Event], place: int) -> After:
    """Replay a trace from its start up to and including the event at `place`."""
    after = After()
    for at, event in enumerate(events[: place + 1]):
        for thing, state in event.get("states", {}).items():
            after.states[thing] = Held(state, at)
        key = frame_key(event)
        if key is None:
            continue
        variables = after.variables.setdefault(key, {})
        for name, value in event.get("names", {}).items():
            if value is None:
                variables.pop(name, None)
            else:
                variables[name] = Held(value, at)
        after.frames[key] = Held(FRAME_STATES.get(event["kind"], "running"), at)
    return after
