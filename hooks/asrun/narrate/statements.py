"""The statements of `app.py`, by line: what one stands in (`finally`, a loop) and what it holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_TRIES = (ast.Try, ast.TryStar)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Statements:
    """The innermost statement at each line of a file.

    Args:
        tree: the file, parsed.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._parents = {
            child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
        }
        self._statements = _innermost(tree)

    def line_of(self, node: ast.AST) -> int:
        """First line of the statement that holds a node."""
        while not isinstance(node, ast.stmt):
            node = self._parents[node]
        return node.lineno

    def in_finally(self, line: int | None) -> bool:
        """Whether the statement at a line stands in a `finally` clause."""
        return any(
            isinstance(parent, _TRIES) and child in parent.finalbody
            for child, parent in self._enclosing(line)
        )

    def in_except(self, line: int | None) -> bool:
        """Whether the statement at a line stands in an `except` clause."""
        return any(isinstance(parent, ast.ExceptHandler) for _, parent in self._enclosing(line))

    def in_loop(self, line: int | None) -> bool:
        """Whether the statement at a line stands in a loop of its function."""
        return any(
            isinstance(parent, ast.For | ast.AsyncFor | ast.While)
            for _, parent in self._enclosing(line)
        )

    def waits_at(self, line: int | None) -> str:
        """What the statement at a line waits at: `await`, `async with` or `async for`."""
        node = self._statements.get(line or 0)
        if isinstance(node, ast.AsyncWith):
            return "async with"
        return "async for" if isinstance(node, ast.AsyncFor) else "await"

    def lent_name(self, line: int | None) -> str:
        """The name that the `yield` at a line hands out; "" where it is not one plain name."""
        node = self._statements.get(line or 0)
        for found in _own_expressions(node) if node is not None else ():
            if isinstance(found, ast.Yield) and isinstance(found.value, ast.Name):
                return found.value.id
        return ""

    def anything_after(self, line: int | None) -> bool:
        """Whether a statement of the same function can run after the one at a line."""
        node = self._statements.get(line or 0)
        if node is None:
            return False
        if self.in_loop(line):
            return True
        for child, parent in self._enclosing(line):
            if (
                isinstance(parent, _TRIES)
                and (parent.finalbody or parent.orelse)
                and child in parent.body
            ):
                return True
            for block in ("body", "orelse", "finalbody"):
                statements: list[ast.AST] = getattr(parent, block, None) or []
                if statements and child in statements and statements[-1] is not child:
                    return True
        return False

    def _enclosing(self, line: int | None) -> Iterator[tuple[ast.AST, ast.AST]]:
        """Pairs of a node and its parent, from the statement at a line up to its function."""
        child: ast.AST | None = self._statements.get(line or 0)
        while child is not None:
            parent = self._parents.get(child)
            if parent is None:
                return
            yield child, parent
            if isinstance(parent, _SCOPES):
                return
            child = parent


def _innermost(tree: ast.Module) -> dict[int, ast.AST]:
    """Each line's innermost statement; an `except` header's line is the handler's."""
    found: dict[int, ast.AST] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt | ast.ExceptHandler):
            # Walked from the outside in: an inner statement overwrites the lines that are its own.
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                found[line] = node
    return found


def _own_expressions(statement: ast.AST) -> Iterator[ast.AST]:
    """The expressions of a statement, without those of statements and functions inside it."""
    stack = [
        n
        for n in ast.iter_child_nodes(statement)
        if not isinstance(n, ast.stmt | ast.ExceptHandler)
    ]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))
