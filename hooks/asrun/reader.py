"""Read one lesson's two files by AST: names, texts, lines and notes. Nothing of it runs here."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from pathlib import Path
from typing import NoReturn, cast

from packaging.specifiers import InvalidSpecifier

from asrun.holds import Holds
from asrun.model import Lesson, Problem, Scenario, Statement, StatementKind
from asrun.problems import ProblemError

_STATEMENTS = {"key_moment", "quiz", "snapshot", "exit_line"}
_AUTHORS_NAMES = {*_STATEMENTS, "scenario", "watch", "show", "advice", "Option", "Options", "Trace"}
_AUTHORS_NAMES |= {"Moment", "Client", "WebSocket", "WebSocketClosed", "WebSocketRejected"}


class Reader:
    """Reads one lesson's two files."""

    def __init__(self, root: Path, lesson_id: str, chapter_title: str) -> None:
        self._id = lesson_id
        self._folder = root / "snippets" / lesson_id
        self._chapter_title = chapter_title
        self._shown_names: list[tuple[str, int]] = []
        self._advice: list[str] = []
        self._scenarios: list[Scenario] = []
        self._statements: list[Statement] = []

    def lesson(self) -> Lesson:
        """Read both files."""
        app, app_tree = self._parse("app.py")
        source, tree = self._parse("lesson.py")
        title, about = self._docstring(tree)
        for node in tree.body:
            self._top_level(node, source)
        if not self._scenarios:
            self._fail(
                "lesson.py",
                1,
                "there is no scenario",
                'Add an `async def` with `@scenario("What happens")`.',
            )
        notes, clean = _notes(app)
        return Lesson(
            id=self._id,
            folder=self._folder,
            chapter_title=self._chapter_title,
            title=title,
            about=about,
            app=clean,
            source=source,
            scenarios=tuple(self._scenarios),
            statements=tuple(self._statements),
            shown=self._shown(app_tree),
            notes=notes,
            advice=tuple(self._advice),
            imports=_third_party(app_tree, tree),
        )

    def imports(self) -> tuple[str, ...]:
        """The modules that both files import at module level, and are installed ones."""
        return _third_party(self._parse("app.py")[1], self._parse("lesson.py")[1])

    def _fail(self, file: str, line: int, message: str, todo: str) -> NoReturn:
        where = f"snippets/{self._id}/{file}"
        raise ProblemError(Problem("lesson-invalid", where, line, message, todo, lesson=self._id))

    def _parse(self, file: str) -> tuple[str, ast.Module]:
        try:
            text = (self._folder / file).read_text(encoding="utf-8")
        except FileNotFoundError:
            self._fail(
                file, 0, "this file is missing", "A lesson is two files, app.py and lesson.py."
            )
        except UnicodeDecodeError:
            self._fail(file, 0, "this file is not UTF-8", "Save it as UTF-8.")
        try:
            return text, ast.parse(text)
        except SyntaxError as error:
            self._fail(file, error.lineno or 1, f"syntax error: {error.msg}", "Mend the line.")
        except (RecursionError, MemoryError, ValueError):
            self._fail(file, 1, "this file is nested too deeply to be read", "Write it flatter.")

    def _docstring(self, tree: ast.Module) -> tuple[str, str]:
        text = ast.get_docstring(tree) or ""
        title, _, about = text.partition("\n")
        if not title.strip():
            self._fail(
                "lesson.py",
                1,
                "the title is missing",
                "Begin with a docstring: a title, a blank line, a paragraph.",
            )
        if not about.strip():
            self._fail(
                "lesson.py",
                1,
                "the docstring says no more than the title",
                "Say in a paragraph what the concept is.",
            )
        return title.strip(), " ".join(about.split())

    def _top_level(self, node: ast.stmt, source: str) -> None:
        if isinstance(node, ast.ImportFrom) and node.module == "asrun":
            for alias in node.names:
                if alias.name not in _AUTHORS_NAMES:
                    known = ", ".join(sorted(_AUTHORS_NAMES))
                    self._fail(
                        "lesson.py",
                        node.lineno,
                        f"asrun has no `{alias.name}`",
                        f"It has: {known}.",
                    )
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = getattr(node.value.func, "id", "")
            if name == "show":
                self._shown_names += [
                    (self._literal(a, "a name"), node.lineno) for a in node.value.args
                ]
            elif name == "advice":
                self._advice += [
                    " ".join(self._literal(a, "a text").split()) for a in node.value.args
                ]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name):
                    if decorator.func.id == "scenario":
                        self._scenario(node, decorator)
                    elif decorator.func.id in _STATEMENTS:
                        self._statement(node, decorator, source)
                elif isinstance(decorator, ast.Name) and decorator.id in {
                    *_STATEMENTS,
                    "scenario",
                    "watch",
                }:
                    self._fail(
                        "lesson.py",
                        decorator.lineno,
                        f"`@{decorator.id}` is given nothing",
                        f"Call it: `@{decorator.id}(…)`.",
                    )

    def _scenario(self, node: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call) -> None:
        if not isinstance(node, ast.AsyncFunctionDef):
            self._fail(
                "lesson.py",
                node.lineno,
                f"the scenario `{node.name}` is no `async def`",
                "Make it one.",
            )
        title = self._literal(call.args[0], "a title") if call.args else ""
        if not title:
            self._fail(
                "lesson.py",
                call.lineno,
                "the scenario has no title",
                'Say what happens: `@scenario("The endpoint answers")`.',
            )
        client = node.args.args[0].arg if node.args.args else ""
        used = any(
            isinstance(n, ast.Name) and n.id == client for n in ast.walk(ast.Module(node.body, []))
        )
        if not client or not used:
            self._fail(
                "lesson.py",
                node.lineno,
                f"the scenario `{node.name}` makes no request",
                "Use the client that it is given.",
            )
        self._new_name(node)
        self._scenarios.append(Scenario(node.name, title, node.lineno))

    def _statement(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, source: str
    ) -> None:
        kind = cast(StatementKind, cast(ast.Name, call.func).id)
        if isinstance(node, ast.AsyncFunctionDef):
            self._fail(
                "lesson.py",
                node.lineno,
                f"the proof `{node.name}` is an `async def`",
                "Make it a `def`.",
            )
        keywords = {k.arg: k.value for k in call.keywords if k.arg}
        question = self._literal(call.args[0], "a question") if call.args else ""
        if kind in ("key_moment", "quiz") and not question:
            self._fail(
                "lesson.py",
                call.lineno,
                f"`@{kind}` has no question",
                "Give it as the first argument.",
            )
        if kind == "quiz":
            text, text_line = question, call.args[0].lineno
        else:
            text = ast.get_docstring(node) or ""
            text_line = node.body[0].lineno
            if not text:
                self._fail(
                    "lesson.py",
                    node.lineno,
                    f"`{node.name}` says nothing",
                    "Its docstring is the sentence.",
                )
        hint = self._literal(keywords["hint"], "a hint") if "hint" in keywords else ""
        if kind == "quiz" and not hint:
            self._fail(
                "lesson.py",
                call.lineno,
                "the quiz question has no hint",
                'Add `hint="…"`: a column or a step to look at.',
            )
        holds = self._literal(keywords["holds"], "version ranges") if "holds" in keywords else ""
        self._check_holds(holds, call.lineno)
        self._new_name(node)
        self._statements.append(
            Statement(
                kind=kind,
                name=node.name,
                line=node.lineno,
                text=" ".join(text.split()),
                text_line=text_line,
                on=self._on(keywords.get("on"), call, node),
                question=question if kind == "key_moment" else "",
                hint=" ".join(hint.split()),
                holds=holds,
                source=_proof_source(node, source),
            )
        )

    def _on(
        self, value: ast.expr | None, call: ast.Call, node: ast.FunctionDef | ast.AsyncFunctionDef
    ) -> tuple[str, ...]:
        names = value.elts if isinstance(value, (ast.Tuple, ast.List)) else [value] if value else []
        on = tuple(n.id for n in names if isinstance(n, ast.Name))
        known = [s.name for s in self._scenarios]
        if not on:
            self._fail(
                "lesson.py",
                call.lineno,
                f"`{node.name}` does not say which scenario it is about",
                f"Add `on=` with one of: {', '.join(known)}.",
            )
        for name in on:
            if name not in known:
                self._fail(
                    "lesson.py",
                    call.lineno,
                    f"`on={name}` is no scenario above it",
                    f"Scenarios are: {', '.join(known)}.",
                )
        if len(node.args.args) != len(on):
            self._fail(
                "lesson.py",
                node.lineno,
                f"`{node.name}` takes {len(node.args.args)} traces and is on {len(on)}",
                "Give it a parameter for each scenario.",
            )
        return on

    def _check_holds(self, holds: str, line: int) -> None:
        try:
            Holds(holds)
        except InvalidSpecifier as error:
            self._fail(
                "lesson.py",
                line,
                f"`holds` is no version range: {error}",
                'Write it as in `holds="<0.98 or >=0.101.1"`.',
            )

    def _literal(self, node: ast.expr, what: str) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip():
            return node.value
        return self._fail(
            "lesson.py",
            node.lineno,
            f"this is not {what} in quotes",
            "Texts are read without running the file: write it out here.",
        )

    def _new_name(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name in {s.name for s in self._scenarios} | {s.name for s in self._statements}:
            self._fail(
                "lesson.py",
                node.lineno,
                f"there are two functions `{node.name}`",
                "Rename one: the name is the statement's address.",
            )

    def _shown(self, app: ast.Module) -> tuple[tuple[int, int], ...]:
        if not self._shown_names:
            self._fail(
                "lesson.py",
                1,
                "nothing of app.py is shown",
                'Name the functions of the sample: `show("get_db")`.',
            )
        places = {
            name: (
                min([d.lineno for d in getattr(node, "decorator_list", [])], default=node.lineno),
                node.end_lineno or node.lineno,
            )
            for node in app.body
            for name in _bound(node)
        }
        for name, line in self._shown_names:
            if name not in places:
                self._fail(
                    "lesson.py",
                    line,
                    f"app.py has no `{name}` to show",
                    f"It has: {', '.join(places) or 'nothing with a name'}.",
                )
        return tuple(sorted(places[name] for name, _ in self._shown_names))


def _bound(node: ast.stmt) -> list[str]:
    """The names that a statement at module level gives to something: what `show` can name."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    if type(node).__name__ == "TypeAlias":  # `type name = ...`, from Python 3.12 on
        targets = [getattr(node, "name", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _notes(app: str) -> tuple[dict[int, str], str]:
    """The author's notes (`#: text` at a line's end) by line, and the source without them."""
    lines = app.splitlines()
    notes: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(app).readline):
        if token.type == tokenize.COMMENT and token.string.startswith("#:"):
            line, column = token.start
            if lines[line - 1][:column].strip():
                notes[line] = token.string[2:].strip()
                lines[line - 1] = lines[line - 1][:column].rstrip()
    return notes, "\n".join(lines) + "\n"


def _proof_source(node: ast.FunctionDef | ast.AsyncFunctionDef, source: str) -> str:
    lines = source.splitlines()
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if not body:
        return ""
    text = lines[body[0].lineno - 1 : node.end_lineno]
    indent = min((len(t) - len(t.lstrip()) for t in text if t.strip()), default=0)
    return "\n".join(t[indent:] for t in text)


def _third_party(*trees: ast.Module) -> tuple[str, ...]:
    """Modules imported at module level, of neither the standard library nor the lesson."""
    names: set[str] = set()
    for tree in trees:
        for node in tree.body:
            if isinstance(node, ast.Import):
                names |= {a.name for a in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    own = {"app", "lesson", "asrun"} | set(sys.stdlib_module_names)
    return tuple(sorted(n for n in names if n.split(".")[0] not in own))
