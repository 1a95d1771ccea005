"""What a line of `app.py` is, read by AST: whether code stands there, and whose."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from asrun.record.source import Source

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CLAUSE = re.compile(r"(else|finally|try)\s*:")


@dataclass(frozen=True, slots=True)
class Place:
    """What a line is.

    Attributes:
        statement: the first line of the statement that it belongs to; 0 where no code stands.
        function: the function whose frame would run it, as events name it, or "".
        function_line: the line of that function's `def`.
        silent: whether it does nothing by itself.
        catches: whether it is an `except` clause's header.
        about: what holds for it in every run, in sentences.
    """

    statement: int = 0
    function: str = ""
    function_line: int = 0
    silent: bool = False
    catches: bool = False
    about: str = ""


def with_code(source: str) -> list[int]:
    """The lines on which a statement begins."""
    tree = ast.parse(source)
    begins = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)}
    begins |= {node.lineno for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)}
    return sorted(begins)


def place(source: str, line: int) -> Place:
    """What a line is.

    Args:
        source: the text of `app.py`.
        line: one of its lines, from 1.
    """
    tree = ast.parse(source)
    text = source.splitlines()[line - 1].strip()
    statement = _innermost(tree, line)
    if statement is None:
        return Place(about="An empty line." if not text else "A comment: no code stands here.")
    if not text:
        return Place(about="An empty line.")
    if text.startswith("#"):
        return Place(about="A comment: no code stands here.")
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return Place(about="A string by itself, such as a docstring: Python runs nothing for it.")
    read = Source(source)
    site = read.site(line)
    name, function = _function(tree, statement, line)
    told = []
    if _CLAUSE.match(text) and line != site.line:
        told.append(
            f"`{text.split(':')[0].strip()}:` belongs to the statement at line {site.line}, "
            "and does nothing by itself."
        )
        return Place(0, name, 0, silent=True, about=" ".join(told))
    if line != site.line:
        told.append(f"It is part of the statement that begins at line {site.line}.")
        if any(
            isinstance(n, _COMPREHENSIONS) and n.lineno <= line <= (n.end_lineno or 0)
            for n in ast.walk(statement)
        ):
            told.append("The rounds of a comprehension are no events: it is one statement.")
    if isinstance(statement, _FUNCTIONS):
        told.append(_definition(statement, name))
        return Place(
            site.line, statement_name(tree, statement), statement.lineno, about=" ".join(told)
        )
    if isinstance(statement, ast.ClassDef):
        told.append("A class's body runs where the class is defined, and is not followed.")
        return Place(site.line, about=" ".join(told))
    if function is None:
        told.append("It stands in no function: it runs when app.py is imported.")
        return Place(site.line, about=" ".join(told))
    catches = site.line in read.handlers
    return Place(
        site.line,
        name,
        function.lineno,
        silent=site.silent,
        catches=catches,
        about=" ".join(told),
    )


def statement_name(tree: ast.Module, function: ast.stmt) -> str:
    """A function's name as events carry it: with its classes, from the innermost function on."""
    parts: list[str] = []
    for node in _around(tree, function.lineno):
        if isinstance(node, _FUNCTIONS):
            if node is function:
                return ".".join([*parts, node.name])
            parts = []
        elif isinstance(node, ast.ClassDef):
            parts.append(node.name)
    return getattr(function, "name", "")


def _definition(function: ast.FunctionDef | ast.AsyncFunctionDef, around: str) -> str:
    where = f"whenever `{around}` comes to it" if around else "when app.py is imported"
    return f"It defines `{function.name}`, {where}; what is told here is when it is called."


def _around(tree: ast.Module, line: int) -> list[ast.stmt]:
    """The functions and classes that hold a line, header and decorators included, outermost first."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) and _first(node) <= line <= _last(node)
    ]
    return sorted(found, key=lambda node: (_first(node), -_last(node)))


def _function(
    tree: ast.Module, statement: ast.stmt, line: int
) -> tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | None]:
    """The function in whose body a statement stands, and its name; "" where it is a module's or class's."""
    around = [node for node in _around(tree, line) if node is not statement]
    if not around or not isinstance(around[-1], _FUNCTIONS):
        return "", None
    return statement_name(tree, around[-1]), around[-1]


def _innermost(tree: ast.Module, line: int) -> ast.stmt | None:
    """The innermost statement that holds a line."""
    holding = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and _first(node) <= line <= _last(node)
    ]
    return max(holding, key=lambda node: (_first(node), -_last(node)), default=None)


def _first(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([d.lineno for d in decorators], default=node.lineno)


def _last(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno
