"""Compare: traces with what was accepted, statements with what ran. Differences become problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from asrun.holds import Holds
from asrun.model import Lesson, Problem, ProblemKind, Scenario, Trace, Verdict
from asrun.recording import FORMAT, Recording, RecordingError, from_text, lines_of
from asrun.stepdiff import in_words, step_diff, with_context
from asrun.story import Step

StepsOf = Callable[[Lesson, Trace], Sequence[Step]]
"""How a trace is told in steps; injected, since telling is another stage's business."""

_PROBLEM_OF: dict[str, ProblemKind] = {
    "false": "statement-false",
    "missing": "cited-step-missing",
    "unproved": "statement-unproved",
    "vacuous": "statement-vacuous",
    "ambiguous": "quiz-ambiguous",
    "crashed": "proof-crashed",
    "hung": "proof-hung",
}
_TODO = {
    "false": "Say what ran. If it is true in other versions of FastAPI, say which with `holds=`.",
    "missing": "Ask for a step that is there: `asrun show {lesson}` lists them.",
    "unproved": "Assert what the sentence says, by queries of the trace.",
    "vacuous": "Assert what the sentence says, so that the proof fails on that run.",
    "ambiguous": "Make exactly one option right, by what the trace says.",
    "crashed": "Mend the proof.",
    "hung": "A proof asks the trace and ends; look for a loop.",
}


def recording_folder(lesson: Lesson, scenario: str) -> Path:
    """Where a scenario's accepted recordings are."""
    return lesson.folder / "recordings" / scenario


def accepted(lesson: Lesson, scenario: Scenario) -> Path | None:
    """The accepted recording's file, or None where there is none."""
    files = sorted(recording_folder(lesson, scenario.name).glob("*.txt"))
    return files[0] if files else None


def against_accepted(
    lesson: Lesson, scenario: Scenario, trace: Trace, steps_of: StepsOf
) -> list[Problem]:
    """What differs between a trace and its accepted recording."""
    file = accepted(lesson, scenario)
    accept = f"`asrun accept {lesson.id}`"
    if file is None:
        return [
            Problem(
                "not-accepted",
                lesson.file("lesson.py"),
                scenario.line,
                f"the scenario `{scenario.name}` has no accepted recording",
                f"Look at it with `asrun show {lesson.id}`, then accept it with {accept}.",
                lesson=lesson.id,
                scenario=scenario.name,
            )
        ]
    path = lesson.file(f"recordings/{scenario.name}/{file.name}")
    try:
        recording = from_text(file.read_text(encoding="utf-8"))
    except (RecordingError, UnicodeDecodeError) as error:
        line = error.line if isinstance(error, RecordingError) else 1
        return [
            Problem(
                "stale-recording",
                path,
                line,
                str(error),
                f"Restore the file from version control, or record it anew with {accept}.",
                lesson=lesson.id,
                scenario=scenario.name,
            )
        ]
    if recording.format != FORMAT:
        return [
            Problem(
                "format-changed",
                path,
                1,
                f"it was accepted in format {recording.format}, and this recorder writes {FORMAT}",
                f"Approve the new format with {accept}.",
                lesson=lesson.id,
                scenario=scenario.name,
            )
        ]
    old, new = _comparable(recording, trace)
    if old == new:
        return []
    return [_changed(lesson, scenario, recording, trace, steps_of)]


def _comparable(recording: Recording, trace: Trace) -> tuple[list[str], list[str]]:
    """Both as lines; between releases of FastAPI without its probes, which are its own affair."""
    old, new = list(recording.lines), list(lines_of(trace))
    if recording.versions.fastapi == trace.versions.fastapi:
        return old, new
    old = [line for line, event in zip(old, recording.events, strict=True) if event.kind != "probe"]
    new = [line for line, event in zip(new, trace.events, strict=True) if event.kind != "probe"]
    return old, new


def _changed(
    lesson: Lesson, scenario: Scenario, recording: Recording, trace: Trace, steps_of: StepsOf
) -> Problem:
    old_trace = Trace(
        lesson=lesson.id,
        scenario=scenario.name,
        title=scenario.title,
        versions=recording.versions,
        events=recording.events,
    )
    old, new = list(steps_of(lesson, old_trace)), list(steps_of(lesson, trace))
    rows = step_diff(old, old_trace, new, trace)
    first = next((r for r in rows if r[0].move != "same"), None)
    line = first[1].line if first and first[1] is not None and first[1].line else 0
    moves = [r[0] for r in rows if r[0].move != "same"]
    version = trace.versions.fastapi
    accepted_on = recording.versions.fastapi
    on = "" if version == accepted_on else f", on FastAPI {version} (accepted on {accepted_on})"
    return Problem(
        "behaviour-changed",
        lesson.file("app.py") if line else lesson.file("lesson.py"),
        line or scenario.line,
        f'"{scenario.title}": {in_words(moves)}{on}',
        f"If the app should do this, accept it with `asrun accept {lesson.id}`; else mend app.py.",
        lesson=lesson.id,
        scenario=scenario.name,
        diff=tuple(r[0] for r in with_context(rows)),
    )


def orphans(lessons: Sequence[Lesson], root: Path) -> list[Problem]:
    """Accepted recordings that belong to no scenario of any lesson."""
    owned = {recording_folder(lesson, s.name) for lesson in lessons for s in lesson.scenarios}
    readable = {lesson.folder for lesson in lessons}
    problems = []
    for file in sorted((root / "snippets").glob("*/*/recordings/*/*.txt")):
        folder = file.parents[2]
        broken = (folder / "lesson.py").exists() and folder not in readable
        if file.parent not in owned and not broken:
            path = file.relative_to(root).as_posix()
            problems.append(
                Problem(
                    "stale-recording",
                    path,
                    1,
                    "no lesson has this scenario",
                    "Remove the file, or give the scenario its name back.",
                    lesson="/".join(folder.parts[-2:]) if folder in readable else "",
                )
            )
    return problems


def statements(
    lesson: Lesson, verdicts: Mapping[str, Verdict], fastapi: str, pinned: str
) -> list[Problem]:
    """What is said and not borne out.

    Args:
        lesson: the lesson.
        verdicts: by statement name.
        fastapi: the version that the traces were recorded on.
        pinned: the version that the project pins; on it, a statement that holds only in other
            versions is no problem.
    """
    problems = []
    for statement in lesson.statements:
        verdict = verdicts.get(statement.name)
        if verdict is None:
            continue
        holds_here = fastapi in Holds(statement.holds)
        line = verdict.line or statement.line
        if verdict.outcome == "proved":
            if not holds_here:
                problems.append(
                    Problem(
                        "holds-wrong",
                        lesson.file("lesson.py"),
                        statement.line,
                        f"`{statement.name}` is said to hold in {statement.holds}, "
                        f"and is true on FastAPI {fastapi} too",
                        "Widen `holds=` to the versions in which it is true.",
                        lesson=lesson.id,
                        statement=statement.name,
                    )
                )
            continue
        if not holds_here and fastapi == pinned and verdict.outcome in ("false", "missing"):
            continue
        message, todo = verdict.message, _TODO[verdict.outcome].format(lesson=lesson.id)
        if not holds_here and verdict.outcome in ("false", "missing"):
            message = f"false on FastAPI {fastapi}; it holds in {statement.holds}: {message}"
            todo = f"Nothing, if you meant to try FastAPI {fastapi}; the project pins {pinned}."
        problems.append(
            Problem(
                _PROBLEM_OF[verdict.outcome],
                lesson.file("lesson.py"),
                line,
                message,
                todo,
                expected=statement.text,
                lesson=lesson.id,
                scenario=statement.on[0],
                statement=statement.name,
            )
        )
    return problems
