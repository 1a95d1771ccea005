"""Write `holds` into a `lesson.py`: the one place where the engine edits what an author wrote."""

from __future__ import annotations

import ast
from collections.abc import Mapping

Edit = tuple[int, int, bytes]
"""Bytes from, bytes to, and what is put there."""


def with_holds(source: str, holds: Mapping[str, str]) -> str:
    """A `lesson.py` whose statements say in which releases they are true.

    Only the argument `holds` of the decorators changes; everything else stays as it is.

    Args:
        source: the file's text.
        holds: for each statement that is to be changed, the new text; "" to take it away.
    """
    data = source.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    edits: list[Edit] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name in holds:
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _is_statement(decorator):
                    edits += _edit(decorator, holds[node.name], data, starts)
    for start, end, text in sorted(edits, reverse=True):
        data = data[:start] + text + data[end:]
    return data.decode()


def _is_statement(call: ast.Call) -> bool:
    names = ("key_moment", "quiz", "snapshot", "exit_line")
    return isinstance(call.func, ast.Name) and call.func.id in names


def _edit(call: ast.Call, text: str, data: bytes, starts: list[int]) -> list[Edit]:
    def begins(node: ast.expr | ast.keyword) -> int:
        return starts[node.lineno - 1] + node.col_offset

    def ends(node: ast.expr | ast.keyword) -> int:
        return starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)

    arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    arguments.sort(key=begins)
    quoted = f'"{text}"'.encode()
    old = next((k for k in call.keywords if k.arg == "holds"), None)
    if old is not None and text:
        return [(begins(old.value), ends(old.value), quoted)]
    if old is not None:
        at = arguments.index(old)
        if at > 0:
            return [(ends(arguments[at - 1]), ends(old), b"")]
        if len(arguments) > 1:
            return [(begins(old), begins(arguments[1]), b"")]
        return [(begins(old), ends(old), b"")]
    if not text:
        return []
    if not arguments:
        close = starts[(call.end_lineno or 1) - 1] + (call.end_col_offset or 1) - 1
        return [(close, close, b"holds=" + quoted)]
    last = arguments[-1]
    return [(ends(last), ends(last), b", holds=" + quoted)]
