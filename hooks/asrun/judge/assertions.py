"""Assertions of a proof: which ones ran, and a failed one told as a sentence about events."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from asrun.judge.log import Comparison, Entry, Log, Query, Read, Replayed
from asrun.judge.moments import Moment

MARK = "__asrun_assertion__"
"""The name, in the lesson's module, of what is called before each assertion."""

MAX_SHOWN = 80
MAX_TOUCHED = 12

Touched = tuple[str, int]
"""A scenario and the place of an event in its trace."""


class _Marker(ast.NodeTransformer):
    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        call = ast.Expr(ast.Call(ast.Name(MARK, ast.Load()), [], []))
        return [ast.fix_missing_locations(ast.copy_location(call, node)), node]


def compile_marked(tree: ast.Module, path: str) -> CodeType:
    """Compile `lesson.py` so that each assertion calls `MARK` first; lines stay as they are.

    Args:
        tree: what is to be compiled; it is changed.
        path: of `lesson.py`.
    """
    code: CodeType = compile(_Marker().visit(tree), path, "exec", dont_inherit=True, optimize=0)
    return code


@dataclass(frozen=True, slots=True)
class Told:
    """A failed assertion in a sentence, with the events that it was about."""

    sentence: str
    touched: tuple[Touched, ...]


def tell(tree: ast.Module, frame: FrameType, line: int, said: str, log: Log) -> Told:
    """Tell a failed assertion.

    Args:
        tree: `lesson.py`, parsed.
        frame: the frame in which the assertion failed.
        line: the line in it.
        said: the assertion's own message; "" where it has none.
        log: the proof's log; what is asked again to tell the values leaves no trace in it.
    """
    node = _assert_at(tree, line)
    if node is None:
        return Told(said or "an AssertionError was raised", ())
    teller = _Teller(tree, frame, log)
    sentence = teller.false(node.test)
    return Told(sentence + (f": {said}" if said else ""), teller.touched())


def _assert_at(tree: ast.Module, line: int) -> ast.Assert | None:
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(found, key=lambda n: (n.end_lineno or n.lineno) - n.lineno, default=None)


class _Teller:
    def __init__(self, tree: ast.Module, frame: FrameType, log: Log) -> None:
        self._tree = tree
        self._line = frame.f_lineno
        self._space = {**frame.f_globals, **frame.f_locals}
        self._log = log
        self._entries: list[Entry] = []
        self._moments: list[Moment] = []

    # ------------------------------------------------------------------ sentences

    def false(self, test: ast.expr) -> str:
        """A sentence for an expression that was not true."""
        if isinstance(test, ast.BoolOp):
            if isinstance(test.op, ast.And):
                return self.false(
                    next((v for v in test.values if not self._true(v)), test.values[-1])
                )
            return f"`{ast.unparse(test)}` is false: " + ", and ".join(
                self.false(value) for value in test.values
            )
        if isinstance(test, ast.Compare):
            return self._compare(test)
        what = self._operands([test.operand if isinstance(test, ast.UnaryOp) else test])
        return f"`{ast.unparse(test)}` is false" + (f": {what}" if what else "")

    def _compare(self, test: ast.Compare) -> str:
        left = test.left
        for operator, right in zip(test.ops, test.comparators, strict=True):
            pair = ast.Compare(left, [operator], [right])
            if not self._true(pair):
                return self._pair(pair, left, right)
            left = right
        return f"`{ast.unparse(test)}` is false"

    def _pair(self, pair: ast.Compare, left: ast.expr, right: ast.expr) -> str:
        sentence = f"`{ast.unparse(pair)}` is false"
        what = self._operands([left, right])
        if what:
            sentence += f": {what}"
        one, other = self._value(left), self._value(right)
        if isinstance(one, Moment) and isinstance(other, Moment) and one._trace is other._trace:
            apart = other._place - one._place
            if apart:
                events = "1 event" if abs(apart) == 1 else f"{abs(apart)} events"
                sentence += f", which came {events} {'later' if apart > 0 else 'earlier'}"
            else:
                sentence += ", which is the same event"
        return sentence

    def _operands(self, operands: list[ast.expr]) -> str:
        told: dict[str, str] = {}
        for operand in operands:
            source = ast.unparse(operand)
            if isinstance(operand, ast.Constant):
                continue
            value = self._value(operand)
            told[source] = f"`{source}` is {self._shown(value)}"
            for name in ast.walk(operand):
                if isinstance(name, ast.Name) and name is not operand:
                    inner = self._value(name)
                    if isinstance(inner, Moment):
                        told[name.id] = f"`{name.id}` is {inner!r}"
        return ", ".join(told.values())

    def _shown(self, value: Any) -> str:
        if isinstance(value, Moment):
            self._moments.append(value)
            return repr(value)
        if isinstance(value, _Unknown):
            return "not to be told"
        text = repr(value)
        return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"

    # ------------------------------------------------------------------ values

    def _true(self, test: ast.expr) -> bool:
        value = self._value(test)
        return not isinstance(value, _Unknown | Moment) and bool(value)

    def _value(self, node: ast.expr) -> Any:
        """The expression's value in the frame, asked again; what it asks is kept aside."""
        expression = ast.fix_missing_locations(ast.Expression(node))
        start = len(self._log.entries)
        try:
            value = eval(compile(expression, "<assertion>", "eval"), dict(self._space))
        except Exception:  # noqa: BLE001 - an author's expression can raise anything; it is then not told
            value = _Unknown()
        self._entries.extend(self._log.entries[start:])
        del self._log.entries[start:]
        if isinstance(value, Moment):
            self._moments.append(value)
        elif isinstance(node, ast.Name) and (assigned := self._assigned(node.id)) is not None:
            self._value(assigned)
        return value

    def _assigned(self, name: str) -> ast.expr | None:
        """The expression that was assigned to a local name before the assertion, by its source."""
        found: ast.expr | None = None
        for function in ast.walk(self._tree):
            if isinstance(function, ast.FunctionDef) and function.lineno <= self._line <= (
                function.end_lineno or 0
            ):
                for node in ast.walk(function):
                    if (
                        isinstance(node, ast.Assign)
                        and node.lineno < self._line
                        and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
                        and not any(
                            isinstance(n, ast.Name) and n.id == name for n in ast.walk(node.value)
                        )
                    ):
                        found = node.value
        return found

    def touched(self) -> tuple[Touched, ...]:
        """Events that the assertion was about, in the order of the trace."""
        moments = {(m._trace._scenario, m._place) for m in self._moments}
        return tuple(sorted(moments | places_of(self._entries)))


def places_of(entries: Iterable[Entry]) -> set[Touched]:
    """The events that a proof has asked for, compared or read."""
    places: set[Touched] = set()
    for entry in entries:
        match entry:
            case Query():
                places.update((entry.scenario, place) for place in entry.places[:MAX_TOUCHED])
                places.update((entry.scenario, place) for place in entry.bounds.values())
            case Comparison():
                places.update({(entry.scenario, entry.left), (entry.scenario, entry.right)})
            case Read():
                places.add((entry.scenario, entry.place))
            case Replayed():
                places.add((entry.scenario, entry.place))
                if entry.setter is not None:
                    places.add((entry.scenario, entry.setter))
    return places


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A value that could not be had again."""


MarkCall = Callable[[], None]
