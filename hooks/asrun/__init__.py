"""FastAPI, as run: record what a FastAPI app really does, and prove what is said of it.

This module holds the names that a lesson's `lesson.py` imports. It loads under every FastAPI
that can be recorded, so it imports the standard library only.
"""

from typing import TYPE_CHECKING, Any

from asrun.authoring import (
    Option,
    Options,
    advice,
    exit_line,
    key_moment,
    quiz,
    scenario,
    show,
    snapshot,
    watch,
)
from asrun.judge.queries import Moment, Trace

if TYPE_CHECKING:
    from asrun.client import Client, WebSocketRejected
    from asrun.record.websocket import WebSocket, WebSocketClosed

__version__ = "0.1.0"

__all__ = [
    "Client",
    "Moment",
    "Option",
    "Options",
    "Trace",
    "WebSocket",
    "WebSocketClosed",
    "WebSocketRejected",
    "advice",
    "exit_line",
    "key_moment",
    "quiz",
    "scenario",
    "show",
    "snapshot",
    "watch",
]

_LATE = {
    "Client": "asrun.client",
    "WebSocket": "asrun.record.websocket",
    "WebSocketClosed": "asrun.record.websocket",
    "WebSocketRejected": "asrun.client",
}


def __getattr__(name: str) -> Any:
    """What a scenario's annotations name; httpx is imported only where one of them is used."""
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'asrun' has no attribute {name!r}")
