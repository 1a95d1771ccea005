"""What of a `lesson.py` is run while it is judged, where that can touch nothing beyond itself.

Such lessons are judged several in one process; every other one has a process of its own. The rule
is a list of what is allowed, and a proof that keeps to it is straight: it asks its traces, compares
and returns. It has no loop and calls nothing but queries, so it ends; and nothing that it can reach
is shared with another lesson. What judging does not need (other imports, scenarios, watches,
annotations) is left out, and so may be anything.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

import asrun
from asrun.judge.queries import Moment, Trace

_STATEMENTS = {"exit_line", "key_moment", "quiz", "snapshot"}
_NOT_RUN = {"scenario", "watch"}
_CALLED = {"Option", "Options"}
"""What a proof calls by name; all else that it calls is an attribute."""
_READ = {name for kind in (Moment, Trace) for name in vars(kind) if not name.startswith("_")}
"""The attributes that a proof reads or calls: queries, and what an event carries."""
_SIMPLE = (
    ast.Assert, ast.Assign, ast.Expr, ast.Return,
    ast.BoolOp, ast.Compare, ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.UnaryOp, ast.boolop,
    ast.Not, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
    ast.expr_context,
)  # fmt: skip
"""What a proof is made of, beside names, attributes, items and calls."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Unusual(Exception):
    """Something in a lesson is not on the list."""


def contained(tree: ast.Module) -> ast.Module:
    """The part of a lesson that makes its proofs, if that can do nothing beyond itself.

    Args:
        tree: of `lesson.py`; the result is made of its parts, which are changed.

    Returns:
        What can be run in its place, each statement on its own line.

    Raises:
        Unusual: it may do more.
    """
    return ast.fix_missing_locations(ast.Module(list(_kept(tree)), []))


def _kept(tree: ast.Module) -> Iterator[ast.stmt]:
    bound = [name for node in tree.body for name in _bound(node)]
    # A name that is bound twice may be anything by the time that it is used.
    _require(len(bound) == len(set(bound)) and not any(name.startswith("_") for name in bound))
    own: set[str] = set()
    """The names of asrun's."""
    not_run: set[str] = set()
    for node in tree.body:
        match node:
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr(value=ast.Call(func=ast.Name(id="show" | "advice" as name))):
                _require(name in own)
            case ast.ImportFrom(module="asrun", level=0):
                _require(all(a.name in asrun.__all__ and a.asname is None for a in node.names))
                own |= {alias.name for alias in node.names}
                node.names = [a for a in node.names if a.name in _STATEMENTS | _CALLED]
                if node.names:
                    yield node
            case ast.ImportFrom(level=0):
                # To import what is imported already changes nothing, done or not.
                _require(node.module in sys.modules and all(a.name != "*" for a in node.names))
            case ast.Import():
                _require(all(alias.name in sys.modules for alias in node.names))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                decorator = _decorator(node, own)
                if decorator in _NOT_RUN:
                    not_run.add(node.name)
                    stub = ast.Assign([ast.Name(node.name, ast.Store())], ast.Constant(None))
                    yield ast.copy_location(stub, node)
                else:
                    _require(decorator in _STATEMENTS and isinstance(node, ast.FunctionDef))
                    _straighten(node, not_run)
                    yield node
            case _:
                raise Unusual


def _require(fits: bool) -> None:
    if not fits:
        raise Unusual


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top binds, of those that may stand there."""
    if isinstance(node, _Function):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]


def _decorator(node: _Function, own: set[str]) -> str:
    """The name of a function's only decorator, which is asrun's, and is called."""
    match node.decorator_list:
        case [ast.Call(func=ast.Name(id=name))] if name in own:
            return name
    raise Unusual


def _straighten(node: _Function, not_run: set[str]) -> None:
    """See that a proof is straight, and take away what is said of types in it."""
    arguments = node.args
    _require(arguments.defaults == [] and not getattr(node, "type_params", None))
    _require(not (arguments.posonlyargs or arguments.kwonlyargs))
    _require(arguments.vararg is None and arguments.kwarg is None)
    decorator = node.decorator_list[0]
    assert isinstance(decorator, ast.Call)
    _see([*decorator.args, *decorator.keywords], not_run)
    names = {argument.arg for argument in arguments.args}
    for part in (part for statement in node.body for part in ast.walk(statement)):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            names.add(part.id)
    _see(node.body, names | _CALLED)
    node.returns = None
    for argument in arguments.args:
        argument.annotation = None


def _see(trees: Iterable[ast.AST], names: set[str]) -> None:
    """See that code is straight.

    Args:
        trees: the code.
        names: what it may name.
    """
    for part in (part for tree in trees for part in ast.walk(tree)):
        match part:
            case ast.Name():
                _require(part.id in names)
            case ast.Attribute(ctx=ast.Load()):
                _require(part.attr in _READ)
            case ast.Subscript(ctx=ast.Load()) | ast.Call(func=ast.Attribute()):
                pass
            case ast.Call(func=ast.Name(id=called)):
                _require(called in _CALLED)
            case ast.keyword():
                _require(part.arg is not None)
            case _:
                _require(isinstance(part, _SIMPLE))
