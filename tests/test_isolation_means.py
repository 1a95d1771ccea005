"""Each means of the sandbox by itself: it refuses an act, and without it the act is done."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hostile import harness
from tests.hostile.harness import LESSON, User, fill, once
from tests.hostile.probes import PROBES, RUN, Probe, World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What is made once for all tests."""
    with harness.shared(tmp_path_factory) as folder:
        yield folder


@pytest.mark.parametrize(
    ("probe", "name"),
    [
        pytest.param(probe, name, id=f"{probe.name}-{name}")
        for probe in PROBES
        for name in probe.users
    ],
)
def test_means(probe: Probe, name: str, made: Path) -> None:
    user = harness.user(name, made)
    if user is None:
        pytest.skip("only the super-user can show what the super-user is refused: run this as root")
    done = once(made, f"means-{name}", lambda: _try_all(user, made / f"means-{name}"))
    held, off = done[f"{probe.name}/held"], done[f"{probe.name}/off"]
    assert not held["seen"], f"it was done though {probe.on} is in force: {held}"
    assert off["seen"], f"it was not done though {probe.on[0]} is left out: {off}"


def _try_all(user: User, folder: Path) -> dict[str, Any]:
    """Try every act, with its means and without it; all jobs share one zygote."""
    folder.mkdir()
    folder.chmod(0o755)
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    worlds: dict[str, World] = {}
    jobs: dict[str, list[Any]] = {}
    for number, probe in enumerate(p for p in PROBES if user.name in p.users):
        for held in (True, False):
            key = f"{probe.name}/{'held' if held else 'off'}"
            world = worlds[key] = World(folder / f"world-{number}-{held}", user)
            lesson = folder / f"lesson-{number}-{held}"
            lesson.mkdir()
            (lesson / "app.py").write_text(fill(probe.app, world.values))
            (lesson / "lesson.py").write_text(LESSON)
            job = (key, str(lesson), probe.deadline, probe.without(held=held))
            jobs.setdefault(json.dumps(probe.limits), []).append(job)
    for path in (folder / "home", folder / "tmp"):
        user.own(path)
    (folder / "jobs.json").write_text(
        json.dumps([(json.loads(own), told) for own, told in jobs.items()])
    )
    try:
        done = user.run(["-c", RUN, str(folder / "jobs.json")], folder)
        assert done["code"] == 0, done["err"]
        result = {}
        for key, ended in json.loads(done["out"]).items():
            world = worlds[key]
            world.ended = ended
            probe = next(p for p in PROBES if p.name == key.rpartition("/")[0])
            result[key] = {"seen": probe.seen(world), "ended": str(ended)[-2_000:]}
        return result
    finally:
        for world in worlds.values():
            world.close()
