"""Compare: traces with what was accepted, statements with what ran. Differences become problems."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from asrun import accepted, fingerprint, nearby
from asrun.holds import Holds
from asrun.model import (
    DiffRow,
    Lesson,
    Problem,
    ProblemKind,
    Scenario,
    Trace,
    Verdict,
    cited_events,
)
from asrun.nearby import StepsOf
from asrun.recording import FORMAT, FORMATS, Recording, lines_of, of_trace
from asrun.stepdiff import Row, in_words, label, smallest, step_diff, with_context
from asrun.story import Step

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
_RUN_CHANGED = (
    "The run is not the accepted one: see `behaviour-changed`. If the app should do this, say what "
    "ran; where the sentence is true in other versions of FastAPI, say which with `holds=`."
)


def against_accepted(
    lesson: Lesson, scenario: Scenario, trace: Trace, steps_of: StepsOf
) -> list[Problem]:
    """What differs between a trace and its accepted recording.

    Recordings of other releases are not compared; they have to be of the code that ran.
    """
    kept, broken = accepted.read(accepted.folder(lesson, scenario.name))
    accept = f"`asrun accept {lesson.id}`"
    problems = [
        Problem(
            "stale-recording",
            lesson.file(f"recordings/{scenario.name}/{file.name}"),
            error.line,
            str(error),
            f"Restore the file from version control, or record it anew with {accept}.",
            lesson=lesson.id,
            scenario=scenario.name,
        )
        for file, error in broken
    ]
    mine = accepted.for_version(kept, trace.versions.fastapi)
    if mine is None:
        return problems or [
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
    problems += _of_other_code(lesson, scenario, kept, trace.versions.fastapi)
    recording = mine.recording
    same = recording.format in FORMATS and _same(recording, trace)
    if recording.format != FORMAT:
        problems.append(_other_format(lesson, scenario, mine, same))
    if same or recording.format not in FORMATS:
        return problems
    return [*problems, _changed(lesson, scenario, recording, trace, steps_of)]


def _other_format(lesson: Lesson, scenario: Scenario, kept: accepted.Kept, same: bool) -> Problem:
    """A recording in another format than this recorder's, and what that says of behaviour."""
    was = kept.recording.format
    message = f"it was accepted in format {was}, and this recorder writes {FORMAT}"
    if same:
        message += (
            f"; behaviour is the same: written in format {was}, what ran is what was accepted"
        )
    elif was in FORMATS:
        message += "; behaviour is not the same either"
    else:
        message += f", and can't read {was}: whether behaviour changed, it can't say"
    return Problem(
        "format-changed",
        lesson.file(f"recordings/{scenario.name}/{kept.file.name}"),
        1,
        message,
        f"Approve the new format with `asrun accept {lesson.id} --format`.",
        lesson=lesson.id,
        scenario=scenario.name,
    )


def _of_other_code(
    lesson: Lesson, scenario: Scenario, kept: Sequence[accepted.Kept], version: str
) -> list[Problem]:
    """Recordings of releases other than this one, of another state of the lesson."""
    others = accepted.of_other_releases(kept, version)
    stale = others and accepted.of_other_code(
        others, fingerprint.of_scenario(lesson, scenario.name), version
    )
    if not stale:
        return []
    names = ", ".join(k.file.name for k in stale)
    return [
        Problem(
            "stale-recording",
            lesson.file(f"recordings/{scenario.name}/{stale[0].file.name}"),
            1,
            f"what was recorded on other releases is of another state of the lesson: {names}",
            f"Record them anew with `asrun versions {lesson.id} --accept`, or delete what the page "
            "no longer has to show.",
            lesson=lesson.id,
            scenario=scenario.name,
        )
    ]


def _same(recording: Recording, trace: Trace) -> bool:
    """Whether a trace is what was accepted, written in the format of that.

    Between releases of FastAPI its probes do not count, which are its own affair.
    """
    form = recording.format
    if recording.versions.fastapi == trace.versions.fastapi:
        return recording.lines == lines_of(trace, form)
    return accepted.compared(recording) == accepted.compared(of_trace(trace, form=form))


def _changed(
    lesson: Lesson, scenario: Scenario, recording: Recording, trace: Trace, steps_of: StepsOf
) -> Problem:
    old_trace = recording.trace
    old = list(steps_of(lesson, old_trace)) if old_trace.events else []
    new = list(steps_of(lesson, trace))
    rows = step_diff(old, old_trace, new, trace)
    moves = [row for row, _ in rows]
    line = _line(rows, smallest(moves)[0], old)
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


def _line(rows: Sequence[Row], named: DiffRow | None, old: Sequence[Step]) -> int:
    """The line of `app.py` where a change is; 0 where it is in none.

    Of a step that is gone it is the line where it was, if that still stands there; else that of the
    step before it.
    """
    at = next((i for i, (row, _) in enumerate(rows) if row is named), None)
    if at is None:
        return 0
    row, step = rows[at]
    if step is not None:
        return step.line or 0
    was = next((s.line for s in old if label(s) == row.text and s.line), None)
    before = (s.line for _, s in reversed(rows[:at]) if s is not None and s.line)
    return was or next(before, 0)


def leftovers(lesson: Lesson) -> list[Problem]:
    """Accepted recordings of a lesson that belong to none of its scenarios."""
    return [
        Problem(
            "stale-recording",
            lesson.file(file.relative_to(lesson.folder).as_posix()),
            1,
            "the lesson has no such scenario",
            "Remove the file, or give the scenario its name back.",
            lesson=lesson.id,
        )
        for file in accepted.leftovers(lesson)
    ]


def statements(
    lesson: Lesson,
    verdicts: Mapping[str, Verdict],
    traces: Mapping[str, Trace],
    steps_of: StepsOf,
    pinned: str = "",
    changed: Collection[str] = (),
) -> list[Problem]:
    """What is said and not borne out.

    Args:
        lesson: the lesson.
        verdicts: by statement name.
        traces: by scenario, all recorded on one version of FastAPI; without any nothing is said.
        steps_of: how a trace reads in steps.
        pinned: the version that the project pins, where it is another than that of the traces. On
            it, a statement that holds only in other versions is no problem.
        changed: scenarios whose runs are no longer what was accepted.
    """
    fastapi = next((trace.versions.fastapi for trace in traces.values()), None)
    if fastapi is None:
        return []
    pinned = pinned or fastapi
    together = _none_judged(lesson, verdicts)
    if together is not None:
        return [together]
    cited = {name: cited_events(verdicts.values(), name) for name in traces}
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
        if verdict.outcome in ("false", "missing") and not set(changed).isdisjoint(statement.on):
            todo = _RUN_CHANGED
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
                near=nearby.places(lesson, verdict.touched, traces, cited, steps_of),
            )
        )
    return problems


def _none_judged(lesson: Lesson, verdicts: Mapping[str, Verdict]) -> Problem | None:
    """One problem where none of a lesson's proofs could be run, for one reason."""
    found = list(verdicts.values())
    if len(found) < 2 or len({(v.outcome, v.message, v.line) for v in found}) > 1:
        return None
    one = found[0]
    if one.outcome not in ("crashed", "hung"):
        return None
    return Problem(
        _PROBLEM_OF[one.outcome],
        lesson.file("lesson.py"),
        one.line,
        f"{one.message}; none of the {len(found)} statements could be judged",
        _TODO[one.outcome] if one.outcome == "hung" else "Mend lesson.py.",
        lesson=lesson.id,
    )
