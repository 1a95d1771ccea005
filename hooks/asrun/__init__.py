"""FastAPI, as run: record what a FastAPI app really does, and prove what is said of it.

This module holds the names that a lesson's `lesson.py` imports. It loads under every FastAPI
that can be recorded, so it imports the standard library only.
"""

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

__version__ = "0.1.0"

__all__ = [
    "Moment",
    "Option",
    "Options",
    "Trace",
    "advice",
    "exit_line",
    "key_moment",
    "quiz",
    "scenario",
    "show",
    "snapshot",
    "watch",
]
