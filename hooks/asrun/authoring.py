"""What an author writes in `lesson.py`: scenarios, what is watched, and statements with proofs.

A decorator only registers: the recording child runs the scenarios, the judging child the proofs,
and the parent reads names, texts and lines by AST without running anything. So the texts have to
be literals. Standard library only: this loads under every FastAPI that can be recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Option:
    """One option of a quiz question.

    Args:
        text: what the reader reads.
        right: whether it answers the question, decided by the trace: an expression of
            moments and states, such as `back > sent`.
        why: the explanation that is shown once it is chosen. `{name}` stands for a cited step;
            `{releases}` for the releases of FastAPI in which the traces make this option the
            right one, as their accepted recordings have it. Then an option that is wrong here
            is one that is right there, and leads to a run of it.
    """

    text: str
    right: bool
    why: str


class Options:
    """The options of a quiz question, and the steps that its texts cite.

    Args:
        options: two or more, of which the trace makes exactly one right.
        cites: `name=moment` for each `{name}` in the question and the explanations.
    """

    def __init__(self, *options: Option, **cites: Any) -> None:
        self.options = options
        self.cites = cites


@dataclass
class Registry:
    """What one `lesson.py` has registered, in its order."""

    scenarios: dict[str, Callable[..., Any]] = field(default_factory=dict)
    watches: dict[str, Callable[[Any], str]] = field(default_factory=dict)
    proofs: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget all, so that another `lesson.py` can be imported in this process."""
        self.scenarios.clear()
        self.watches.clear()
        self.proofs.clear()


registry = Registry()
"""Filled while a `lesson.py` is imported; one process imports one."""


def show(*names: str) -> None:
    """Name functions, classes and other names of `app.py` that are the execution sample."""


def advice(text: str) -> None:
    """Add a piece of advice: the author's opinion, shown as such and never marked as proved."""


def watch(type_name: str) -> Callable[[F], F]:
    """Say the state of a type's objects in a word or two.

    Args:
        type_name: the class's name, as in `AsyncSession`; subclasses count.

    The decorated function takes the object and returns its state, such as "open" or "closed".
    It is called often and in the middle of things: it has to be quick and without effects.
    """

    def register(function: F) -> F:
        registry.watches[type_name] = function
        return function

    return register


def scenario(title: str) -> Callable[[F], F]:
    """Make an async function of a client a scenario: something that is done to the app.

    Args:
        title: what happens, in a few words: "The endpoint raises".

    The function is given an `httpx.AsyncClient` whose requests reach the app of `app.py`.
    """

    def register(function: F) -> F:
        registry.scenarios[function.__name__] = function
        return function

    return register


def _statement(function: F) -> F:
    registry.proofs[function.__name__] = function
    return function


On = Callable[..., Any] | Sequence[Callable[..., Any]]
"""A scenario, or several: the proof is given a trace for each, in this order."""


def key_moment(question: str, *, on: On, holds: str = "") -> Callable[[F], F]:
    """Make a function a key moment: a question that readers have, and its answer.

    Args:
        question: the heading.
        on: the scenario(s) whose traces the proof is given.
        holds: FastAPI versions in which it is true: `"<0.98 or >=0.101.1"`; "" means all.

    The docstring is the answer; `{name}` in it stands for a step or value that the function
    returns in a dict. The function asserts what the answer says.
    """
    return _statement


def snapshot(*, on: On, holds: str = "") -> Callable[[F], F]:
    """Make a function a bullet of the concept snapshot; its docstring is the sentence.

    Args:
        on: the scenario(s) whose traces the proof is given.
        holds: FastAPI versions in which it is true; "" means all.
    """
    return _statement


def exit_line(*, on: On, holds: str = "") -> Callable[[F], F]:
    """Make a function the line under a scenario's table: how the run ends.

    Args:
        on: the scenario whose trace the proof is given.
        holds: FastAPI versions in which it is true; "" means all.
    """
    return _statement


def quiz(question: str, *, on: On, hint: str, holds: str = "") -> Callable[[F], F]:
    """Make a function a quiz question: it returns `Options`, of which the trace makes one right.

    Args:
        question: what is asked; `{name}` stands for a cited step.
        on: the scenario(s) whose traces the function is given.
        hint: the author's words; names a column or a step, not the answer.
        holds: FastAPI versions in which its answer is right: the option that is right in the release
            that the site is built with; "" means all.
    """
    return _statement
