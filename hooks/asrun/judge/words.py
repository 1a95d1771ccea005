"""The words that a lesson knows: its functions, statements, names and states.

A query for a word that the lesson does not know is a slip of the pen, and has to be told as one:
`trace.never(line="await db.clsoe()")` would be true for ever.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KINDS = (
    "request", "response", "chunk", "complete", "left", "broken", "message", "closed",
    "scope", "receive", "send", "done", "failed",
    "call", "line", "set", "yield", "wait", "resume", "throw", "return", "raise", "catch", "unwind",
    "probe", "print", "log", "warning", "unhandled",
)  # fmt: skip
"""The kinds of events, as in `asrun.model.Kind`, which needs pydantic: not to be had here."""

LANES = ("client", "wire", "loop", "worker")

ASGI = (
    "http", "websocket", "lifespan",
    "http.request", "http.disconnect",
    "http.response.start", "http.response.body", "http.response.trailers", "http.response.debug",
    "http.response.pathsend", "http.response.push", "http.response.early_hint",
    "websocket.connect", "websocket.accept", "websocket.receive", "websocket.send",
    "websocket.disconnect", "websocket.close",
    "websocket.http.response.start", "websocket.http.response.body",
    "lifespan.startup", "lifespan.startup.complete", "lifespan.startup.failed",
    "lifespan.shutdown", "lifespan.shutdown.complete", "lifespan.shutdown.failed",
)  # fmt: skip
"""Types of ASGI scopes and messages, with the extensions that Starlette can speak."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the lesson knows; an empty set knows nothing and lets everything pass."""

    functions: Mapping[str, tuple[str, ...]]
    """Qualified name of each function of the app to its statements."""
    names: frozenset[str]
    states: frozenset[str]
    closed: bool = True
    """Whether `states` are all that there can be."""

    @property
    def lines(self) -> tuple[str, ...]:
        """All statements of all functions."""
        return tuple(line for lines in self.functions.values() for line in lines)


_OWN_SPACE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
NO_WORDS = Words({}, frozenset(), frozenset())


def squeeze(text: str) -> str:
    """A statement with nothing left of its layout, so that two spellings of it can be compared."""
    return "".join(text.split())


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like `word`, or None where none is like it."""
    found = difflib.get_close_matches(word, sorted(set(known)), n=1, cutoff=0.6)
    return found[0] if found else None


def read_words(app: str, lesson: str, traces: Iterable[Mapping[str, Any]]) -> Words:
    """Gather the words of a lesson.

    Args:
        app: source of `app.py`; "" where it can't be read or parsed.
        lesson: source of `lesson.py`, for the words that its `watch` functions return.
        traces: the recorded traces, as plain data.
    """
    functions: dict[str, list[str]] = {}
    names: set[str] = set()
    seen: set[str] = set()
    tree, source = _parse(app), app.split("\n")
    for function, statement in _statements(tree):
        lines = functions.setdefault(function, [])
        if statement is not None:
            lines.append(_on_one_line(source, statement))
    names.update(_names(tree))
    returned = _watch_words(_parse(lesson))
    for trace in traces:
        for event in trace["events"]:
            if event.get("function"):
                lines = functions.setdefault(event["function"], [])
                if event.get("text") and event["text"] not in lines:
                    lines.append(event["text"])
            names.update(event.get("names", ()))
            seen.update(event.get("states", {}).values())
    return Words(
        {name: tuple(lines) for name, lines in functions.items()},
        frozenset(names),
        frozenset(seen | (returned or set())),
        closed=returned is not None,
    )


def _parse(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module([], [])


def _statements(tree: ast.AST, within: str = "") -> Iterator[tuple[str, ast.stmt | None]]:
    """Each function's qualified name, with None and then with each of its statements.

    A function within a function goes by its own name, as in a trace.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{within}{node.name}", None
            yield from _statements(node)
            yield from ((f"{within}{node.name}", s) for s in _own_statements(node))
        elif isinstance(node, ast.ClassDef):
            yield from _statements(node, f"{within}{node.name}.")
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from _statements(node, within)


def _own_statements(node: ast.AST) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if not isinstance(child, _OWN_SPACE):
            yield from _own_statements(child)


def _on_one_line(source: list[str], statement: ast.stmt) -> str:
    first, last = statement.lineno - 1, statement.end_lineno or statement.lineno
    body = getattr(statement, "body", None)
    if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
        head = source[first : body[0].lineno - 1]
        if head:
            return " ".join(" ".join(head).split())
    # Columns count bytes of UTF-8, and the end is cut first: both may be on one line.
    rows = [row.encode() for row in source[first:last]]
    rows[-1] = rows[-1][: statement.end_col_offset]
    rows[0] = rows[0][statement.col_offset :]
    text = b" ".join(rows).decode()
    if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
        text = text.split(":")[0] + ":"
    return " ".join(text.split())


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def _watch_words(tree: ast.Module) -> frozenset[str] | None:
    """The words that functions under `@watch` return; None where they can't be read off."""
    words: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(_is_watch(d) for d in node.decorator_list):
            for statement in _own_statements(node):
                if isinstance(statement, ast.Return) and statement.value is not None:
                    said = _literal_words(statement.value)
                    if said is None:
                        return None
                    words |= said
    return frozenset(words)


def _literal_words(node: ast.expr) -> set[str] | None:
    """The texts that an expression of literals can be: `"a" if … else "b"`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.IfExp):
        words = [_literal_words(node.body), _literal_words(node.orelse)]
        return None if None in words else {w for one in words if one for w in one}
    return None


def _is_watch(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(called, "id", getattr(called, "attr", "")) == "watch"
