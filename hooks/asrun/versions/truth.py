"""In which releases each statement is true, and whether its `holds` says so.

A statement is judged on the runs of each release that differ: it is true where its proof is borne
out. Of a quiz, what is true is its answer: that the option which is right on the release of the build
is the right one. Where one of its scenarios could not be recorded, it is neither true nor false there:

- the release does not have what the lesson uses: `holds` leaves all of them out, neighbours
  together, or says nothing of them, but it does not draw a line between them;
- the release could not be installed, or the lesson does not run there: `holds` may say either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.version import Version

from asrun import accepted, court
from asrun.cache import Cache
from asrun.holds import Holds, holds_text
from asrun.jobs import Runs
from asrun.model import Lesson, Problem, Trace, Verdict, VersionRange
from asrun.versions.survey import Survey

Judge = Callable[[Lesson, Mapping[str, Trace]], Mapping[str, Verdict]]
"""Judges a lesson's statements on one trace for each scenario; verdicts by statement name."""


def judging(store: Cache, children: Runs) -> Judge:
    """Something that judges a lesson's statements on runs, whatever their `holds` say.

    Args:
        store: where earlier verdicts are, and new ones go.
        children: run the proofs.
    """

    def judge(lesson: Lesson, runs: Mapping[str, Trace]) -> Mapping[str, Verdict]:
        bare = replace(lesson, statements=tuple(replace(s, holds="") for s in lesson.statements))
        traces = {(lesson.id, name): trace for name, trace in runs.items()}
        return court.judge([bare], traces, store, children)[lesson.id]

    return judge


@dataclass(frozen=True, slots=True)
class Timeline:
    """How a lesson's scenarios behave, release by release.

    Attributes:
        versions: the releases, oldest first.
        rows: for each scenario, a name of its behaviour on each release; None where it is unknown
            or could not be recorded.
        traces: for a scenario and the name of a behaviour, a run that stands for it.
        absent: for each scenario, the releases that do not have what it uses.
    """

    versions: tuple[str, ...]
    rows: Mapping[str, tuple[str | None, ...]]
    traces: Mapping[tuple[str, str], Trace]
    absent: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Truth:
    """Where the statements of a lesson are true.

    Attributes:
        versions: the releases, oldest first.
        of: for each statement, whether it is true on each release; None where that says nothing.
        why: for a statement and a release, why it is not borne out there.
        absent: for each statement, the releases that do not have what its scenarios use.
    """

    versions: tuple[str, ...]
    of: Mapping[str, tuple[bool | None, ...]]
    why: Mapping[tuple[str, str], Verdict]
    absent: Mapping[str, frozenset[str]]
    verdicts: Mapping[tuple[str | None, ...], Mapping[str, Verdict]] = field(default_factory=dict)
    """For the behaviours of all scenarios together, as in `Timeline.rows`: what was judged."""

    def holds(self, statement: str) -> str | None:
        """What `holds` has to say; None where it is true nowhere."""
        absent = self.absent[statement]
        row = zip(self.versions, self.of[statement], strict=True)
        return holds_text(self.versions, [False if v in absent else t for v, t in row])

    def wrong(self, statement: str, holds: str) -> list[tuple[str, bool]]:
        """The releases for which a `holds` is wrong, and whether the statement is true there."""
        said = Holds(holds)
        row = list(zip(self.versions, self.of[statement], strict=True))
        wrong = [(v, t) for v, t in row if t is not None and (v in said) != t]
        for together in self._absent_together(statement):
            inside = [v for v in together if v in said]
            if len(inside) < len(together):
                wrong += [(v, False) for v in inside]
        return sorted(wrong, key=lambda pair: self.versions.index(pair[0]))

    def _absent_together(self, statement: str) -> list[list[str]]:
        """The releases that do not have what a statement is of, neighbours taken together."""
        result: list[list[str]] = []
        before = ""
        for version in self.versions:
            if version in self.absent[statement]:
                if result and result[-1][-1] == before:
                    result[-1].append(version)
                else:
                    result.append([version])
            before = version
        return result

    def ranges(self, statement: str) -> list[VersionRange]:
        """The releases in which a statement is true, neighbours taken together."""
        result: list[VersionRange] = []
        open_range = False
        for version, true in zip(self.versions, self.of[statement], strict=True):
            if true and open_range:
                last = result[-1]
                result[-1] = VersionRange(last.first, version, of=last.of + 1)
            elif true:
                result.append(VersionRange(version, version))
            open_range = bool(true)
        return result


def of_survey(survey: Survey, lesson: Lesson) -> Timeline:
    """The timeline of a lesson that was surveyed."""
    rows: dict[str, tuple[str | None, ...]] = {}
    traces: dict[tuple[str, str], Trace] = {}
    absent: dict[str, frozenset[str]] = {}
    versions = survey.listing.versions
    for scenario in lesson.scenarios:
        place = (lesson.id, scenario.name)
        row: list[str | None] = [None] * len(versions)
        lacking: set[str] = set()
        for stretch in survey.stretches("day", place):
            _, _, outcome = survey.outcome(place, stretch.behaviour)
            if outcome.kind == "absent":
                lacking |= {*versions[stretch.first : stretch.last + 1]}
            if outcome.trace is None:
                continue
            traces[scenario.name, stretch.behaviour] = outcome.trace
            for i in range(stretch.first, stretch.last + 1):
                row[i] = stretch.behaviour
        rows[scenario.name] = tuple(row)
        absent[scenario.name] = frozenset(lacking)
    return Timeline(versions, rows, traces, absent)


def of_accepted(lesson: Lesson, versions: Sequence[str]) -> Timeline:
    """The timeline that a lesson's accepted recordings tell.

    Args:
        lesson: the lesson.
        versions: the releases that are known; those that a recording names are added.
    """
    kept = {s.name: accepted.read(accepted.folder(lesson, s.name))[0] for s in lesson.scenarios}
    ranges = [r for ks in kept.values() for k in ks for r in k.ranges]
    named = {v for r in ranges for v in (r.first, r.last)}
    order = tuple(sorted({*versions, *named}, key=Version))
    rows: dict[str, tuple[str | None, ...]] = {}
    traces: dict[tuple[str, str], Trace] = {}
    absent: dict[str, frozenset[str]] = {}
    for scenario, ks in kept.items():
        row: list[str | None] = []
        lacking: set[str] = set()
        for version in order:
            k = accepted.covering(ks, version)
            if k is not None and k.recording.outcome == "absent":
                lacking.add(version)
            if k is None or k.recording.outcome != "recorded":
                row.append(None)
                continue
            name = k.file.stem
            if (scenario, name) not in traces:
                traces[scenario, name] = k.recording.trace
            row.append(name)
        rows[scenario] = tuple(row)
        absent[scenario] = frozenset(lacking)
    return Timeline(order, rows, traces, absent)


def find(lesson: Lesson, timeline: Timeline, judge: Judge, here: str = "") -> Truth:
    """Judge a lesson's statements on every release; each set of runs is judged once.

    Args:
        lesson: whose statements.
        timeline: how its scenarios behave.
        judge: judges them.
        here: the release that the site is about: a quiz asks for what is right there.
    """
    names = [s.name for s in lesson.scenarios]
    judged: dict[tuple[str | None, ...], Mapping[str, Verdict]] = {}
    of: dict[str, list[bool | None]] = {s.name: [] for s in lesson.statements}
    why: dict[tuple[str, str], Verdict] = {}
    rows: list[tuple[str, tuple[str | None, ...]]] = []
    for i, version in enumerate(timeline.versions):
        combined = tuple(timeline.rows[name][i] for name in names)
        runs = {
            name: timeline.traces[name, behaviour]
            for name, behaviour in zip(names, combined, strict=True)
            if behaviour is not None
        }
        if combined not in judged:
            judged[combined] = judge(lesson, runs) if runs else {}
        rows.append((version, combined))
    answers = _answers(lesson, rows, judged, here)
    verdicts = {
        combined: {n: answered(verdict, answers.get(n)) for n, verdict in found.items()}
        for combined, found in judged.items()
    }
    for version, combined in rows:
        recorded = {name for name, b in zip(names, combined, strict=True) if b is not None}
        for statement in lesson.statements:
            verdict = verdicts[combined].get(statement.name)
            if verdict is None or not recorded.issuperset(statement.on):
                of[statement.name].append(None)
                continue
            of[statement.name].append(verdict.outcome == "proved")
            if verdict.outcome != "proved":
                why[statement.name, version] = verdict
    absent = {
        s.name: frozenset[str]().union(*(timeline.absent[name] for name in s.on))
        for s in lesson.statements
    }
    return Truth(timeline.versions, {n: tuple(t) for n, t in of.items()}, why, absent, judged)


def right(verdict: Verdict) -> str | None:
    """The text of the option that a quiz's run makes right; None where it decides for none."""
    found = [choice.text for choice in verdict.choices if choice.right]
    return found[0] if verdict.outcome == "proved" and len(found) == 1 else None


def _answers(
    lesson: Lesson,
    rows: Sequence[tuple[str, tuple[str | None, ...]]],
    judged: Mapping[tuple[str | None, ...], Mapping[str, Verdict]],
    here: str,
) -> dict[str, str]:
    """The answer of each quiz.

    It is the option that is right on the release of the site; where the quiz is about other
    releases, on the newest of those.
    """
    answers: dict[str, str] = {}
    for statement in lesson.statements:
        said = Holds(statement.holds)
        order = [r for r in rows if r[0] in said and r[0] != here]
        order += [r for r in rows if r[0] == here and here in said]
        for _, combined in order:
            verdict = judged[combined].get(statement.name)
            found = None if verdict is None else right(verdict)
            if found is not None:
                answers[statement.name] = found
    return answers


def answers(lesson: Lesson, release: str, judge: Judge) -> dict[str, str]:
    """The answer of each quiz on one release, by what is accepted of it."""
    timeline = of_accepted(lesson, [release])
    combined = tuple(
        timeline.rows[s.name][timeline.versions.index(release)] for s in lesson.scenarios
    )
    names = [s.name for s in lesson.scenarios]
    runs = {n: timeline.traces[n, b] for n, b in zip(names, combined, strict=True) if b is not None}
    judged = {combined: judge(lesson, runs) if runs else {}}
    return _answers(lesson, [(release, combined)], judged, release)


def answered(verdict: Verdict, answer: str | None) -> Verdict:
    """A verdict; of a quiz, false where another option is right than the one it asks for."""
    other = right(verdict)
    if answer is None or other in (None, answer):
        return verdict
    message = f"another option is right: “{other}”, and not “{answer}”"
    return replace(verdict, outcome="false", message=message)


def problems(lesson: Lesson, truth: Truth) -> list[Problem]:
    """Statements whose `holds` does not say in which releases they are true."""
    result = []
    for statement in lesson.statements:
        wrong = truth.wrong(statement.name, statement.holds)
        if not wrong:
            continue
        text = truth.holds(statement.name)
        if text is None:
            continue  # it is false everywhere, and its own problem says so
        written = f'holds="{statement.holds}"' if statement.holds else "it has no `holds`"
        there = f"in FastAPI {text}" if text else "in every release"
        result.append(
            Problem(
                "holds-wrong",
                lesson.file("lesson.py"),
                statement.line,
                f"`{statement.name}` is true {there}; {written}, which is wrong for {_told(wrong)}",
                _todo(lesson, text),
                expected=statement.text,
                lesson=lesson.id,
                scenario=statement.on[0],
                statement=statement.name,
            )
        )
    return result


def _todo(lesson: Lesson, text: str) -> str:
    write = f'Write `holds="{text}"`' if text else "Leave `holds` out"
    return f"{write}, or let `asrun versions {lesson.id} --write-holds` do it."


def _told(wrong: Sequence[tuple[str, bool]]) -> str:
    """Releases in words: the first and the last, and how many."""
    if len(wrong) == 1:
        return wrong[0][0]
    return f"{len(wrong)} releases, {wrong[0][0]} to {wrong[-1][0]}"
