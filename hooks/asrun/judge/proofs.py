"""One proof: what it is, one run of it on traces, and what a run says."""

from __future__ import annotations

import ast
import inspect
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any, Literal

from asrun.authoring import Option, Options
from asrun.judge.assertions import Touched, places_of, tell
from asrun.judge.log import Log, Query
from asrun.judge.moments import Misuse, Moment, NotFound
from asrun.judge.queries import Trace
from asrun.judge.words import NO_WORDS, Words, closest

_NAME = re.compile(r"\{([A-Za-z_]\w*)\}")
_RELEASES = "releases"
"""What a quiz option's explanation cites without returning it: the build knows it."""

TraceData = Mapping[str, Any]


@dataclass(slots=True)
class LessonModule:
    """`lesson.py`, imported for judging."""

    path: str
    tree: ast.Module
    folder: str
    words: Words = NO_WORDS
    log: Log = field(default_factory=Log)
    """The log of the proof that runs now; assertions are counted in it."""

    def own(self, filename: str) -> bool:
        """Whether a file is the author's."""
        return filename == self.path or filename.startswith(f"{self.folder}/")

    def mark(self) -> None:
        """Note that an assertion runs."""
        self.log.assertions += 1


@dataclass(frozen=True, slots=True)
class Proof:
    """A statement's function, with what has to be known to run it and to tell its failure."""

    lesson: LessonModule
    name: str
    kind: str
    on: tuple[str, ...]
    function: Callable[..., Any]
    text: str
    """The docstring, or a quiz's question."""
    line: int
    """Line of the `def`."""

    @property
    def constants(self) -> list[Any]:
        """The texts and numbers that the function compares with, or hands to what compares."""
        node = function_node(self.lesson.tree, self.name)
        compared: list[ast.AST] = []
        for part in (n for s in node.body for n in ast.walk(s)) if node else ():
            if isinstance(part, ast.Compare):
                compared.append(part)
            elif isinstance(part, ast.Call):
                compared += part.args
        return [
            n.value
            for part in compared
            for n in ast.walk(part)
            if isinstance(n, ast.Constant) and isinstance(n.value, str | int | bool | None)
        ]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run of a proof did not end well."""

    outcome: Literal["false", "missing", "unproved", "ambiguous", "crashed"]
    message: str
    line: int
    touched: tuple[Touched, ...] = ()


@dataclass(slots=True)
class Ran:
    """One run of a proof."""

    log: Log
    failure: Failure | None = None
    cites: dict[str, Moment | str | int] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    cited: tuple[str, ...] = ()
    """Names that the texts cite, in the order in which they are read."""

    @property
    def right(self) -> tuple[str, ...]:
        """Texts of the options that the traces made right."""
        return tuple(option.text for option in self.options if option.right)


FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def function_node(tree: ast.Module, name: str) -> FunctionNode | None:
    """The function at the top of `lesson.py` that has this name; the last one, as in Python."""
    found = [n for n in tree.body if isinstance(n, FunctionNode) and n.name == name]
    return found[-1] if found else None


def text_of(node: FunctionNode, kind: str) -> str:
    """A statement's text by its source: the docstring, or a quiz's question."""
    if kind != "quiz":
        return inspect.cleandoc(ast.get_docstring(node) or "")
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call):
            first = [*decorator.args, *(k.value for k in decorator.keywords if k.arg == "question")]
            if first and isinstance(first[0], ast.Constant) and isinstance(first[0].value, str):
                return first[0].value
    return ""


def run(proof: Proof, traces: Mapping[str, TraceData], *, telling: bool = True) -> Ran:
    """Run a proof once and say how it went; never raises what the author's code raises.

    Args:
        proof: the statement's proof.
        traces: a trace for each scenario that the proof is given.
        telling: whether what fails is told in sentences. On a run that only could have been it
            is not, and a lookup that fails does so when what it should have found is used.
    """
    log = proof.lesson.log = Log(deferring=not telling)
    ran = Ran(log)
    given = [Trace(traces[name], log=log, words=proof.lesson.words) for name in proof.on]
    try:
        result = proof.function(*given)
        if log.deferred is not None:
            raise log.deferred
        _take(proof, ran, result)
    except _Refused as refused:
        ran.failure = Failure("crashed", refused.message, refused.line or proof.line)
    except AssertionError as error:
        ran.failure = _assertion(proof, error, log, telling)
    except NotFound as error:
        line, _ = _where(proof, error.__traceback__)
        ran.failure = Failure("missing", str(error), line or proof.line, error.touched)
    except BaseException as error:  # noqa: BLE001 - what the author's code raises is the verdict
        ran.failure = _crash(proof, error)
    else:
        ran.failure = _weigh(proof, ran)
    return ran


class _Refused(Exception):
    """What the proof gave back can't be used."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def _take(proof: Proof, ran: Ran, result: Any) -> None:
    """Take what a proof returned: the cites of its text, the options of a quiz."""
    if proof.kind == "quiz":
        if not isinstance(result, Options):
            raise _Refused(f"a quiz returns Options(...); this one returned {_short(result)}")
        for option in result.options:
            if not isinstance(option, Option):
                raise _Refused(f"Options takes Option(...)s; this one was given {_short(option)}")
            said: tuple[object, ...] = (option.text, option.why)
            if not all(isinstance(text, str) for text in said):
                raise _Refused("an Option's text and why are text")
            if not isinstance(option.right, bool):
                raise _Refused(
                    f"whether the option “{option.text}” is right has to be True or False, as "
                    f'`sent < back` or `now == "open"` gives it; it is {_short(option.right)}'
                )
        ran.options = tuple(result.options)
        cites: Mapping[str, Any] = result.cites
        texts = [proof.text, *(o.text for o in result.options)]
        texts += [o.why.replace(f"{{{_RELEASES}}}", "") for o in result.options]
        if _RELEASES in cites:
            raise _Refused(
                f"`{_RELEASES}` is what the build puts there; give the step another name"
            )
    else:
        if inspect.iscoroutine(result):
            result.close()
            raise _Refused("a proof is a plain function; this one is `async def`")
        if result is not None and not isinstance(result, Mapping):
            raise _Refused(
                "a proof returns a dict of what its text cites, or nothing; "
                f"this one returned {_short(result)}"
            )
        cites = result or {}
        texts = [proof.text]
    for name, value in cites.items():
        if isinstance(value, bool) or not isinstance(value, Moment | str | int):
            raise _Refused(
                f"`{name}` is {_short(value)}; "
                "what a text cites is a moment, a text or a whole number"
            )
    ran.cites = dict(cites)
    ran.cited = tuple(dict.fromkeys(name for text in texts for name in _NAME.findall(text)))
    for name in ran.cited:
        if name not in cites:
            near = closest(name, cites)
            there = f"; did you mean {{{near}}}?" if near else ""
            raise _Refused(f"the text cites {{{name}}}, which the function does not return{there}")


def _weigh(proof: Proof, ran: Ran) -> Failure | None:
    """What is wrong with a proof that ran to its end."""
    if not any(isinstance(entry, Query) for entry in ran.log.entries):
        return Failure("unproved", "the proof asks the trace nothing", proof.line)
    if proof.kind != "quiz":
        if not ran.log.assertions:
            return Failure(
                "unproved",
                "no assertion ran: the proof looks things up, and asserts nothing of them",
                proof.line,
            )
        return None
    texts = [option.text for option in ran.options]
    twice = next((text for text in texts if texts.count(text) > 1), None)
    if len(texts) < 2:
        return Failure("ambiguous", "a quiz has at least two options", proof.line)
    if twice is not None:
        return Failure("ambiguous", f"two options have the same text, “{twice}”", proof.line)
    asked = tuple(sorted(places_of(ran.log.entries)))
    if not ran.right:
        message = "by the trace, no option is right; one has to be"
        return Failure("ambiguous", message, proof.line, asked)
    if len(ran.right) > 1:
        told = " and ".join(f"“{text}”" for text in ran.right)
        message = f"by the trace, {told} are right; only one may be"
        return Failure("ambiguous", message, proof.line, asked)
    return None


def _assertion(proof: Proof, error: AssertionError, log: Log, telling: bool) -> Failure:
    line, frame = _where(proof, error.__traceback__)
    innermost = list(traceback.walk_tb(error.__traceback__))[-1][0]
    if frame is None or innermost is not frame:
        return _crash(proof, error)
    said = str(error.args[0]) if error.args else ""
    if not telling or frame.f_code.co_filename != proof.lesson.path:
        return Failure("false", said or "an assertion failed", line)
    told = tell(proof.lesson.tree, frame, line, said, log)
    return Failure("false", told.sentence, line, told.touched)


def _crash(proof: Proof, error: BaseException) -> Failure:
    line, _ = _where(proof, error.__traceback__)
    said = str(error)
    if not isinstance(error, Misuse):
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return Failure("crashed", said, line or proof.line)


def _where(proof: Proof, trail: TracebackType | None) -> tuple[int, FrameType | None]:
    """The innermost of the author's frames, and its line."""
    own: tuple[int, FrameType | None] = (0, None)
    for frame, line in traceback.walk_tb(trail):
        if proof.lesson.own(frame.f_code.co_filename):
            own = (line, frame)
    return own


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def takes(function: Callable[..., Any], given: Sequence[str]) -> str:
    """What is wrong with a proof's parameters for the scenarios that it is on; "" if nothing."""
    try:
        inspect.signature(function).bind(*given)
    except TypeError:
        parameters = len(inspect.signature(function).parameters)
        return (
            f"it is on {', '.join(given)} and is given a trace for each, "
            f"but takes {parameters} parameter{'' if parameters == 1 else 's'}"
        )
    return ""
