"""How a lesson behaves in other releases, from its accepted recordings alone.

A build runs no other release: what it shows and checks of them is what `asrun versions --accept`
wrote, and that this belongs to the lesson as it is now is checked by `check.against_accepted`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from packaging.version import Version

from asrun import accepted
from asrun.accepted import Kept
from asrun.elsewhere import Answer, Behaviour, Change, History, Told
from asrun.model import RELEASES, Event, Lesson, Problem, Scenario, Verdict, VersionRange
from asrun.nearby import StepsOf
from asrun.record.source import Source
from asrun.versions import aligning, apart, eras
from asrun.versions import truth as truths
from asrun.versions.truth import Truth


def of_lesson(
    lesson: Lesson, here: str, steps_of: StepsOf, truth: Truth | None = None
) -> History | None:
    """What is known of a lesson in other releases.

    Args:
        lesson: the lesson.
        here: the release that the build runs on.
        steps_of: how a trace reads in steps.
        truth: where its statements are true; None leaves that out.

    Returns:
        None where no other release was accepted, or a recording cannot be read.
    """
    behaviours: list[Behaviour] = []
    changes: list[Change] = []
    by_scenario: dict[str, Sequence[Kept]] = {}
    for scenario in lesson.scenarios:
        kept, broken = accepted.read(accepted.folder(lesson, scenario.name))
        if broken:
            return None
        by_scenario[scenario.name] = kept
        mine = {k.file.stem: _behaviour(lesson, scenario, k, here) for k in kept}
        behaviours += mine.values()
        changes += _changes(lesson, scenario, kept, mine, steps_of)
    named = {v for b in behaviours for r in b.ranges for v in (r.first, r.last)}
    if named <= {here}:
        return None
    order = sorted(named, key=Version)
    told = tuple(_told(s.name, truth) for s in lesson.statements) if truth else ()
    changes.sort(key=lambda c: Version(c.release))
    versions = truth.versions if truth else order
    found = eras.of_releases(versions, by_scenario, here)
    judged = eras.verdicts(found, by_scenario, truth) if truth else {}
    return History(
        first=order[0],
        last=order[-1],
        behaviours=tuple(behaviours),
        changes=tuple(changes),
        told=told,
        eras=found,
        verdicts=judged,
        answers=eras.answers(found, judged),
        newest=any(b.newest for b in behaviours),
        apart=tuple(
            one
            for scenario in lesson.scenarios
            for one in apart.of_scenario(
                lesson, scenario, by_scenario[scenario.name], versions, steps_of
            )
        ),
    )


def _others(lesson: Lesson, here: str) -> bool:
    """Whether anything was accepted of another release."""
    kept = [k for s in lesson.scenarios for k in accepted.read(accepted.folder(lesson, s.name))[0]]
    return any((r.first, r.last) != (here, here) for k in kept for r in k.ranges)


def relocated(lesson: Lesson, events: Sequence[Event]) -> tuple[Event, ...]:
    """Events with their lines in `app.py`, which an accepted recording does not hold.

    A statement is found by its function and its text. Where a function has the same statement
    twice, it is the next one from where the frame was.
    """
    places = _places(lesson)
    at: dict[tuple[int | None, str, int], int] = {}
    result = []
    for event in events:
        key = event.frame_key
        lines = places.get((event.function or "", event.text or ""))
        if key is None or not lines:
            result.append(event)
            continue
        line = next((n for n in lines if n >= at.get(key, 0)), lines[0])
        at[key] = line
        result.append(event.model_copy(update={"file": "app.py", "line": line}))
    return tuple(result)


def _places(lesson: Lesson) -> Mapping[tuple[str, str], list[int]]:
    text = (lesson.folder / "app.py").read_text(encoding="utf-8")
    source = Source(text)
    result: dict[tuple[str, str], list[int]] = {}
    for name, node in _functions(ast.parse(text).body, ""):
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            site = source.site(line)
            for number, said in ((site.line, site.text), (line, source.handlers.get(line, ""))):
                found = result.setdefault((name, said), [])
                if said and number not in found:
                    found.append(number)
    return result


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(body: Sequence[ast.stmt], inside: str) -> Iterator[tuple[str, _Function]]:
    """All functions, each by the name that a trace gives it."""
    for node in body:
        if isinstance(node, _Function):
            yield f"{inside}{node.name}", node
            yield from _functions(node.body, "")
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{inside}{node.name}.")
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.stmt):
                    yield from _functions([child], inside)


def _behaviour(lesson: Lesson, scenario: Scenario, kept: Kept, here: str) -> Behaviour:
    recording = kept.recording
    trace = None
    if recording.outcome == "recorded":
        events = relocated(lesson, recording.events)
        trace = recording.trace.model_copy(update={"events": events, "title": scenario.title})
    return Behaviour(
        scenario=scenario.name,
        file=kept.file.stem,
        outcome=recording.outcome,
        why=recording.why,
        line=recording.line,
        ranges=kept.ranges,
        newest=recording.newest,
        trace=trace,
        here=accepted.covering([kept], here) is not None,
    )


def _changes(
    lesson: Lesson,
    scenario: Scenario,
    kept: Sequence[Kept],
    behaviours: Mapping[str, Behaviour],
    steps_of: StepsOf,
) -> Iterator[Change]:
    ranges: list[tuple[VersionRange, Behaviour]] = [
        (r, behaviours[k.file.stem]) for k in kept for r in k.ranges
    ]
    ranges.sort(key=lambda pair: Version(pair[0].first))
    for (before, old), (after, new) in pairwise(ranges):
        if old is new:
            continue
        yield Change(
            scenario=scenario.name,
            release=after.first,
            day=after.first_day,
            before=before.last,
            by=after.by,
            moved=after.moved,
            old=old.file,
            new=new.file,
            rows=aligning.rows(lesson, old.trace, new.trace, steps_of),
        )


def _told(statement: str, truth: Truth) -> Told:
    known = [t for t in truth.of[statement] if t is not None]
    return Told(statement, tuple(truth.ranges(statement)), all(known))


def of_build(
    lesson: Lesson,
    here: str,
    versions: Sequence[str],
    judge: truths.Judge,
    steps_of: StepsOf,
    verdicts: Mapping[str, Verdict] | None = None,
) -> tuple[History | None, list[Problem]]:
    """What a build shows of other releases, and what is wrong with what is said of them.

    Args:
        lesson: the lesson; its recordings are of the code as it is now.
        here: the release that the build runs on.
        versions: the releases that are known.
        judge: judges its statements.
        steps_of: how a trace reads in steps.
        verdicts: what became of its statements on the build's own runs, by name.

    Returns:
        No history where no other release was accepted.
    """
    if not _others(lesson, here):
        return None, list(_unanswered(lesson, verdicts or {}, {}))
    truth = truths.find(lesson, truths.of_accepted(lesson, versions), judge, here)
    found = of_lesson(lesson, here, steps_of, truth)
    # A proof that is none here has its own problem, and is nothing to tell `holds` by.
    none = {
        n for n, v in (verdicts or {}).items() if v.outcome not in ("proved", "false", "missing")
    }
    problems = [p for p in truths.problems(lesson, truth) if p.statement not in none]
    if found is not None:
        problems += _unanswered(lesson, verdicts or {}, found.answers)
    return found, problems


def other_answers(
    lesson: Lesson, found: History | None, here: str, verdicts: Mapping[str, Verdict]
) -> dict[str, Verdict]:
    """Quizzes that ask for what is right in other releases, and not here: none of them is true here.

    Args:
        lesson: the lesson.
        found: what is known of it in other releases; None where nothing is.
        here: the release that the build runs on.
        verdicts: what became of its statements on the build's own runs, by name.

    Returns:
        For each such quiz that its run decides, the verdict that it is false.
    """
    told = {t.statement: t for t in found.told} if found else {}
    result: dict[str, Verdict] = {}
    for statement in lesson.statements:
        verdict = verdicts.get(statement.name)
        known = told.get(statement.name)
        if statement.kind != "quiz" or verdict is None or known is None:
            continue
        right = truths.right(verdict)
        if (
            right is not None
            and known.ranges
            and not any(accepted.within(here, r) for r in known.ranges)
        ):
            message = f"another option is right here: “{right}”"
            result[statement.name] = replace(verdict, outcome="false", message=message)
    return result


def _unanswered(
    lesson: Lesson, verdicts: Mapping[str, Verdict], answers: Mapping[tuple[str, str], Answer]
) -> Iterator[Problem]:
    """Options that say in which releases they are right, and are so in none that is known."""
    for statement in lesson.statements:
        verdict = verdicts.get(statement.name)
        for choice in verdict.choices if verdict and verdict.outcome == "proved" else ():
            if RELEASES in choice.why and (statement.name, choice.text) not in answers:
                yield Problem(
                    "holds-wrong",
                    lesson.file("lesson.py"),
                    statement.line,
                    f"the option “{choice.text}” of `{statement.name}` says {RELEASES}, and is "
                    "the right one in no release that was recorded",
                    f"Leave {RELEASES} out; or, if other releases were not recorded yet, do it "
                    f"with `asrun versions {lesson.id} --accept`.",
                    expected=statement.text,
                    lesson=lesson.id,
                    scenario=statement.on[0],
                    statement=statement.name,
                )
