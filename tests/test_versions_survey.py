"""A whole survey, with a recorder that knows how each release behaves: changes, causes, `holds`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import cast

import pytest

from asrun import accepted
from asrun.model import Choice, Event, Lesson, Scenario, Statement, Trace, Verdict, Versions
from asrun.recording import from_text
from asrun.story import Step
from asrun.versions import accepting, causes, history, newest, outcomes, report, truth
from asrun.versions.environments import Basis, Environment
from asrun.versions.observing import Observer, Place, Target
from asrun.versions.outcomes import Outcome
from asrun.versions.releases import Listing, Release
from asrun.versions.survey import Survey, survey

MINORS = range(100, 112)
VERSIONS = [f"0.{minor}.{patch}" for minor in MINORS for patch in range(3)]
LISTING = Listing(
    tuple(Release(v, date(2024, 1, 1) + timedelta(i)) for i, v in enumerate(VERSIONS))
)
HERE = VERSIONS[-1]
APP = "def read():\n    return 1\n"
LESSON = '''\
"""T

A.
"""
from asrun import scenario, key_moment


@scenario("S")
async def s(client):
    await client.get("/")


@key_moment("Q?", on=s)
def late(trace):
    """It is late."""
'''


@dataclass(frozen=True)
class World:
    """What is true of it: how a scenario behaves with a FastAPI and a Starlette.

    Attributes:
        status: of the response, or None where the release cannot be installed.
        starlette: which Starlette each release brings.
        newest: the Starlette of today, which each release gets that is installed now; "" for its own.
    """

    status: Callable[[str, str], int | str | None]
    starlette: Callable[[str], str] = lambda version: "1"
    newest: str = ""


class Environments:
    """Environments that are not made."""

    offline = False

    def __init__(self, world: World) -> None:
        self.world = world

    def here(self) -> Environment:
        return self._of(HERE, "here", True)

    def of(self, release: Release, basis: Basis) -> Environment:
        now = self.world.newest if basis == "newest" else ""
        return self._of(release.version, "python", False, now)

    def _of(self, version: str, python: str, here: bool, now: str = "") -> Environment:
        starlette = now or self.world.starlette(version)
        pins = {"fastapi": version, "starlette": starlette, "pydantic": "2"}
        return Environment(version, tuple(sorted(pins.items())), python, here)


class Fake:
    """An observer that reads off how a release behaves."""

    def __init__(self, world: World) -> None:
        self.environments = Environments(world)
        self.world = world
        self.asked: list[Target] = []

    def observe(
        self, wants: Mapping[Target, Iterable[Place]]
    ) -> dict[tuple[Target, Place], Outcome]:
        self.asked += wants
        return {(t, p): self._outcome(t, p) for t, places in wants.items() for p in places}

    def _outcome(self, target: Target, place: Place) -> Outcome:
        env = target.environment or self.environments.of(target.release, target.basis)
        status = self.world.status(env.release, env.version("starlette"))
        if status is None:
            return outcomes.unknown("uninstalled", "no wheel")
        versions = Versions(
            fastapi=env.release,
            starlette=env.version("starlette"),
            pydantic="2",
            anyio="4",
            python="3",
        )
        if isinstance(status, str):
            kind = "unreached" if status == "unreached" else "absent"
            if kind == "unreached":
                return outcomes.unknown("unreached", "no network")
            return Outcome("absent", "absent", status, 2, versions)
        return outcomes.recorded(run(env.release, status, versions))


def run(version: str, status: int, versions: Versions | None = None) -> Trace:
    versions = versions or Versions(
        fastapi=version, starlette="1", pydantic="2", anyio="4", python="3"
    )
    send = Event(seq=1, kind="send", lane="wire", request=1, asgi="a", detail={"status": status})
    place = {"function": "read", "frame": 1, "unit": 1, "request": 1}
    line = Event(seq=2, kind="line", lane="loop", text="return 1", **place)
    return Trace(lesson="c/l", scenario="s", title="S", versions=versions, events=(send, line))


def lesson(root: Path, holds: str = "", source: str = LESSON) -> Lesson:
    folder = root / "snippets" / "c" / "l"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "app.py").write_text(APP)
    (folder / "lesson.py").write_text(source)
    statement = Statement("key_moment", "late", 14, "It is late.", 14, ("s",), "Q?", holds=holds)
    return Lesson(
        "c/l", folder, "C", "T", "A", APP, source, (Scenario("s", "S", 8),), (statement,), ()
    )


def look(world: World, of: Lesson, *, every: bool = False) -> tuple[Survey, Fake]:
    fake = Fake(world)
    return survey(LISTING, [of], cast(Observer, fake), every=every), fake


def spans(found: Survey, basis: Basis = "day") -> list[tuple[str, str, str]]:
    return [(r.first, r.last, r.by) for _, r in found.ranges(basis, ("c/l", "s"))]


def late_is_true_for_200(of: Lesson, runs: Mapping[str, Trace]) -> dict[str, Verdict]:
    status = runs["s"].events[0].detail["status"]
    return {"late": Verdict("late", "proved" if status == 200 else "false", message="it is not")}


def eras(version: str, starlette: str) -> int:
    """Three eras, and the first and the last behave the same."""
    return 201 if 6 <= VERSIONS.index(version) <= 22 else 200


def after(first: str) -> Callable[[str, str], int]:
    return lambda version, starlette: 200 + (VERSIONS.index(version) >= VERSIONS.index(first))


# ------------------------------------------------------------------ what is found


@pytest.mark.parametrize("first", VERSIONS[1:])
def test_the_release_itself_is_found_patches_included(tmp_path: Path, first: str) -> None:
    found, _ = look(World(after(first)), lesson(tmp_path))
    before = VERSIONS[VERSIONS.index(first) - 1]
    assert spans(found) == [(VERSIONS[0], before, ""), (first, HERE, "fastapi")]


def test_few_releases_are_recorded(tmp_path: Path) -> None:
    found, fake = look(World(eras), lesson(tmp_path))
    assert [s[:2] for s in spans(found)] == [
        ("0.100.0", "0.101.2"),
        ("0.102.0", "0.107.1"),
        ("0.107.2", HERE),
    ]
    day = [t for t in fake.asked if t.basis == "day" and t.environment is None]
    assert len(day) == len(set(day)) <= len(MINORS) + 2 + 2


def test_what_changed_back_between_two_minors_is_seen_by_looking_at_every_release(
    tmp_path: Path,
) -> None:
    world = World(lambda version, starlette: 500 if version == "0.104.1" else 200)
    assert len(spans(look(world, lesson(tmp_path))[0])) == 1
    found, _ = look(world, lesson(tmp_path), every=True)
    assert ("0.104.1", "0.104.1", "fastapi") in spans(found)


def test_the_release_that_runs_here_is_recorded_here(tmp_path: Path) -> None:
    found, fake = look(World(eras), lesson(tmp_path))
    mine = [t for t in fake.asked if t.release.version == HERE and t.basis == "day"]
    assert [t.environment and t.environment.here for t in mine] == [True]
    behaviour = found.stretches("day", ("c/l", "s"))[0].behaviour
    assert found.outcome(("c/l", "s"), behaviour)[1] == len(VERSIONS) - 1


def test_what_a_dependency_changed_is_its_own(tmp_path: Path) -> None:
    def starlette(version: str) -> str:
        return "2" if VERSIONS.index(version) >= 10 else "1"

    world = World(lambda version, starlette: 200 if starlette == "1" else 201, starlette)
    assert spans(look(world, lesson(tmp_path))[0]) == [
        (VERSIONS[0], VERSIONS[9], ""),
        (VERSIONS[10], HERE, "starlette"),
    ]


def test_what_a_dependency_changed_is_told_with_its_versions(tmp_path: Path) -> None:
    def starlette(version: str) -> str:
        return "2.1" if VERSIONS.index(version) >= 10 else "1.9"

    world = World(lambda version, starlette: 200 if starlette == "1.9" else 201, starlette)
    of = lesson(tmp_path)
    found, _ = look(world, of)
    _accept(found, of)
    kept, _ = accepted.read(accepted.folder(of, "s"))
    assert [(r.by, r.moved) for k in kept for r in k.ranges] == [("", ""), ("starlette", "1.9>2.1")]
    assert found.ranges("day", ("c/l", "s"))[1][1].moved == "1.9>2.1"


def test_where_the_newest_dependencies_make_a_difference_is_told(tmp_path: Path) -> None:
    first = VERSIONS[20]
    world = World(
        lambda version, starlette: (
            201 if starlette == "3" or after(first)(version, "") > 200 else 200
        ),
        newest="3",
    )
    of = lesson(tmp_path)
    found, _ = look(world, of)
    assert spans(found) == [(VERSIONS[0], VERSIONS[19], ""), (first, HERE, "fastapi")]
    assert spans(found, "newest") == [(VERSIONS[0], HERE, "starlette")]
    _accept(found, of)

    told = history.of_lesson(of, HERE, steps_of, truth.find(of, truth.of_accepted(of, VERSIONS),
                             late_is_true_for_200))  # fmt: skip
    assert told is not None
    assert told.newest
    (apart,) = told.apart
    assert (apart.first, apart.last) == (VERSIONS[0], VERSIONS[19])
    assert (apart.by, apart.moved, apart.old, apart.new) == ("starlette", "1>3", VERSIONS[0], first)


def test_where_they_make_none_nothing_is_told(tmp_path: Path) -> None:
    of = lesson(tmp_path)
    _accept(look(World(eras, newest="3"), of)[0], of)
    told = history.of_lesson(of, HERE, steps_of)
    assert told is not None
    assert (told.newest, told.apart) == (True, ())


def test_what_was_not_recorded_with_the_newest_dependencies_is_not_said_to_be_the_same(
    tmp_path: Path,
) -> None:
    def status(version: str, starlette: str) -> int | None:
        return None if starlette == "3" and VERSIONS.index(version) < 6 else 200

    of = lesson(tmp_path)
    world = World(lambda v, s: status(v, s) and eras(v, s), newest="3")
    _accept(look(world, of, every=True)[0], of)
    told = history.of_lesson(of, HERE, steps_of)
    assert told is not None
    assert [(a.first, a.last, a.new) for a in told.apart] == [(VERSIONS[0], VERSIONS[5], "")]


def test_what_fastapi_changed_is_not_the_dependencys_that_came_with_it(tmp_path: Path) -> None:
    def starlette(version: str) -> str:
        return "2" if VERSIONS.index(version) >= 10 else "1"

    world = World(after(VERSIONS[10]), starlette)
    assert spans(look(world, lesson(tmp_path))[0])[1] == (VERSIONS[10], HERE, "fastapi")


def test_what_cannot_be_told_apart_is_not_told_apart() -> None:
    before = Environment("1", (("fastapi", "1"), ("pydantic", "1"), ("starlette", "1")), "python")
    later = Environment("2", (("fastapi", "2"), ("pydantic", "2"), ("starlette", "2")), "python")

    def attempt(mixed: Environment) -> str | None:
        together = len({mixed.version("fastapi"), mixed.version("pydantic")}) == 1
        return ("new" if mixed.version("fastapi") == "2" else "old") if together else None

    boundary = causes.Boundary(before, later, "old", "new")
    assert causes.cause(boundary, attempt) == "fastapi+pydantic"


def test_a_dependency_that_only_the_newer_release_can_run_with_is_the_cause() -> None:
    before = Environment("1", (("fastapi", "1"), ("pydantic", "1"), ("starlette", "1")), "python")
    later = Environment("2", (("fastapi", "2"), ("pydantic", "2"), ("starlette", "2")), "python")

    def attempt(mixed: Environment) -> str | None:
        if (mixed.version("fastapi"), mixed.version("pydantic")) == ("1", "2"):
            return None
        return "new" if mixed.version("pydantic") == "2" else "old"

    assert causes.cause(causes.Boundary(before, later, "old", "new"), attempt) == "pydantic"


def test_what_goes_with_a_dependency_is_not_its_own_cause() -> None:
    before = Environment("1", (("fastapi", "1"), ("pydantic", "1"), ("pydantic-core", "1")), "p")
    later = Environment(
        "2", (("fastapi", "2"), ("new", "1"), ("pydantic", "2"), ("pydantic-core", "2")), "p"
    )
    moved = {"pydantic": "2", "pydantic-core": "2", "new": "1"}
    assert causes.differing(before, later) == {"pydantic": moved}


def test_a_release_that_lacks_it_and_one_that_cannot_be_installed(tmp_path: Path) -> None:
    def status(version: str, starlette: str) -> int | str | None:
        if version == "0.105.0":
            return None
        return "ImportError: no" if VERSIONS.index(version) < 5 else 200

    found, _ = look(World(status), lesson(tmp_path))
    assert [s[:2] for s in spans(found)] == [
        ("0.100.0", "0.101.1"),
        ("0.101.2", "0.104.0"),
        ("0.106.0", HERE),
    ]
    assert found.gaps()["uninstalled", "no wheel"] == [
        "0.105.0",
        "0.105.0 with the newest dependencies",
    ]
    assert not report.incomplete(found)


def test_what_was_not_reached_is_told(tmp_path: Path) -> None:
    found, _ = look(World(lambda v, s: "unreached" if v == "0.105.0" else 200), lesson(tmp_path))
    assert report.incomplete(found)
    assert any("0.105.0" in line and "no network" in line for line in report.gap_lines(found))


# ------------------------------------------------------------------ what is accepted


def _accept(found: Survey, of: Lesson) -> list[str]:
    changes = accepting.changes(found, of, of.scenarios[0])
    accepted.write(changes)
    return sorted(p.name for p in accepted.folder(of, "s").glob("*.txt"))


def test_one_recording_for_each_behaviour_with_its_ranges(tmp_path: Path) -> None:
    of = lesson(tmp_path)
    found, _ = look(World(eras), of)
    assert _accept(found, of) == ["0.100.0.txt", "0.102.0.txt"]
    first = from_text((accepted.folder(of, "s") / "0.100.0.txt").read_text())
    assert [(r.first, r.last) for r in first.ranges] == [("0.100.0", "0.101.2"), ("0.107.2", HERE)]
    assert first.versions.fastapi == HERE
    assert accepting.changes(found, of, of.scenarios[0]) == {}


def test_what_was_recorded_on_every_release_stays_known(tmp_path: Path) -> None:
    of = lesson(tmp_path)
    _accept(look(World(eras), of)[0], of)
    found, _ = look(World(eras), of, every=True)
    assert accepting.changes(found, of, of.scenarios[0])
    _accept(found, of)
    assert accepting.changes(look(World(eras), of)[0], of, of.scenarios[0]) == {}
    first = from_text((accepted.folder(of, "s") / "0.100.0.txt").read_text())
    assert [(r.recorded, r.of) for r in first.ranges] == [(6, 6), (13, 13)]


def test_a_recording_that_the_survey_does_not_bear_out_is_a_contradiction(tmp_path: Path) -> None:
    of = lesson(tmp_path)
    _accept(look(World(eras), of)[0], of)
    assert list(accepting.contradictions(look(World(eras), of)[0], of)) == []
    (problem,) = accepting.contradictions(look(World(after("0.104.0")), of)[0], of)
    assert problem.kind == "behaviour-changed"
    assert "0.104.0" not in problem.message  # it was 201 there before, too
    assert "0.102.0" in problem.message


def test_noise_is_not_accepted(tmp_path: Path) -> None:
    of = lesson(tmp_path)
    found, _ = look(World(eras), of)
    assert accepting.unstable(found, cast(Observer, Fake(World(eras)))) == []
    other = Fake(World(after("0.101.2")))
    kinds = {p.kind for p in accepting.unstable(found, cast(Observer, other))}
    assert kinds == {"unstable"}


# ------------------------------------------------------------------ what is said


@pytest.mark.parametrize(
    ("holds", "wrong"),
    [
        ("<0.102 or >=0.107.2", ""),
        ("", "17 releases, 0.102.0 to 0.107.1"),
        ("<0.102", "13 releases, 0.107.2 to 0.111.2"),
        ("<0.101 or >=0.107.2", "3 releases, 0.101.0 to 0.101.2"),
        ("<=0.102.0 or >=0.107.2", "0.102.0"),
    ],
)
def test_holds_is_held_against_every_release(tmp_path: Path, holds: str, wrong: str) -> None:
    of = lesson(tmp_path, holds)
    found = truth.find(of, truth.of_survey(look(World(eras), of)[0], of), late_is_true_for_200)
    assert found.holds("late") == "<0.102 or >=0.107.2"
    problems = truth.problems(of, found)
    assert [p.kind for p in problems] == (["holds-wrong"] if wrong else [])
    if wrong:
        assert problems[0].message.endswith(f"wrong for {wrong}")
        assert 'holds="<0.102 or >=0.107.2"' in problems[0].todo


def test_the_accepted_recordings_alone_say_the_same(tmp_path: Path) -> None:
    of = lesson(tmp_path, "<0.102")
    found, _ = look(World(eras), of)
    _accept(found, of)
    surveyed = truth.find(of, truth.of_survey(found, of), late_is_true_for_200)
    kept = truth.find(of, truth.of_accepted(of, VERSIONS), late_is_true_for_200)
    assert kept.of == surveyed.of
    assert kept.versions == surveyed.versions
    assert truth.problems(of, kept) == truth.problems(of, surveyed)


@pytest.mark.parametrize(
    ("holds", "wrong"),
    [
        ("", []),
        (">=0.101.2", []),
        (">=0.101.3,<1", ["0.101.2"]),
        (">=0.100.1", ["0.100.1", "0.100.2", "0.101.0", "0.101.1"]),
        ("<0.100.1 or >=0.101.2", ["0.100.0"]),
    ],
)
def test_where_a_lesson_does_not_exist_holds_draws_no_line(
    tmp_path: Path, holds: str, wrong: list[str]
) -> None:
    world = World(lambda v, s: "ImportError: no" if VERSIONS.index(v) < 5 else 200)
    of = lesson(tmp_path, holds)
    survey_ = look(world, of)[0]
    found = truth.find(of, truth.of_survey(survey_, of), late_is_true_for_200)
    _accept(survey_, of)
    kept = truth.find(of, truth.of_accepted(of, VERSIONS), late_is_true_for_200)
    for known in (found, kept):
        assert known.holds("late") == ">=0.101.2"
        assert [v for v, _ in known.wrong("late", holds)] == wrong
        assert [p.kind for p in truth.problems(of, known)] == ["holds-wrong"] * bool(wrong)


def test_where_it_could_not_be_tried_holds_may_say_either(tmp_path: Path) -> None:
    world = World(lambda v, s: None if VERSIONS.index(v) < 5 else 200)
    for holds in ("", ">=0.101.2", ">=0.100.1"):
        of = lesson(tmp_path, holds)
        found = truth.find(of, truth.of_survey(look(world, of)[0], of), late_is_true_for_200)
        assert truth.problems(of, found) == []
        assert found.holds("late") == ""


def test_each_set_of_runs_is_judged_once(tmp_path: Path) -> None:
    of = lesson(tmp_path)
    judged: list[Mapping[str, Trace]] = []

    def judge(of: Lesson, runs: Mapping[str, Trace]) -> Mapping[str, Verdict]:
        judged.append(runs)
        return late_is_true_for_200(of, runs)

    truth.find(of, truth.of_survey(look(World(eras), of)[0], of), judge)
    assert len(judged) == 2


# ------------------------------------------------------------------ the answer of a quiz


def quiz(root: Path, holds: str = "") -> Lesson:
    of = lesson(root)
    question = Statement("quiz", "late", 14, "Which?", 14, ("s",), holds=holds)
    return dataclasses.replace(of, statements=(question,))


def one_is_right(of: Lesson, runs: Mapping[str, Trace]) -> dict[str, Verdict]:
    """Exactly one option is right whatever the status is: each run proves the quiz by itself."""
    status = runs["s"].events[0].detail["status"]
    choices = tuple(Choice(str(n), n == status, "") for n in (200, 201))
    return {"late": Verdict("late", "proved", choices=choices)}


@pytest.mark.parametrize(
    ("holds", "wrong", "true"),
    [
        ("", "17 releases, 0.102.0 to 0.107.1", "<0.102 or >=0.107.2"),
        ("<0.102 or >=0.107.2", "", "<0.102 or >=0.107.2"),
        (">=0.102,<0.107.2", "", ">=0.102,<0.107.2"),
        (">=0.103,<0.107.2", "3 releases, 0.102.0 to 0.102.2", ">=0.102,<0.107.2"),
    ],
)
def test_a_quiz_holds_where_its_answer_is_the_right_one(
    tmp_path: Path, holds: str, wrong: str, true: str
) -> None:
    of = quiz(tmp_path, holds)
    timeline = truth.of_survey(look(World(eras), of)[0], of)
    found = truth.find(of, timeline, one_is_right, HERE)
    assert found.holds("late") == true
    problems = truth.problems(of, found)
    assert [p.kind for p in problems] == (["holds-wrong"] if wrong else [])
    if wrong:
        assert problems[0].message.endswith(f"wrong for {wrong}")
    elsewhere = {v.message for (_, _), v in found.why.items()}
    right, other = (200, 201) if true.startswith("<") else (201, 200)
    assert elsewhere == {f"another option is right: “{other}”, and not “{right}”"}


@pytest.mark.parametrize(
    ("holds", "turned"), [("<0.102 or >=0.107.2", []), (">=0.102,<0.107.2", ["late"])]
)
def test_a_quiz_of_other_releases_is_not_proved_by_its_other_answer(
    tmp_path: Path, holds: str, turned: list[str]
) -> None:
    of = quiz(tmp_path, holds)
    _accept(look(World(eras), of)[0], of)
    here = one_is_right(of, {"s": run(HERE, 200)})
    found, problems = history.of_build(of, HERE, VERSIONS, one_is_right, steps_of, here)
    assert problems == []
    told = history.other_answers(of, found, HERE, here)
    assert list(told) == turned
    assert all(verdict.outcome == "false" for verdict in told.values())


def test_the_newest_release_with_another_right_option_is_told(tmp_path: Path) -> None:
    of = quiz(tmp_path)
    _accept(look(World(lambda version, starlette: 200), of)[0], of)
    fake = cast(Observer, Fake(World(lambda version, starlette: 201)))
    release = Release("0.112.0", date(2025, 1, 1))
    told = newest.look(release, [of], fake, one_is_right, steps_of)
    false = [p for p in told.problems if p.kind == "statement-false"]
    assert [p.message for p in false] == ["another option is right: “201”, and not “200”"]


# ------------------------------------------------------------------ what a page shows


def steps_of(of: Lesson, told: Trace, cited: frozenset[int] = frozenset()) -> list[Step]:
    from asrun import pipeline

    return list(pipeline.steps_of(of, told, cited))


def test_a_history_is_told_from_the_recordings_alone(tmp_path: Path) -> None:
    of = lesson(tmp_path, "<0.102")
    assert history.of_build(of, HERE, VERSIONS, late_is_true_for_200, steps_of) == (None, [])
    _accept(look(World(eras), of)[0], of)
    found, problems = history.of_build(of, HERE, VERSIONS, late_is_true_for_200, steps_of)
    assert found is not None
    assert [p.kind for p in problems] == ["holds-wrong"]
    assert (found.first, found.last) == ("0.100.0", HERE)
    assert [(b.file, b.here) for b in found.of("s")] == [("0.100.0", True), ("0.102.0", False)]
    assert [(c.before, c.release, c.by, c.old, c.new) for c in found.changes] == [
        ("0.101.2", "0.102.0", "fastapi", "0.100.0", "0.102.0"),
        ("0.107.1", "0.107.2", "fastapi", "0.102.0", "0.100.0"),
    ]
    assert all(any(row.move != "same" for row in c.rows) for c in found.changes)
    assert [r.first for r in found.told[0].ranges] == ["0.100.0", "0.107.2"]
    assert not found.told[0].everywhere
    trace = found.of("s")[1].trace
    assert trace is not None
    assert [e.line for e in trace.events] == [None, 2]


SAYS = "That is so in FastAPI {releases}."


def status_is_asked_for(of: Lesson, runs: Mapping[str, Trace]) -> dict[str, Verdict]:
    status = runs["s"].events[0].detail["status"]
    choices = tuple(Choice(str(n), status == n, SAYS) for n in (200, 201, 500))
    return {"late": Verdict("late", "proved", choices=choices)}


@pytest.mark.parametrize("every", [False, True])
def test_an_option_says_in_which_releases_it_is_the_right_one(tmp_path: Path, every: bool) -> None:
    of = lesson(tmp_path, "<0.102 or >=0.107.2")
    _accept(look(World(eras), of, every=every)[0], of)
    verdicts = status_is_asked_for(of, {"s": run(HERE, 200)})
    found, problems = history.of_build(of, HERE, VERSIONS, status_is_asked_for, steps_of, verdicts)
    assert found is not None
    spans_ = {text: [(r.first, r.last) for r in a.ranges] for (_, text), a in found.answers.items()}
    assert spans_ == {
        "200": [("0.100.0", "0.101.2"), ("0.107.2", HERE)],
        "201": [("0.102.0", "0.107.1")],
    }
    assert {a.page for a in found.answers.values()} == {"", "0.102.0"}
    # It says of an option that is right nowhere that it is so somewhere.
    assert [(p.kind, "“500”" in p.message) for p in problems] == [("holds-wrong", True)]


def test_an_option_cannot_say_so_before_other_releases_are_accepted(tmp_path: Path) -> None:
    of = lesson(tmp_path)
    verdicts = status_is_asked_for(of, {"s": run(HERE, 200)})
    found, problems = history.of_build(of, HERE, VERSIONS, status_is_asked_for, steps_of, verdicts)
    assert found is None
    assert [p.kind for p in problems] == ["holds-wrong"] * 3


# ------------------------------------------------------------------ a new release


def _newest(root: Path, status: int | str, holds: str = "") -> newest.Newest:
    of = lesson(root, holds)
    _accept(look(World(lambda v, s: 200), of)[0], of)
    release = Release("0.112.0", date(2024, 3, 1))
    fake = cast(Observer, Fake(World(lambda v, s: status)))
    return newest.look(release, [of], fake, late_is_true_for_200, steps_of)


def test_a_release_that_changes_nothing_breaks_nothing(tmp_path: Path) -> None:
    found = _newest(tmp_path, 200)
    assert found.problems == ()
    assert "all that is said is true" in report.newest_line(found)


def test_a_release_that_breaks_a_statement_is_told_with_it(tmp_path: Path) -> None:
    found = _newest(tmp_path, 500)
    assert {p.kind for p in found.problems} == {"behaviour-changed", "statement-false"}
    assert [p.statement for p in found.false] == ["late"]
    text = report.newest_markdown(found)
    assert "It is late." in text
    assert "```diff" in text
    line = "of 1 lesson, 1 behaves otherwise (c/l), 1 statement is not borne out"
    assert report.newest_line(found).endswith(line)
    data = report.newest_data(found)
    assert (data["changed"], data["false"]) == (["c/l"], ["c/l:late"])


def test_a_statement_that_leaves_the_release_out_is_not_false_there(tmp_path: Path) -> None:
    assert not _newest(tmp_path, 500, "<0.112").false


def test_a_lesson_that_no_longer_runs_is_told(tmp_path: Path) -> None:
    (problem,) = _newest(tmp_path, "ImportError: gone").problems
    assert problem.kind == "crashed"
    assert "gone" in problem.message


def test_what_could_not_be_tried_is_no_proof(tmp_path: Path) -> None:
    found = _newest(tmp_path, "unreached")
    assert (found.problems, found.gaps, found.checked) == ((), ("no network",), 0)
    assert "could not be tried" in report.newest_line(found)


def test_the_report_as_data(tmp_path: Path) -> None:
    of = lesson(tmp_path)
    found, _ = look(World(eras), of)
    truths = {of.id: truth.find(of, truth.of_survey(found, of), late_is_true_for_200)}
    data = report.survey_data(found, truths, [], [])
    (scenario,) = data["lessons"][0]["scenarios"]
    assert [(r["behaviour"], r["first"], r["by"]) for r in scenario["day"]] == [
        (1, "0.100.0", ""),
        (2, "0.102.0", "fastapi"),
        (1, "0.107.2", "fastapi"),
    ]
    assert data["lessons"][0]["statements"][0]["true"] == "<0.102 or >=0.107.2"


def test_what_was_never_accepted_is_not_said_to_be_as_accepted(tmp_path: Path) -> None:
    release = Release("0.112.0", date(2024, 3, 1))
    fake = cast(Observer, Fake(World(lambda v, s: 200)))
    found = newest.look(release, [lesson(tmp_path)], fake, late_is_true_for_200, steps_of)
    assert found.problems == ()
    assert any("no accepted recording" in gap for gap in found.gaps)
    assert "as accepted" not in report.newest_line(found)
