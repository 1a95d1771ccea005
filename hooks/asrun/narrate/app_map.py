"""What `app.py` says about itself, read by AST: which function is what, and what asks for what.

A run shows that a function ran; only its source shows that it is a dependency, and of whom.
What the source does not say plainly is left open: no role is guessed from a name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from asrun.narrate.statements import Statements

Role = Literal[
    "",
    "endpoint",
    "dependency",
    "middleware",
    "exception handler",
    "lifespan function",
    "background task",
    "stream",
    "validator",
]
"""What a function is to FastAPI; "" where the source does not say."""

_PATH_OPERATIONS = {
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "api_route", "route",
    "websocket", "websocket_route",
}  # fmt: skip
_VALIDATORS = {
    "field_validator",
    "model_validator",
    "validator",
    "root_validator",
    "field_serializer",
}
_DECORATORS: dict[str, Role] = {
    "middleware": "middleware",
    "exception_handler": "exception handler",
    "on_event": "lifespan function",
}
_STREAMS = {"StreamingResponse", "EventSourceResponse"}
_APPLICATIONS = {"FastAPI", "APIRouter", "Starlette"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_FUNCTIONS, ast.ClassDef, ast.Lambda)

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Function:
    """A function of `app.py`."""

    name: str
    """Qualified name within the outermost function, as events carry it."""
    line: int
    last: int
    is_async: bool
    yields: tuple[int, ...]
    """First lines of the statements that hold a `yield` of its own."""
    role: Role = ""
    needs: dict[str, str] = field(default_factory=dict)
    """Parameter to the dependency that fills it."""
    also_needs: tuple[str, ...] = ()
    """Dependencies that run for it and fill no parameter (`dependencies=[...]`)."""
    parameters: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """`def`, `async def`, `generator` or `async generator`."""
        if self.yields:
            return "async generator" if self.is_async else "generator"
        return "async def" if self.is_async else "def"


class AppMap:
    """The functions of one `app.py`.

    Args:
        source: the file's text.
        endpoints: functions that a run showed to be endpoints, whatever the source says.

    Raises:
        SyntaxError: where the source does not parse.
    """

    def __init__(self, source: str, endpoints: frozenset[str] = frozenset()) -> None:
        tree = ast.parse(source)
        self.at = Statements(tree)
        """What the statement at a line stands in, and what it holds."""
        self._aliases = _annotated_aliases(tree)
        nodes = dict(_named(tree.body, ""))
        self._by_name = nodes
        self._applications = _applications(tree)
        roles = self._roles(tree) | dict.fromkeys(endpoints, "endpoint")
        self.functions = {
            name: self._function(name, node, roles.get(name, ""))
            for name, node in nodes.items()
            if isinstance(node, _FUNCTIONS)
        }

    def role(self, function: str | None) -> Role:
        """What a function is to FastAPI."""
        found = self.functions.get(function or "")
        return found.role if found else ""

    def dependencies_of(self, function: str) -> tuple[str, ...]:
        """The dependencies that a function asks for itself, each once, in its source's order."""
        found = self.functions.get(function)
        if found is None:
            return ()
        return tuple(dict.fromkeys([*found.also_needs, *found.needs.values()]))

    def _function(self, name: str, node: FunctionNode, role: Role) -> Function:
        yields = sorted(
            {
                self.at.line_of(n)
                for n in _own_nodes(node)
                if isinstance(n, ast.Yield | ast.YieldFrom)
            }
        )
        also = [d for decorator in node.decorator_list for d in self._around(decorator)]
        return Function(
            name=name,
            line=node.lineno,
            last=node.end_lineno or node.lineno,
            is_async=isinstance(node, ast.AsyncFunctionDef),
            yields=tuple(yields),
            role=role,
            needs=self._needs(node),
            also_needs=tuple(also),
            parameters=tuple(
                a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            ),
        )

    def _needs(self, node: FunctionNode) -> dict[str, str]:
        needs: dict[str, str] = {}
        positional = [*node.args.posonlyargs, *node.args.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(node.args.defaults))
        pairs = [
            *zip(positional, [*defaults, *node.args.defaults], strict=True),
            *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
        ]
        for arg, default in pairs:
            wanted = self._dependency(default, arg.annotation) or self._annotated(arg.annotation)
            if wanted:
                needs[arg.arg] = wanted
        return needs

    def _annotated(self, annotation: ast.expr | None) -> str:
        if isinstance(annotation, ast.Name):
            annotation = self._aliases.get(annotation.id)
        inside = _annotated_parts(annotation)
        for extra in inside[1:]:
            wanted = self._dependency(extra, inside[0])
            if wanted:
                return wanted
        return ""

    def _dependency(self, call: ast.expr | None, annotation: ast.expr | None) -> str:
        """The function that a `Depends(...)` names; a class stands for its `__init__`."""
        if not (isinstance(call, ast.Call) and _last_name(call.func) in {"Depends", "Security"}):
            return ""
        named: ast.expr | None = call.args[0] if call.args else None
        for keyword in call.keywords:
            if keyword.arg == "dependency":
                named = keyword.value
        if named is None:
            named = annotation
        return self._resolve(named)

    def _around(self, decorator: ast.expr) -> list[str]:
        """Dependencies that a path operation's decorator, its router and the app bring along."""
        if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)):
            return []
        router = self._applications.get(_last_name(decorator.func.value))
        if router is None:
            return []
        apps = [
            c
            for c in self._applications.values()
            if _last_name(c.func) == "FastAPI" and c is not router
        ]
        return [d for call in (*apps, router, decorator) for d in self._listed_dependencies(call)]

    def _listed_dependencies(self, call: ast.Call) -> list[str]:
        for keyword in call.keywords:
            if keyword.arg == "dependencies" and isinstance(keyword.value, ast.List | ast.Tuple):
                return [d for e in keyword.value.elts if (d := self._dependency(e, None))]
        return []

    def _resolve(self, node: ast.expr | None) -> str:
        """The function of this file that an expression names, or ""."""
        if isinstance(node, ast.Call):
            # An instance as a dependency: `Depends(Checker(...))` calls its `__call__`.
            name = _last_name(node.func)
            return f"{name}.__call__" if f"{name}.__call__" in self._by_name else ""
        name = _last_name(node)
        if name not in self._by_name:
            return ""
        if isinstance(self._by_name[name], ast.ClassDef):
            return f"{name}.__init__" if f"{name}.__init__" in self._by_name else ""
        return name

    def _roles(self, tree: ast.Module) -> dict[str, Role]:
        roles: dict[str, Role] = {}
        for name, node in self._by_name.items():
            for decorator in node.decorator_list:
                role = self._decorator_role(decorator)
                if role:
                    roles[name] = role
        for mention in ast.walk(tree):
            for name, role in self._mentions(mention):
                roles.setdefault(name, role)
        return roles

    def _decorator_role(self, decorator: ast.expr) -> Role:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = _last_name(called)
        if name in _VALIDATORS:
            return "validator"
        if (
            not isinstance(called, ast.Attribute)
            or _last_name(called.value) not in self._applications
        ):
            return ""
        return "endpoint" if name in _PATH_OPERATIONS else _DECORATORS.get(name, "")

    def _mentions(self, node: ast.AST) -> Iterator[tuple[str, Role]]:
        if isinstance(node, ast.Assign) and any(_is_override(t) for t in node.targets):
            yield self._resolve(node.value), "dependency"
        if isinstance(node, ast.arg):
            yield self._annotated(node.annotation), "dependency"
        if not isinstance(node, ast.Call):
            return
        called = _last_name(node.func)
        first = node.args[0] if node.args else None
        if called in {"Depends", "Security"}:
            yield self._dependency(node, None), "dependency"
        elif called == "add_middleware":
            for method in ("__call__", "dispatch"):
                yield f"{_last_name(first)}.{method}", "middleware"
        elif called == "add_exception_handler" and len(node.args) > 1:
            yield self._resolve(node.args[1]), "exception handler"
        elif called in {"add_task", "BackgroundTask"}:
            yield self._resolve(first), "background task"
        elif called in _STREAMS and isinstance(first, ast.Call):
            yield self._resolve(first.func), "stream"
        for keyword in node.keywords:
            if keyword.arg == "lifespan":
                yield self._resolve(keyword.value), "lifespan function"


def _named(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, FunctionNode | ast.ClassDef]]:
    """Functions and classes with the names that events carry: `<locals>` starts afresh."""
    for node in body:
        if isinstance(node, _FUNCTIONS):
            yield f"{prefix}{node.name}", node
            yield from _named(node.body, "")
        elif isinstance(node, ast.ClassDef):
            yield f"{prefix}{node.name}", node
            yield from _named(node.body, f"{prefix}{node.name}.")
        else:
            for block in ("body", "orelse", "finalbody"):
                yield from _named(getattr(node, block, []) or [], prefix)
            for handler in getattr(node, "handlers", []):
                yield from _named(handler.body, prefix)


def _applications(tree: ast.Module) -> dict[str, ast.Call]:
    """Names that are bound to an app or a router, and the call that makes it."""
    classes = _APPLICATIONS | {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(_last_name(b) in _APPLICATIONS for b in node.bases)
    }
    return {
        _last_name(target): node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and _last_name(node.value.func) in classes
        for target in node.targets
    }


def _own_nodes(function: FunctionNode) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions and classes inside it."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _SCOPES):
            stack.extend(ast.iter_child_nodes(node))


def _last_name(node: ast.AST | None) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _annotated_parts(annotation: ast.expr | None) -> list[ast.expr]:
    if isinstance(annotation, ast.Subscript) and _last_name(annotation.value) == "Annotated":
        inside = annotation.slice
        return list(inside.elts) if isinstance(inside, ast.Tuple) else [inside]
    return []


def _annotated_aliases(tree: ast.Module) -> dict[str, ast.expr]:
    aliases: dict[str, ast.expr] = {}
    for node in tree.body:
        value: ast.expr | None = getattr(node, "value", None)
        if not _annotated_parts(value) or value is None:
            continue
        if isinstance(node, ast.Assign):
            aliases.update({_last_name(t): value for t in node.targets})
        else:
            # `name: TypeAlias = ...`, and `type name = ...` from Python 3.12 on.
            target = getattr(node, "target", None) or getattr(node, "name", None)
            aliases[_last_name(target)] = value
    return aliases


def _is_override(target: ast.expr) -> bool:
    return isinstance(target, ast.Subscript) and _last_name(target.value) == "dependency_overrides"
