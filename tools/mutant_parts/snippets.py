"""Part `snippets`: every lesson's app, changed in one place, and what a check says of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from asrun import lessons
from asrun.children import Children
from asrun.model import Lesson
from asrun.problems import ProblemError
from asrun.terminal import Progress
from tools.mutant_parts.edits import Mutant, mutants
from tools.mutant_parts.kept import Kept, Result, key_of, of_files
from tools.mutant_parts.trial import Trial, differ, run

AT_ONCE = 24
"""Mutants that are recorded and judged together."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A mutant of a lesson's app.

    Attributes:
        lesson: whose.
        number: which of the lesson's mutants, from 1.
        mutant: the change.
    """

    lesson: Lesson
    number: int
    mutant: Mutant

    @property
    def key(self) -> str:
        """What its result is kept by."""
        folder = self.lesson.folder
        files = of_files(folder / "lesson.py", *sorted(folder.glob("recordings/*/*.txt")))
        return key_of(self.lesson.id, files, self.mutant.source)


def all_of(chosen: Iterable[Lesson]) -> list[Changed]:
    """The mutants of lessons."""
    return [
        Changed(lesson, number, mutant)
        for lesson in chosen
        for number, mutant in enumerate(mutants(lesson.app), 1)
    ]


def results(
    chosen: Sequence[Changed], children: Children, kept: Kept, progress: Progress
) -> Iterator[tuple[Changed, Result]]:
    """What a check says of each mutant.

    Args:
        chosen: the mutants.
        children: run them.
        kept: what was found before, and where it is kept.
        progress: is told what is done.

    Yields:
        Each mutant with plain data: `outcome`, one of "same" (no event is otherwise), "text" (only
        the source of statements is), "otherwise", "unrecorded" (a scenario could not be recorded);
        `kinds`, of the problems; `false`, names of the statements that can't be published; `why`,
        for one that is not caught.
    """
    todo = []
    for one in chosen:
        found = kept.get(one.key)
        if found is None:
            todo.append(one)
        else:
            yield one, found
    plain: dict[str, Trial] = {}
    for start in range(0, len(todo), AT_ONCE):
        group = todo[start : start + AT_ONCE]
        progress(f"snippets: {start} of {len(todo)} ({group[0].lesson.id})")
        new = {x.lesson.id: x.lesson for x in group if x.lesson.id not in plain}
        for trial in run(list(new.values()), children):
            if trial.problems:
                raise SystemExit(f"{trial.lesson.id} is not proved: {trial.problems[0].message}")
            plain[trial.lesson.id] = trial
        for one, trial in _tried(group, children):
            result = _result(one, trial, plain[one.lesson.id])
            kept.put(one.key, result)
            yield one, result


def _tried(group: Sequence[Changed], children: Children) -> Iterator[tuple[Changed, Trial]]:
    with tempfile.TemporaryDirectory(prefix="asrun-mutants-") as folder:
        root = Path(folder).resolve()
        root.chmod(0o755)
        read: list[tuple[Changed, Lesson]] = []
        for number, one in enumerate(group):
            try:
                read.append((one, _written(root, one, number)))
            except ProblemError as error:
                yield one, Trial(one.lesson, problems=[error.problem])
        trials = run([lesson for _, lesson in read], children)
        yield from ((one, trial) for (one, _), trial in zip(read, trials, strict=True))


def _written(root: Path, one: Changed, number: int) -> Lesson:
    """The lesson with the changed app, below another root and by a name of its own."""
    lesson_id = f"{one.lesson.id}~{number}"
    folder = root / "snippets" / lesson_id
    folder.mkdir(parents=True)
    shutil.copy(one.lesson.folder / "lesson.py", folder)
    shutil.copytree(one.lesson.folder / "recordings", folder / "recordings")
    (folder / "app.py").write_text(one.mutant.source, encoding="utf-8")
    return lessons.read(root, lesson_id, one.lesson.chapter_title)


def _result(one: Changed, trial: Trial, plain: Trial) -> Result:
    result: Result = {"kinds": trial.kinds, "false": sorted(set(trial.false))}
    if trial.traces.keys() != plain.traces.keys():
        result["outcome"] = "unrecorded"
    elif differ(trial.traces, plain.traces, text=False):
        result["outcome"] = "otherwise"
    elif differ(trial.traces, plain.traces, text=True):
        result["outcome"] = "text"
    else:
        result["outcome"] = "same"
    result["why"] = _why(one, trial, plain)
    return result


def _why(one: Changed, trial: Trial, plain: Trial) -> str:
    """Why a mutant is not caught, as far as the events say so; "" for one that is."""
    if trial.kinds:
        return ""
    first, last = one.mutant.lines
    ran = any(
        event.line is not None and first <= event.line <= last
        for told in plain.traces.values()
        for event in told.events
    )
    shown = any(
        [event.shown for event in told.events]
        != [event.shown for event in plain.traces[name].events]
        for name, told in trial.traces.items()
    )
    if shown:
        return "only what is shown and not compared is otherwise"
    if not ran:
        return "none of its lines runs in a scenario; every event is the same"
    return "it runs, and every event is the same"
