"""Part `sentences`: every statement with one assertion turned round; each of them has to fail."""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from asrun import court
from asrun.cache import Cache
from asrun.jobs import Runs
from asrun.model import Lesson, Trace, Verdict
from asrun.terminal import Progress
from tools.mutant_parts.kept import Kept, Result, key_of
from tools.mutant_parts.trial import Trial

_SWAPPED = (ast.Lt, ast.Gt, ast.LtE, ast.GtE)


@dataclass(frozen=True, slots=True)
class Turned:
    """A statement with one of its assertions turned round.

    Attributes:
        lesson: whose.
        statement: its name.
        operator: "negate" or "swap".
        line: of the assertion.
        what: what is asserted instead.
        start, end: where it stands in `lesson.py`, in bytes.
        new: what stands there instead.
    """

    lesson: Lesson
    statement: str
    operator: str
    line: int
    what: str
    start: int
    end: int
    new: str


def all_of(lesson: Lesson, verdicts: Mapping[str, Verdict]) -> list[Turned]:
    """The mutants of a lesson's statements.

    Each assertion, and whether each option of a quiz is right, is negated. Each pair of moments
    whose order is asserted is asserted the other way round; in a quiz, it is the right option that
    asserts an order.

    Args:
        lesson: whose statements.
        verdicts: on its statements as they are.
    """
    tree = ast.parse(lesson.source)
    names = {statement.name for statement in lesson.statements}
    found: list[Turned] = []
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name in names:
            for test, true in _tests(function, verdicts[function.name]):
                found += _turned(lesson, function.name, test, true)
    return found


def _tests(function: ast.FunctionDef, verdict: Verdict) -> Iterator[tuple[ast.expr, bool]]:
    """What is asserted, and whether it is true on the runs as they are."""
    options = []
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            yield node.test, True
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Option":
            given = [k.value for k in node.keywords if k.arg == "right"]
            options.append((given or node.args[1:2])[0])
    options.sort(key=lambda test: (test.lineno, test.col_offset))
    for test, choice in zip(options, verdict.choices, strict=True):
        yield test, choice.right


def _turned(lesson: Lesson, name: str, test: ast.expr, true: bool) -> Iterator[Turned]:
    def made(operator: str, node: ast.expr, new: str) -> Turned:
        start, end = _span(lesson.source, node)
        what = " ".join(new.split())
        return Turned(lesson, name, operator, node.lineno, what, start, end, new)

    def of(node: ast.expr) -> str:
        return ast.get_source_segment(lesson.source, node) or ""

    yield made("negate", test, f"(not ({of(test)}))")
    for node in ast.walk(test) if true else ():
        if not isinstance(node, ast.Compare) or not all(isinstance(o, _SWAPPED) for o in node.ops):
            continue
        parts = [node.left, *node.comparators]
        if any(isinstance(part, ast.Constant) for part in parts):
            continue  # a count, and no order
        for at in range(len(node.ops)):
            order = [*parts[:at], parts[at + 1], parts[at], *parts[at + 2 :]]
            signs = [_SIGNS[type(o)] for o in node.ops]
            new = of(order[0]) + "".join(
                f" {s} {of(p)}" for s, p in zip(signs, order[1:], strict=True)
            )
            yield made("swap", node, f"({new})")


_SIGNS: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.Gt: ">", ast.LtE: "<=", ast.GtE: ">="}


def _span(source: str, node: ast.expr) -> tuple[int, int]:
    lines = source.encode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:n])) for n in range(len(lines))]
    last = node.end_lineno or node.lineno
    return starts[node.lineno - 1] + node.col_offset, starts[last - 1] + (node.end_col_offset or 0)


def results(
    plain: Trial,
    children: Runs,
    kept: Kept,
    progress: Progress,
    every: int = 1,
) -> Iterator[tuple[Turned, Result]]:
    """What the judge says of each mutant.

    The mutants of different statements are judged together, one of each at a time.

    Args:
        plain: a lesson as it is: all of its statements hold.
        children: run the proofs.
        kept: what was found before, and where it is kept.
        progress: is told what is done.
        every: only each so many-th mutant.

    Yields:
        Each mutant with plain data: `outcome`, the verdict.
    """
    lesson, rounds = plain.lesson, list[dict[str, Turned]]()
    for one in all_of(lesson, plain.verdicts)[::every]:
        found = kept.get(_key(one))
        if found is not None:
            yield one, found
            continue
        place = next((r for r in rounds if one.statement not in r), None)
        if place is None:
            rounds.append(place := {})
        place[one.statement] = one
    for number, group in enumerate(rounds, 1):
        progress(f"sentences: {lesson.id}, {number} of {len(rounds)}")
        verdicts = _judged(lesson, list(group.values()), plain.traces, children)
        for one in group.values():
            verdict = verdicts[one.statement]
            result: Result = {"outcome": verdict.outcome, "message": verdict.message}
            kept.put(_key(one), result)
            yield one, result


def _key(one: Turned) -> str:
    recordings = sorted(one.lesson.folder.glob("recordings/*/*.txt"))
    texts = [file.read_text(encoding="utf-8") for file in recordings]
    return key_of("sentence", one.lesson.app, one.lesson.source, f"{one.start}:{one.new}", *texts)


def _judged(
    lesson: Lesson, group: Sequence[Turned], traces: Mapping[str, Trace], children: Runs
) -> dict[str, Verdict]:
    source = lesson.source.encode()
    for one in sorted(group, key=lambda t: -t.start):
        source = source[: one.start] + one.new.encode() + source[one.end :]
    names = {one.statement for one in group}
    with tempfile.TemporaryDirectory(prefix="asrun-mutants-") as place:
        root = Path(place).resolve()
        root.chmod(0o755)
        folder = root / "snippets" / lesson.id
        folder.mkdir(parents=True)
        shutil.copy(lesson.folder / "app.py", folder)
        (folder / "lesson.py").write_bytes(source)
        changed = replace(
            lesson,
            folder=folder,
            source=source.decode(),
            statements=tuple(s for s in lesson.statements if s.name in names),
        )
        told = {(lesson.id, name): trace for name, trace in traces.items()}
        return court.judge([changed], told, Cache(None), children)[lesson.id]
