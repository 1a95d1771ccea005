"""The snippet's statements: which one a line belongs to, told by AST.

Interpreters differ in which lines of a statement they report, and in how comprehensions are
compiled. Mapped to the innermost statement, every CPython from 3.11 on reports the same.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

MAX_TEXT = 160


@dataclass(frozen=True)
class Site:
    """One statement of the snippet.

    Attributes:
        line: its first line.
        text: its source on one line; a compound statement's header only.
        silent: whether it does nothing by itself (`try:`, `pass`, a bare docstring).
        handlers: lines of the `except` clauses whose bodies hold it, outermost first.
    """

    line: int
    text: str
    silent: bool = False
    handlers: tuple[int, ...] = ()


class Source:
    """The statements of one file.

    Args:
        text: the file's source.

    Raises:
        SyntaxError: where the source does not parse.
    """

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._sites: dict[int, Site] = {}
        self.handlers: dict[int, str] = {}
        """Line of each `except` clause to its header."""
        self.hidden: dict[tuple[str, int], frozenset[str]] = {}
        """Function by name and first line to the names that only its comprehensions bind. From
        CPython 3.12 on a comprehension runs in the function's own frame."""
        tree = ast.parse(text)
        self._visit(tree.body, ())
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = min([d.lineno for d in node.decorator_list], default=node.lineno)
                self.hidden[node.name, first] = _only_in_comprehensions(node)

    def site(self, line: int) -> Site:
        """The innermost statement at a line; one that is no statement's stands for itself."""
        found = self._sites.get(line)
        return found if found is not None else Site(line, self._one_line(line, line))

    def _visit(self, body: list[ast.stmt], handlers: tuple[int, ...]) -> None:
        for node in body:
            start = node.lineno
            for decorator in getattr(node, "decorator_list", []):
                start = min(start, decorator.lineno)
            inner = self._bodies(node)
            first_inner = min((b[0].lineno for b, _ in inner if b), default=0)
            head_end = self._header_end(node, first_inner)
            site = Site(
                node.lineno, self._one_line(node.lineno, head_end), self._silent(node), handlers
            )
            # Inner statements come after, and overwrite the lines that are theirs.
            for line in range(start, (node.end_lineno or start) + 1):
                self._sites[line] = site
            self._handler_headers(node)
            for statements, extra in inner:
                self._visit(statements, handlers + extra)

    def _bodies(self, node: ast.stmt) -> list[tuple[list[ast.stmt], tuple[int, ...]]]:
        bodies: list[tuple[list[ast.stmt], tuple[int, ...]]] = []
        for name in ("body", "orelse", "finalbody"):
            value = getattr(node, name, None)
            if value and isinstance(value, list):
                bodies.append((value, ()))
        bodies += [(h.body, (h.lineno,)) for h in getattr(node, "handlers", [])]
        bodies += [(case.body, ()) for case in getattr(node, "cases", [])]
        return bodies

    def _handler_headers(self, node: ast.stmt) -> None:
        """`except …:` does nothing by itself: whether it catches shows in the line after it."""
        for handler in getattr(node, "handlers", []):
            first = handler.body[0].lineno
            text = self._one_line(handler.lineno, max(handler.lineno, first - 1))
            self.handlers[handler.lineno] = text
            for line in range(handler.lineno, first):
                self._sites[line] = Site(handler.lineno, text, silent=True)

    @staticmethod
    def _header_end(node: ast.stmt, first_inner: int) -> int:
        if not first_inner:
            return node.end_lineno or node.lineno
        body_is_on_the_header = first_inner == node.lineno
        return node.lineno if body_is_on_the_header else first_inner - 1

    @staticmethod
    def _silent(node: ast.stmt) -> bool:
        if (
            isinstance(node, (ast.Try, ast.Pass, ast.Global, ast.Nonlocal))
            or type(node).__name__ == "TryStar"
        ):
            return True
        return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)

    def _one_line(self, first: int, last: int) -> str:
        parts = []
        for raw in self._lines[first - 1 : max(first, last)]:
            part = _without_comment(raw).strip()
            if part:
                parts.append(part)
        # The lines after a compound header belong to no header: stop at its colon.
        text = ""
        for part in parts:
            text = f"{text} {part}".strip()
            if last > first and part.endswith(":") and text.count("(") == text.count(")"):
                break
        return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _only_in_comprehensions(function: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    """Names that comprehensions of a function bind, and nothing else in it."""
    targets = [n.target for n in ast.walk(function) if isinstance(n, ast.comprehension)]
    inside = {id(n) for target in targets for n in ast.walk(target)}
    bound = [
        n for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    elsewhere = {n.id for n in bound if id(n) not in inside}
    elsewhere |= {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    return frozenset({n.id for n in bound if id(n) in inside} - elsewhere)


def _without_comment(line: str) -> str:
    """A line without its trailing comment; quotes are respected, strings over lines are not."""
    quote = ""
    escaped = False
    for i, char in enumerate(line):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif quote:
            if char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char == "#":
            return line[:i]
    return line
