"""Other apps: one `app.py`, changed in one place. Each change keeps the rest of the source as it is.

Libraries that mutate Python were looked at and not used. `mutmut` leaves decorated functions and the
arguments of decorators alone, which in a FastAPI app is nearly all of it; `mutmut` and `cosmic-ray`
change operators, numbers and texts, and have nothing that moves, swaps or removes a statement, a
`finally`, a `with` or an `await`, or makes an `async def` a `def`. Those are the mistakes that a
tutorial about order, state and threads has to notice.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed source.

    Attributes:
        operator: the kind of change.
        lines: first and last line that it changes, in the source as it was.
        what: the change, on one line.
        source: the whole changed source.
    """

    operator: str
    lines: tuple[int, int]
    what: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """All mutants of an app, in the order of its lines; each compiles, and none is the app itself."""
    text = _Text(source)
    tree = ast.parse(source)
    found: dict[str, Mutant] = {}
    own = ast.dump(tree)
    for make in _OPERATORS:
        for mutant in make(text, tree):
            try:
                changed = ast.dump(ast.parse(mutant.source))
                compile(mutant.source, "app.py", "exec", dont_inherit=True)
            except SyntaxError:
                continue
            if changed != own:
                found.setdefault(changed, mutant)
    return sorted(found.values(), key=lambda m: (m.lines, m.operator, m.what))


class _Text:
    """A source, and what it is with parts of it replaced."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines = source.splitlines(keepends=True)
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line.encode()))
        self._starts = starts
        self._bytes = source.encode()

    def of(self, node: ast.expr | ast.stmt | ast.arg | ast.excepthandler) -> str:
        """A node's source."""
        start, end = self._span(node)
        return self._bytes[start:end].decode()

    def replaced(
        self, operator: str, *edits: tuple[ast.expr | ast.arg | ast.stmt, str], what: str = ""
    ) -> Mutant:
        """The source with nodes replaced."""
        made = self._bytes
        for node, new in sorted(edits, key=lambda e: -self._span(e[0])[0]):
            start, end = self._span(node)
            made = made[:start] + new.encode() + made[end:]
        first = edits[0][0]
        said = what or f"{_short(self.of(first))} -> {_short(edits[0][1])}"
        lines = [(n.lineno, n.end_lineno or n.lineno) for n, _ in edits]
        span = (min(a for a, _ in lines), max(b for _, b in lines))
        return Mutant(operator, span, said, made.decode())

    def relined(self, operator: str, first: int, last: int, new: str, what: str) -> Mutant:
        """The source with whole lines replaced, `first` to `last` inclusive."""
        made = "".join([*self.lines[: first - 1], new, *self.lines[last:]])
        return Mutant(operator, (first, last), what, made)

    def block(self, first: int, last: int) -> str:
        """Whole lines."""
        return "".join(self.lines[first - 1 : last])

    def body(self, body: Sequence[ast.stmt], indent: int) -> str:
        """Statements, moved to another indentation."""
        text = textwrap.dedent(self.block(*_lines(body[0], body[-1])))
        return textwrap.indent(text, " " * indent)

    def _span(self, node: ast.expr | ast.stmt | ast.arg | ast.excepthandler) -> tuple[int, int]:
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[end_line - 1] + end


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def _lines(first: ast.stmt, last: ast.stmt | None = None) -> tuple[int, int]:
    """First and last line of statements, decorators included."""
    last = last or first
    starts = [d.lineno for d in getattr(first, "decorator_list", ())]
    return min([first.lineno, *starts]), last.end_lineno or last.lineno


def _bodies(tree: ast.AST) -> Iterator[tuple[ast.AST, list[ast.stmt]]]:
    """Every list of statements, with what it belongs to."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield node, body


def _silent(statement: ast.stmt) -> bool:
    """Whether a statement does nothing, or is an import, without which nothing can run."""
    return isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _by_itself(text: _Text, statement: ast.stmt) -> bool:
    """Whether a statement's lines are its own."""
    return text.block(*_lines(statement)).lstrip()[:1] != "" and (
        text.lines[_lines(statement)[0] - 1][: statement.col_offset].strip() in ("", "@")
    )


# ------------------------------------------------------------------ statements


def _removed(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for owner, body in _bodies(tree):
        for statement in body:
            if _silent(statement) or not _by_itself(text, statement):
                continue
            if owner is tree and not isinstance(statement, ast.Expr):
                continue  # a module without one of its names can't be imported
            first, last = _lines(statement)
            rest = [s for s in body if s is not statement and not _docstring(s)]
            new = "" if rest or owner is tree else f"{' ' * statement.col_offset}pass\n"
            yield text.relined("remove", first, last, new, f"- {_short(text.of(statement))}")


def _docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _swapped(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for owner, body in _bodies(tree):
        for one, other in pairwise(body):
            if any(_silent(s) or not _by_itself(text, s) for s in (one, other)):
                continue
            if owner is tree and not all(
                isinstance(s, Function) and s.decorator_list for s in (one, other)
            ):
                continue
            a, b = _lines(one), _lines(other)
            between = text.block(a[1] + 1, b[0] - 1)
            new = text.block(*b) + between + text.block(*a)
            what = f"{_short(text.of(other))} before {_short(text.of(one))}"
            yield text.relined("swap", a[0], b[1], new, what)


def _moved(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    """Each statement of a function as its first, and as its last one."""
    for owner, whole_body in _bodies(tree):
        body = [s for s in whole_body if not _docstring(s)]
        if owner is tree or len(body) < 3 or any(not _by_itself(text, s) for s in body):
            continue
        whole = (_lines(body[0])[0], _lines(body[-1])[1])
        blocks = [text.block(*_lines(s)) for s in body]
        for at, statement in enumerate(body):
            rest = blocks[:at] + blocks[at + 1 :]
            for where, order in (("first", [blocks[at], *rest]), ("last", [*rest, blocks[at]])):
                what = f"{_short(text.of(statement))} {where}"
                yield text.relined("move", *whole, "".join(order), what)


def _finally_removed(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Try) or not node.finalbody:
            continue
        first, last = _lines(node)
        indent = node.col_offset
        if node.handlers:
            end = node.orelse or node.handlers[-1].body
            inner = text.block(first, _lines(end[-1])[1])
        else:
            inner = text.body(node.body, indent)
        after = text.body(node.finalbody, indent)
        yield text.relined("finally", first, last, inner, "- finally")
        yield text.relined("finally", first, last, inner + after, "finally: after the try instead")


def _with_removed(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith):
            names = [
                f"{' ' * node.col_offset}{text.of(item.optional_vars)} = "
                f"{text.of(item.context_expr)}\n"
                for item in node.items
                if item.optional_vars is not None
            ]
            inner = "".join(names) + text.body(node.body, node.col_offset)
            what = f"- {_short(text.of(node).split(':', 1)[0])}"
            yield text.relined("with", *_lines(node), inner, what)


# ------------------------------------------------------------------ functions


def _own(function: Function) -> Iterator[ast.AST]:
    """What is in a function's body, less what is in functions inside it."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            stack.extend(ast.iter_child_nodes(node))


def _async_changed(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        if not isinstance(node, Function):
            continue
        line = text.lines[node.lineno - 1]
        before, after = line[: node.col_offset], line[node.col_offset :]
        if isinstance(node, ast.FunctionDef):
            new, what = f"{before}async {after}", f"async def {node.name}"
        else:
            new, what = f"{before}{after.removeprefix('async ')}", f"def {node.name}"
        made = text.relined("async", node.lineno, node.lineno, new, what)
        yield Mutant(made.operator, made.lines, made.what, _without_await(made.source, node))


def _without_await(source: str, function: Function) -> str:
    """What was made a `def` can't await: its `await`, `async for` and `async with` go with it."""
    if isinstance(function, ast.FunctionDef):
        return source
    lines = source.splitlines(keepends=True)
    places = [
        (n.lineno, n.col_offset)
        for n in _own(function)
        if isinstance(n, ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]
    for at, place in sorted(places, reverse=True):
        column = place - (len("async ") if at == function.lineno else 0)
        line = lines[at - 1]
        rest = line[column:]
        word = "await " if rest.startswith("await ") else "async "
        lines[at - 1] = line[:column] + rest.removeprefix(word)
    return "".join(lines)


def _await_removed(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Await):
            yield text.replaced("await", (node, text.of(node.value)))


def _decorator_removed(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        for one in getattr(node, "decorator_list", ()):
            last = one.end_lineno or one.lineno
            yield text.relined("decorator", one.lineno, last, "", f"- @{_short(text.of(one))}")


def _parameters_swapped(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            plain = node.args.args[: len(node.args.args) - len(node.args.defaults)]
            for one, other in pairwise(plain):
                a, b = text.of(one), text.of(other)
                what = f"{node.name}({other.arg}, {one.arg})"
                yield text.replaced("parameters", (one, b), (other, a), what=what)


def _status_added(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        for one in getattr(node, "decorator_list", ()):
            if (
                isinstance(one, ast.Call)
                and isinstance(one.func, ast.Attribute)
                and one.func.attr in {"get", "post", "put", "patch", "delete"}
                and all(k.arg != "status_code" for k in one.keywords)
            ):
                new = f"{text.of(one)[:-1]}, status_code=202)"
                yield text.replaced("status", (one, new), what="status_code=202")


# ------------------------------------------------------------------ expressions

_COMPARISONS = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "/",
    ast.Mod: "*",
    ast.Pow: "*",
}


def _negated(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
            yield text.replaced("negate", (node.test, f"not ({text.of(node.test)})"))
        elif isinstance(node, ast.comprehension):
            for test in node.ifs:
                yield text.replaced("negate", (test, f"(not ({text.of(test)}))"))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield text.replaced("negate", (node, f"({text.of(node.operand)})"))


def _operators(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            new = _COMPARISONS[type(node.ops[0])]
            changed = f"{text.of(node.left)} {new} {text.of(node.comparators[0])}"
            yield text.replaced("operator", (node, changed))
        elif isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            left, right = text.of(node.left), text.of(node.right)
            yield text.replaced("operator", (node, f"{left} {_BINARY[type(node.op)]} {right}"))
        elif isinstance(node, ast.BoolOp):
            word = " or " if isinstance(node.op, ast.And) else " and "
            yield text.replaced("operator", (node, f"({word.join(map(text.of, node.values))})"))
        elif isinstance(node, ast.AugAssign):
            new = f"{text.of(node.target)} = {text.of(node.value)}"
            yield text.replaced("operator", (node, new))


def _constants(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    said = {id(part) for node in ast.walk(tree) for part in _untouched(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in said:
            continue
        if isinstance(node.value, bool):
            yield text.replaced("constant", (node, repr(not node.value)))
        elif isinstance(node.value, int | float):
            yield text.replaced("constant", (node, repr(node.value + 1)))
        elif isinstance(node.value, str):
            yield text.replaced("constant", (node, repr(f"XX{node.value}")))


def _untouched(node: ast.AST) -> Iterable[ast.AST]:
    """Docstrings, and the pieces of an f-string, which have no place of their own on 3.11."""
    if isinstance(node, ast.JoinedStr):
        return ast.walk(node)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return [node.value]
    return []


def _values(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Return | ast.Yield)
            and node.value is not None
            and not (isinstance(node.value, ast.Constant) and node.value.value is None)
        ):
            yield text.replaced("value", (node.value, "None"))


def _handlers(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            what = f"except {text.of(node.type)}: catches nothing"
            yield text.replaced("except", (node.type, "()"), what=what)


def _arguments(text: _Text, tree: ast.Module) -> Iterator[Mutant]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        parts = [text.of(a) for a in node.args]
        named = [
            f"{k.arg}={text.of(k.value)}" if k.arg else f"**{text.of(k.value)}"
            for k in node.keywords
        ]
        function = text.of(node.func)
        both = [*parts, *named]
        for at in range(len(both)):
            if len(both) > 1 or at >= len(parts):
                rest = ", ".join(both[:at] + both[at + 1 :])
                yield text.replaced("argument", (node, f"{function}({rest})"))
        if len(parts) > 1:
            rest = ", ".join([parts[1], parts[0], *both[2:]])
            yield text.replaced("argument", (node, f"{function}({rest})"))
        if function == "Depends" and len(parts) == 1 and not named:
            yield text.replaced("argument", (node, f"Depends({parts[0]}, use_cache=False)"))


_OPERATORS: tuple[Callable[[_Text, ast.Module], Iterator[Mutant]], ...] = (
    _removed,
    _swapped,
    _moved,
    _finally_removed,
    _with_removed,
    _async_changed,
    _await_removed,
    _decorator_removed,
    _parameters_swapped,
    _status_added,
    _negated,
    _operators,
    _constants,
    _values,
    _handlers,
    _arguments,
)
