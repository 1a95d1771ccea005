"""What a survey would change in the accepted recordings, and where it contradicts them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from asrun import accepted, fingerprint
from asrun.accepted import Changes
from asrun.model import Lesson, Problem, Scenario, VersionRange, Versions
from asrun.recording import FORMAT, Recording, of_trace, text_of
from asrun.versions.environments import Basis
from asrun.versions.observing import Observer, Place, Target
from asrun.versions.survey import BASES, Row, Survey


def recordings(survey: Survey, lesson: Lesson, scenario: Scenario) -> list[Recording]:
    """One recording for each distinct behaviour of a scenario, with its ranges of releases."""
    place = (lesson.id, scenario.name)
    ranges: dict[str, dict[Basis, list[VersionRange]]] = {}
    for basis in BASES:
        for behaviour, found in survey.ranges(basis, place):
            ranges.setdefault(behaviour, {}).setdefault(basis, []).append(found)
    code = fingerprint.of_scenario(lesson, scenario.name)
    return [
        _recording(
            survey, lesson, scenario, behaviour, code,
            tuple(of.get("day", ())), tuple(of.get("newest", ())),
        )
        for behaviour, of in ranges.items()
    ]  # fmt: skip


def _recording(
    survey: Survey,
    lesson: Lesson,
    scenario: Scenario,
    behaviour: str,
    code: str,
    ranges: tuple[VersionRange, ...],
    newest: tuple[VersionRange, ...],
) -> Recording:
    _, place, outcome = survey.outcome((lesson.id, scenario.name), behaviour)
    if outcome.trace is not None:
        return of_trace(
            outcome.trace.model_copy(update={"title": scenario.title}), code, ranges, newest
        )
    unknown = "?"
    fastapi = survey.listing.releases[place].version
    return Recording(
        format=FORMAT,
        lesson=lesson.id,
        scenario=scenario.name,
        title=scenario.title,
        versions=outcome.versions
        or Versions(
            fastapi=fastapi, starlette=unknown, pydantic=unknown, anyio=unknown, python=unknown
        ),
        lines=(),
        code=code,
        ranges=ranges,
        newest=newest,
        outcome="absent" if outcome.kind == "absent" else "failed",
        why=outcome.why,
        line=outcome.line,
    )


def changes(survey: Survey, lesson: Lesson, scenario: Scenario) -> Changes:
    """What the accepted recordings of a scenario are to become.

    A recording whose behaviour and ranges are as accepted stays as it is, though it was made on
    another release or Python. So does one that was recorded on more releases of the same range:
    what was known by looking at every release stays known.
    """
    place = accepted.folder(lesson, scenario.name)
    kept, broken = accepted.read(place)
    now = {k.file: text_of(k.recording) for k in kept} | {file: "" for file, _ in broken}
    found = recordings(survey, lesson, scenario)
    same = {_said(k.recording): k.recording for k in kept}
    wanted = []
    for recording in found:
        known = same.get(_said(recording))
        as_known = known is not None and _as_often(known) >= _as_often(recording)
        wanted.append(known if known is not None and as_known else recording)
    return accepted.changes(now, accepted.named(place, wanted))


def _said(recording: Recording) -> tuple[object, ...]:
    """What of a recording is told, other than what it was made on and how often it was made."""
    r = recording
    on = (r.versions.fastapi, r.versions.starlette, r.versions.pydantic)
    ranges = tuple(
        tuple(dataclasses.replace(s, recorded=0) for s in of) for of in (r.ranges, r.newest)
    )
    return (r.format, r.title, r.lines, r.code, ranges, r.outcome, r.why, r.line, on)


def _as_often(recording: Recording) -> int:
    """On how many releases a recording was made."""
    return sum(r.recorded for r in (*recording.ranges, *recording.newest))


def contradictions(survey: Survey, lesson: Lesson) -> Iterator[Problem]:
    """Releases that behave otherwise than accepted, for each scenario.

    Raises nothing: a recording that cannot be read, or is of another state of the lesson, says
    nothing that could be contradicted; `asrun check` tells of it.
    """
    for scenario in lesson.scenarios:
        kept, _ = accepted.read(accepted.folder(lesson, scenario.name))
        code = fingerprint.of_scenario(lesson, scenario.name)
        kept = [k for k in kept if k.recording.code == code and k.recording.format == FORMAT]
        row: Row = ("day", (lesson.id, scenario.name))
        now = {
            behaviour: accepted.compared(recording)
            for recording in recordings(survey, lesson, scenario)
            for behaviour, found in survey.ranges(*row)
            if found in recording.ranges
        }
        wrong: list[str] = []
        for i, outcome in sorted(survey.found.get(row, {}).items()):
            version = survey.listing.releases[i].version
            k = accepted.covering(kept, version)
            if k is None or outcome.behaviour is None:
                continue
            if now[outcome.behaviour] != accepted.compared(k.recording):
                wrong.append(version)
        if wrong:
            yield Problem(
                "behaviour-changed",
                lesson.file("lesson.py"),
                scenario.line,
                f'"{scenario.title}" behaves otherwise than accepted on FastAPI {", ".join(wrong)}',
                f"Look at it with `asrun versions {lesson.id} --at {wrong[0]}`; accept it with "
                f"`asrun versions {lesson.id} --accept`.",
                lesson=lesson.id,
                scenario=scenario.name,
            )


def unstable(survey: Survey, observer: Observer) -> list[Problem]:
    """Record both sides of each change again: a change that is only noise shows.

    Args:
        survey: what was found.
        observer: one that remembers nothing.
    """
    wants: dict[Target, list[Place]] = {}
    first: dict[tuple[Target, Place], str | None] = {}
    for row, outcomes in survey.found.items():
        basis, place = row
        for pair in survey.boundaries(row):
            for i in pair:
                target = survey.target(basis, i)
                if (target, place) not in first:
                    first[target, place] = outcomes[i].behaviour
                    wants.setdefault(target, []).append(place)
    again = observer.observe(wants)
    lessons = {lesson.id: lesson for lesson in survey.lessons}
    return [
        Problem(
            "unstable",
            lessons[place[0]].file("lesson.py"),
            next(s.line for s in lessons[place[0]].scenarios if s.name == place[1]),
            f"two recordings of `{place[1]}` on FastAPI {target.name} differ",
            "A recording has to come out the same each time; nothing of this lesson is accepted.",
            lesson=place[0],
            scenario=place[1],
        )
        for (target, place), behaviour in first.items()
        if again[target, place].behaviour != behaviour
    ]


def told(changes: Changes, root: Path) -> list[str]:
    """Changes in words, a line a file."""
    lines = []
    for file, text in sorted(changes.items()):
        name = file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
        verb = "removed" if text is None else "changed" if file.exists() else "new"
        lines.append(f"{verb:<8} {name}")
    return lines
