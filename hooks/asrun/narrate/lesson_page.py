"""Telling a lesson: its runs, and what is said of them with the verdicts filled in."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from asrun.elsewhere import Answer, History
from asrun.model import RELEASES, Choice, Cite, Lesson, Problem, Statement, Verdict, Versions
from asrun.narrate.prose import Part, cite, code, count_words, fill, listed
from asrun.narrate.run import step_of
from asrun.page import LessonPage
from asrun.story import ChoiceView, CodeLine, Run, Said, Text

WORDS_A_MINUTE = 200
_NOTE = re.compile(r"\s*#:.*$")


def tell_lesson(
    lesson: Lesson,
    runs: Sequence[Run],
    verdicts: Mapping[str, Verdict],
    problems: Iterable[Problem],
    versions: Versions | None,
    history: History | None = None,
) -> LessonPage:
    """Put together what one lesson's page shows.

    Args:
        lesson: the lesson.
        runs: its scenarios, told; those that could be recorded.
        verdicts: what became of its statements, by name; one without a verdict is not proved.
        problems: problems of the build; those of other lessons are left out.
        versions: what the runs were recorded on; None where nothing could be.
        history: what is known of other releases; None where nothing is.

    Returns:
        The page, with citations, values and quiz options in place.

    Raises:
        KeyError: a verdict cites an event that no step of its run holds.
    """
    own = tuple(p for p in problems if p.lesson == lesson.id)
    by_scenario = {run.scenario: run for run in runs}
    answers = history.answers if history else {}
    said = [
        _said(lesson, s, verdicts.get(s.name), own, by_scenario, answers) for s in lesson.statements
    ]

    def of(kind: str) -> tuple[Said, ...]:
        return tuple(one for one in said if one.statement.kind == kind)

    lines = _code_lines(lesson, runs)
    return LessonPage(
        lesson=lesson,
        minutes=_minutes(lesson, runs, said, lines),
        versions=versions,
        runs=tuple(runs),
        code=lines,
        key_moments=of("key_moment"),
        quiz=of("quiz"),
        snapshot=of("snapshot"),
        exit_lines=of("exit_line"),
        proved=sum(one.proved for one in said),
        questions=sum(bool(one.choices) for one in said),
        problems=own,
    )


_NOT_SO = ("false", "missing")


def _said(
    lesson: Lesson,
    statement: Statement,
    verdict: Verdict | None,
    problems: tuple[Problem, ...],
    runs: Mapping[str, Run],
    answers: Mapping[tuple[str, str], Answer],
) -> Said:
    proved = verdict is not None and verdict.outcome == "proved"
    parts = {n: _part(c, runs) for n, c in verdict.cites.items()} if verdict and proved else {}
    choices = verdict.choices if verdict is not None and proved else ()
    order = _shuffled(lesson, statement, len(choices))
    titles = {scenario.name: scenario.title for scenario in lesson.scenarios}
    problem = next((p for p in problems if p.statement == statement.name), None)
    return Said(
        statement=statement,
        proved=proved,
        # What is false here, and no problem, is said of other versions.
        elsewhere=verdict is not None and verdict.outcome in _NOT_SO and problem is None,
        text=fill(statement.text, parts),
        choices=tuple(
            _choice(choices[i], parts, answers.get((statement.name, choices[i].text)))
            for i in order
        ),
        problem=problem,
        runs=tuple(titles.get(name, name) for name in statement.on),
    )


def _choice(choice: Choice, parts: Mapping[str, Part], answer: Answer | None) -> ChoiceView:
    """An option of a quiz; one that says in which releases it is right leads to a run of them."""
    says = RELEASES in choice.why
    spans = (
        [r.first if r.first == r.last else f"{r.first} to {r.last}" for r in answer.ranges]
        if answer
        else ["…"]
    )
    filled = {**parts, RELEASES.strip("{}"): listed(spans)} if says else parts
    return ChoiceView(
        text=fill(choice.text, parts),
        right=choice.right,
        why=fill(choice.why, filled),
        page=answer.page if says and answer and not choice.right else None,
    )


def _part(cited: Cite, runs: Mapping[str, Run]) -> Part:
    """What a placeholder stands for: a step of a run, or a value that was read from one."""
    if not cited.seq:
        return code(cited.value)
    if cited.scenario not in runs:
        raise KeyError(cited.scenario)
    step = step_of(runs[cited.scenario], cited.seq)
    return cite(step.n, step.address)


def _shuffled(lesson: Lesson, statement: Statement, count: int) -> list[int]:
    """The options in an order that depends on the question alone, so that it never changes."""

    def key(i: int) -> str:
        return hashlib.sha256(f"{lesson.id}:{statement.name}:{i}".encode()).hexdigest()

    return sorted(range(count), key=key)


def _code_lines(lesson: Lesson, runs: Sequence[Run]) -> tuple[CodeLine, ...]:
    """`app.py` line by line, with the steps of all runs that ran each line."""
    ran: dict[int, list[str]] = {}
    for run in runs:
        for step in run.steps:
            # A statement that changed nothing has no step of its own, but has run in one.
            lines = {step.line, *(e.line for e in step.events if e.kind == "line")}
            for line in lines:
                if line is not None:
                    ran.setdefault(line, []).append(step.address)
    return tuple(
        CodeLine(
            number=number,
            text=_NOTE.sub("", text) if number in lesson.notes else text,
            steps=tuple(ran.get(number, ())),
            note=lesson.notes.get(number, ""),
        )
        for number, text in enumerate(lesson.app.splitlines(), 1)
    )


# ------------------------------------------------------------------ minutes of reading


def _minutes(
    lesson: Lesson, runs: Sequence[Run], said: Sequence[Said], lines: Sequence[CodeLine]
) -> int:
    words = count_words(_on_the_page(lesson, runs, said, lines))
    return max(1, math.ceil(words / WORDS_A_MINUTE))


def _on_the_page(
    lesson: Lesson, runs: Sequence[Run], said: Sequence[Said], lines: Sequence[CodeLine]
) -> Iterator[Text | str]:
    yield lesson.title
    yield lesson.about
    yield from lesson.advice
    for line in lines:
        yield line.text
        yield line.note
    for run in runs:
        yield from _of_run(run)
    for one in said:
        yield one.statement.question
        yield one.statement.hint
        yield one.text
        for choice in one.choices:
            yield choice.text
            yield choice.why


def _of_run(run: Run) -> Iterator[Text | str]:
    """A run's words, once: flow, tracker and transcript tell the same steps again."""
    yield run.title
    yield run.caption
    for step in run.steps:
        yield step.action
        yield step.what
        yield step.why
        yield from step.before
        yield from step.after
        for note in step.notes:
            yield note.text
