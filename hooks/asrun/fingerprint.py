"""Digest of the code that a recording is of: it changes when the code does, not when its looks do.

An accepted recording of another release cannot be made again by a build, so it says which code it
is of. Comments, layout and whatever is only *said* of a run (statements, advice, titles) are left
out; so are functions of `lesson.py` that neither the scenario nor a watch uses. Docstrings of
`app.py` count, other than the module's: FastAPI puts them into its OpenAPI document.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from hashlib import sha256

from asrun.model import Lesson

_SAID = {"show", "advice"}
_STATEMENTS = {"key_moment", "quiz", "snapshot", "exit_line"}
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Named = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign


def of_scenario(lesson: Lesson, scenario: str) -> str:
    """The digest of what runs when a scenario is recorded.

    Args:
        lesson: its two files parse.
        scenario: the name of one of its scenarios.
    """
    app = ast.parse((lesson.folder / "app.py").read_text(encoding="utf-8")).body
    used = _used(ast.parse(lesson.source).body, scenario)
    parts = [_text(n) for n in app if not _is_text(n)]
    parts += [_text(_Bare().visit(n)) for n in used]
    return sha256("\0".join(parts).encode()).hexdigest()[:16]


def _used(body: Iterable[ast.stmt], scenario: str) -> list[ast.stmt]:
    """The statements of `lesson.py` that run for a scenario, in their order."""
    candidates = [node for node in body if not _is_said(node)]
    chosen: set[int] = set()
    needed = [scenario]
    for i, node in enumerate(candidates):
        if not isinstance(node, _Definition | _Named):
            chosen.add(i)  # it runs whatever the scenario is
            needed += _names(node)
        elif isinstance(node, _Definition) and "watch" in _decorators(node):
            chosen.add(i)
            needed += _names(node)
    seen: set[str] = set()
    while needed:
        name = needed.pop()
        if name in seen:
            continue
        seen.add(name)
        for i, node in enumerate(candidates):
            if name in _defines(node):
                chosen.add(i)
                needed += _names(node)
    return [candidates[i] for i in sorted(chosen)]


def _is_said(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        value = node.value
        if isinstance(value, ast.Call) and getattr(value.func, "id", "") in _SAID:
            return True
        return isinstance(value, ast.Constant)
    if isinstance(node, ast.ImportFrom) and node.module == "asrun":
        return True
    return isinstance(node, _Definition) and bool(_STATEMENTS & _decorators(node))


def _decorators(node: _Definition) -> set[str]:
    return {
        d.func.id
        for d in node.decorator_list
        if isinstance(d, ast.Call) and isinstance(d.func, ast.Name)
    }


def _defines(node: ast.stmt) -> set[str]:
    if isinstance(node, _Definition):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(a.asname or a.name).split(".")[0] for a in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
    return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}


def _names(node: ast.AST) -> Iterator[str]:
    return (n.id for n in ast.walk(node) if isinstance(n, ast.Name))


def _text(value: object) -> str:
    """A syntax tree as text, without places; every Python gives the same.

    `ast.dump` is not used, since what it says of empty fields differs between Pythons.
    """
    if isinstance(value, ast.AST):
        fields = [
            f"{name}={_text(inner)}"
            for name, inner in ast.iter_fields(value)
            if inner is not None and inner != [] and name not in _OF_NO_EFFECT
        ]
        return f"{type(value).__name__}({', '.join(fields)})"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return repr(value)


_OF_NO_EFFECT = {"kind", "type_comment", "type_ignores"}


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


class _Bare(ast.NodeTransformer):
    """Takes docstrings away, and the decorator that makes a function a scenario."""

    def _bare(self, node: _Definition) -> _Definition:
        self.generic_visit(node)
        node.body = [n for n in node.body if not _is_text(n)] or [ast.Pass()]
        if not isinstance(node, ast.ClassDef):
            node.decorator_list = [
                d
                for d in node.decorator_list
                if not (isinstance(d, ast.Call) and getattr(d.func, "id", "") == "scenario")
            ]
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _bare  # noqa: N815 - ast's names
