"""Record scenarios in environments, two environments at a time, and keep what came out.

Everything that was recorded is kept at once, so that a run that is interrupted goes on where it
was when it is started again.
"""

from __future__ import annotations

import dataclasses
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache as once
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TypeVar

from packaging.utils import canonicalize_name

from asrun import between, cache, fingerprint, recorder, recording, trace
from asrun.children import Children, ZygoteDied
from asrun.model import Lesson, Problem, Versions
from asrun.versions.environments import Basis, Environment, Environments, closure
from asrun.versions.outcomes import Outcome, from_problem, outcome_from, recorded, unknown
from asrun.versions.releases import Release
from asrun.versions.uv import Unreachable, UvError

Place = tuple[str, str]
"""A lesson's id and a scenario's name."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

AT_ONCE = 2
"""How many environments record at the same time."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to record: a release with some dependencies, or an environment that is known."""

    release: Release
    basis: Basis = "day"
    environment: Environment | None = None

    @property
    def name(self) -> str:
        """As progress tells it."""
        if self.environment is not None and self.environment.here:
            return f"{self.release.version}, as installed"
        if self.environment is not None:
            return f"a mixture with {self.release.version}"
        newest = ", newest dependencies" if self.basis == "newest" else ""
        return f"{self.release.version}{newest}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        what: what runs now, where.
        done, total: environments of this round.
        left: seconds that it will take; None where there is nothing to go by yet.
    """

    what: str
    done: int
    total: int
    left: float | None


@dataclass(slots=True)
class _Job:
    """What has to be recorded in one environment."""

    name: str
    environment: Environment
    wanted: dict[Place, list[Target]] = dataclasses.field(default_factory=dict)


class Observer:
    """Records, and remembers what was recorded.

    Args:
        environments: makes them.
        lessons: what can be recorded.
        store: where outcomes are kept.
        tell: is told how far the run is.
    """

    def __init__(
        self,
        environments: Environments,
        lessons: Sequence[Lesson],
        store: cache.Cache,
        tell: Callable[[Progress], None] = lambda progress: None,
    ) -> None:
        self.environments = environments
        self.recorded = 0
        """Scenarios that ran."""
        self._lessons = {lesson.id: lesson for lesson in lessons}
        self._store = store
        self._tell = tell
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._known: dict[tuple[Target, Place], Outcome] = {}
        self._codes: dict[Place, str] = {}
        self._begun, self._done, self._total = 0.0, 0, 0

    def observe(
        self, wants: Mapping[Target, Iterable[Place]]
    ) -> dict[tuple[Target, Place], Outcome]:
        """Record scenarios in environments; what was recorded before is remembered.

        Args:
            wants: the scenarios that are wanted of each environment.

        Returns:
            An outcome for each. None is missing: what could not be done is an outcome, too.

        Raises:
            KeyboardInterrupt: the user stopped it; what was recorded until then is kept.
        """
        todo = {
            target: missing
            for target, places in wants.items()
            if (missing := [p for p in places if (target, p) not in self._known])
        }
        jobs = self._jobs(todo)
        self._begun, self._done, self._total = time.monotonic(), 0, len(jobs)
        for job, outcomes in self._together(self._record, jobs):
            self._know(job, outcomes)
            self._done += 1
            self._say(f"recorded on {job.name}")
        return {(t, p): self._known[t, p] for t, places in wants.items() for p in places}

    def _jobs(self, todo: Mapping[Target, Sequence[Place]]) -> list[_Job]:
        """What has to be recorded, by environment; what was recorded before becomes known."""
        self._begun, self._done, self._total = time.monotonic(), 0, len(todo)
        environments: dict[Target, Environment | Outcome] = {}
        for target, found in self._together(self._environment, todo):
            environments[target] = found
            self._done += 1
            self._say(f"looking for {target.name}")
        jobs: dict[str, _Job] = {}
        for target, places in todo.items():
            environment = environments[target]
            if isinstance(environment, Outcome):
                self._known |= dict.fromkeys(((target, p) for p in places), environment)
                continue
            for place in places:
                kept = self._store.get(self._key(environment, place))
                if kept is not None:
                    self._known[target, place] = outcome_from(kept)
                    continue
                job = jobs.setdefault(environment.key, _Job(target.name, environment))
                job.wanted.setdefault(place, []).append(target)
        return list(jobs.values())

    def _environment(self, target: Target) -> Environment | Outcome:
        """What a target is recorded in, or why there is nothing."""
        try:
            return target.environment or self.environments.of(target.release, target.basis)
        except UvError as error:
            return _not_installed(error)

    def _together(
        self, work: Callable[[_Item], _Result], items: Iterable[_Item]
    ) -> Iterator[tuple[_Item, _Result]]:
        """Do something with items, some at a time; yields each as it is done."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                running = {pool.submit(work, item): item for item in items}
                for future in as_completed(running):
                    yield running[future], future.result()
            except BaseException:
                self._stopped.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _know(self, job: _Job, outcomes: Mapping[Place, Outcome]) -> None:
        for place, targets in job.wanted.items():
            for target in targets:
                self._known[target, place] = outcomes[place]

    def _record(self, job: _Job) -> dict[Place, Outcome]:
        """The outcomes in one environment."""
        environment, places = job.environment, list(job.wanted)
        if self._stopped.is_set():
            return dict.fromkeys(places, unknown("unreached", "it was interrupted"))
        made = self.environments.is_made(environment)
        self._say(f"{'recording on' if made else 'installing'} {job.name}")
        try:
            python = self.environments.interpreter(environment)
        except UvError as error:
            return dict.fromkeys(places, _not_installed(error))
        lessons = self._narrowed(places)
        preload = sorted({m for lesson in lessons for m in lesson.imports})
        try:
            with Children(preload, python=python, parallel=1) as children:
                done = recorder.record(lessons, cache.Cache(None), children)
                # On a machine that is busy a child can be too slow: what hangs has to hang twice.
                hung = [(p.lesson, p.scenario) for p in done.problems if p.kind == "hung"]
                if hung:
                    again = recorder.record(self._narrowed(hung), cache.Cache(None), children)
                    done.done += again.done
                    done.problems = [p for p in done.problems if p.kind != "hung"] + again.problems
        except ZygoteDied as error:
            return dict.fromkeys(places, unknown("uninstalled", f"it cannot be imported: {error}"))
        result: dict[Place, Outcome] = {}
        for one in done.done:
            _check(environment, one.versions)
            made_trace = trace.stabilise(one.lesson, one.scenario, one.events, one.versions)
            result[one.lesson.id, one.scenario.name] = recorded(made_trace)
        for problem in done.problems:
            place = (problem.lesson, problem.scenario)
            if place in places:
                result[place] = _not_recorded(problem, environment)
        for place in places:
            if place not in result:
                why = done.problems[0].message if done.problems else "it was not recorded"
                result[place] = unknown("uninstalled", why)
        for place, outcome in result.items():
            if outcome.behaviour is not None:
                self._store.put(self._key(environment, place), outcome.to_json())
        with self._lock:
            self.recorded += len(places)
        return result

    def _narrowed(self, places: Sequence[Place]) -> list[Lesson]:
        """The lessons of some places, each with the scenarios that are wanted."""
        wanted: dict[str, set[str]] = {}
        for lesson_id, scenario in places:
            wanted.setdefault(lesson_id, set()).add(scenario)
        return [
            dataclasses.replace(
                self._lessons[lesson_id],
                scenarios=tuple(s for s in self._lessons[lesson_id].scenarios if s.name in names),
            )
            for lesson_id, names in wanted.items()
        ]

    def _key(self, environment: Environment, place: Place) -> str:
        return cache.key_of("outcome", environment.key, self._code(place), _engine())

    def _code(self, place: Place) -> str:
        """What a recording depends on, lines included: they are shown, though not compared."""
        if place not in self._codes:
            lesson = self._lessons[place[0]]
            app = (lesson.folder / "app.py").read_text(encoding="utf-8")
            code = fingerprint.of_scenario(lesson, place[1])
            title = next(s.title for s in lesson.scenarios if s.name == place[1])
            self._codes[place] = cache.key_of(*place, title, app, code)
        return self._codes[place]

    def _say(self, what: str) -> None:
        with self._lock:
            self._tell(Progress(what, self._done, self._total, self._left()))

    def _left(self) -> float | None:
        """Seconds that the rest of this round will take, as far as can be told."""
        if not self._done:
            return None
        return (time.monotonic() - self._begun) / self._done * (self._total - self._done)


@once
def _engine() -> str:
    """Digest of what makes a trace: the recorder, and the normalisers after it."""
    files = [trace.__file__, recording.__file__, between.__file__]
    texts = [Path(f).read_text(encoding="utf-8") for f in files]
    return cache.key_of(cache.engine("record"), *texts)


def _not_installed(error: UvError) -> Outcome:
    return unknown("unreached" if isinstance(error, Unreachable) else "uninstalled", str(error))


def _not_recorded(problem: Problem, environment: Environment) -> Outcome:
    """The outcome of a scenario that could not be recorded."""
    pins = {
        name: environment.version(name) for name in ("fastapi", "starlette", "pydantic", "anyio")
    }
    outcome = from_problem(problem, Versions(**pins, python=environment.python_version))
    missing = re.search(r"No module named '(\w+)", outcome.why)
    if outcome.kind == "absent" and missing and not _comes_with_fastapi(missing[1]):
        return unknown("uninstalled", f"its environment has no `{missing[1]}`")
    return outcome


def _comes_with_fastapi(module: str) -> bool:
    """Whether a module is FastAPI's or one of its dependencies', and not the lessons' own."""
    owners = packages_distributions().get(module, [])
    own = {"fastapi", *closure(["fastapi"])}
    return module in ("fastapi", "starlette", "pydantic") or not own.isdisjoint(
        canonicalize_name(o) for o in owners
    )


def _check(environment: Environment, found: Mapping[str, str]) -> None:
    """Hold that what ran is what was meant to run.

    Raises:
        RuntimeError: another FastAPI was imported than the environment's.
    """
    for name in ("fastapi", "starlette", "pydantic"):
        if environment.version(name) != found[name]:
            meant = f"{name} {environment.version(name)}"
            raise RuntimeError(f"{meant} was meant to run, and {name} {found[name]} did")
