"""Environments of other releases: what is in them, what is shared, what cannot be done."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from asrun.versions import environments, releases
from asrun.versions.environments import Environment, Environments
from asrun.versions.releases import Release
from asrun.versions.uv import Unreachable, Uv, UvError
from tests.conftest import Project, Result

DAY = date(2024, 1, 11)
RELEASE = Release("0.109.0", DAY, {"starlette": "<0.36"})
needs_network = pytest.mark.skipif(
    os.environ.get("ASRUN_NETWORK") != "1",
    reason="needs the package index: set ASRUN_NETWORK=1",
)


class FakeUv(Uv):
    """A uv that installs empty folders."""

    def __init__(self, root: Path, fails: str = "") -> None:
        super().__init__(root)
        self.asked: list[tuple[Sequence[str], date | None]] = []
        self.installed: list[str] = []
        self.fails = fails
        self.reached = True

    def python(self, minimum: tuple[int, int], fallback: str) -> str:
        return fallback

    def resolve(
        self, requirements: Sequence[str], python: str, until: date | None = None
    ) -> dict[str, str]:
        if not self.reached:
            raise Unreachable("no network")
        self.asked.append((tuple(requirements), until))
        version = requirements[0].removeprefix("fastapi==")
        old = {"anyio": "3.6.2", "httpx": "0.1", "typing-extensions": "4.5.0", "idna": "3.4"}
        return {"fastapi": version, "starlette": "0.35.1", "pydantic": "1.10.7", **old}

    def install(self, requirement: str, python: str, folder: Path) -> None:
        if self.fails and requirement.startswith(self.fails):
            raise UvError(f"no wheel for {requirement}")
        self.installed.append(requirement)
        (folder / "installed.txt").write_text(requirement)

    def venv(self, python: str, folder: Path) -> None:
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").symlink_to(python)
        (folder / "lib" / "python3.11" / "site-packages").mkdir(parents=True)


def made(tmp_path: Path, fails: str = "") -> tuple[Environments, FakeUv]:
    uv = FakeUv(tmp_path, fails)
    return Environments(tmp_path, uv, tmp_path / "environments"), uv


def test_a_release_is_resolved_as_of_its_day(tmp_path: Path) -> None:
    all_of_them, uv = made(tmp_path)
    all_of_them.of(RELEASE, "day")
    all_of_them.of(RELEASE, "newest")
    wanted = ("fastapi==0.109.0", "starlette<0.36")
    assert uv.asked == [(wanted, DAY), (wanted, None)]


def test_what_was_resolved_for_a_past_day_is_not_asked_again(tmp_path: Path) -> None:
    first = made(tmp_path)[0].of(RELEASE, "day")
    again, uv = made(tmp_path)
    uv.reached = False
    assert again.of(RELEASE, "day") == first


def test_without_the_index_the_newest_are_those_of_the_last_answer(tmp_path: Path) -> None:
    first = made(tmp_path)[0].of(RELEASE, "newest")
    (file,) = (tmp_path / "environments" / "resolutions").glob("*.json")
    file.write_text(json.dumps({**json.loads(file.read_text()), "asked": "2020-01-01"}))
    again, uv = made(tmp_path)
    uv.reached = False
    assert again.of(RELEASE, "newest") == first
    with pytest.raises(Unreachable):
        again.of(Release("0.110.0", DAY), "newest")


def test_the_client_is_the_same_for_all_and_fastapis_own_is_as_of_its_day(tmp_path: Path) -> None:
    environment = made(tmp_path)[0].of(RELEASE, "day")
    here = dict(environments.closure(["httpx"]))
    assert environment.version("httpx") == here["httpx"] != "0.1"
    assert environment.version("anyio") == "3.6.2"
    assert environment.version("starlette") == "0.35.1"


def test_what_is_too_old_for_the_lessons_packages_is_raised_and_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[dependency-groups]\nlessons = ["sqlalchemy[asyncio]>=2"]\n'
    )
    environment = made(tmp_path)[0].of(RELEASE, "day")
    assert environment.raised == ("typing-extensions",)
    assert (
        environment.version("typing-extensions")
        == environments.closure(["sqlalchemy"])["typing-extensions"]
    )
    assert environment.version("greenlet")


def test_a_distribution_is_installed_once_for_all_environments(tmp_path: Path) -> None:
    all_of_them, uv = made(tmp_path)
    first = all_of_them.of(RELEASE, "day")
    python = Path(all_of_them.interpreter(first))
    assert python.exists()
    second = all_of_them.of(Release("0.110.0", DAY), "day")
    assert all_of_them.interpreter(second) != str(python)
    assert len(uv.installed) == len(set(uv.installed))
    new = set(uv.installed) - {f"{name}=={version}" for name, version in first.pins}
    assert new == {"fastapi==0.110.0"}


def test_an_environment_lists_the_folders_of_what_is_in_it(tmp_path: Path) -> None:
    all_of_them, _ = made(tmp_path)
    environment = all_of_them.of(RELEASE, "day")
    folder = Path(all_of_them.interpreter(environment)).parent.parent
    (pth,) = folder.glob("lib/*/site-packages/asrun.pth")
    said = {Path(line) for line in pth.read_text().split()}
    assert {p.name for p in said} == {f"{n}-{v}" for n, v in environment.pins}
    assert all((p / "installed.txt").exists() for p in said)


def test_one_that_was_interrupted_is_made_again(tmp_path: Path) -> None:
    all_of_them, _ = made(tmp_path)
    environment = all_of_them.of(RELEASE, "day")
    folder = Path(all_of_them.interpreter(environment)).parent.parent
    (folder / "asrun.json").unlink()
    assert not all_of_them.is_made(environment)
    (folder / "rest").touch()
    all_of_them.interpreter(environment)
    assert all_of_them.is_made(environment)
    assert not (folder / "rest").exists()


def test_what_cannot_be_installed_leaves_nothing_behind(tmp_path: Path) -> None:
    all_of_them, uv = made(tmp_path, fails="pydantic")
    environment = all_of_them.of(RELEASE, "day")
    with pytest.raises(UvError, match="no wheel for pydantic"):
        all_of_them.interpreter(environment)
    assert not all_of_them.is_made(environment)
    uv.fails = ""
    all_of_them.interpreter(environment)
    assert all_of_them.is_made(environment)


def test_they_can_be_deleted(tmp_path: Path) -> None:
    all_of_them, _ = made(tmp_path)
    all_of_them.interpreter(all_of_them.of(RELEASE, "day"))
    assert all_of_them.delete() > 0
    assert not all_of_them.folder.exists()


def test_a_mixture_is_another_environment() -> None:
    one = Environment("1", (("fastapi", "1"), ("starlette", "1")), "python")
    other = one.with_pins({"starlette": "2"})
    assert other.pins == (("fastapi", "1"), ("starlette", "2"))
    assert (other.release, other.here) == ("1", False)
    assert other.key != one.key
    assert one.with_pins({"fastapi": "2"}).release == "2"


def test_uv_without_network_says_so_and_asks_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    uv = Uv(tmp_path, offline=True)
    with pytest.raises(Unreachable):
        uv.resolve(["fastapi==0.109.0"], sys.executable)


def test_a_request_that_has_no_solution_is_not_taken_for_a_lack_of_network(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    uv = Uv(tmp_path)
    with pytest.raises(UvError) as caught:
        uv.run(
            "pip", "compile", "-", "--no-index", "--find-links", str(tmp_path / "wheels"),
            given="fastapi==0.109.0",
        )  # fmt: skip
    assert not isinstance(caught.value, Unreachable)
    assert not uv.offline


# ------------------------------------------------------------------ the command


def versions(project: Project, *args: str, ci: bool = False) -> Result:
    return project.asrun("versions", *args, ci=ci)


@pytest.fixture
def alone(accepted: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that knows one release, that which runs here, and has no environments."""
    monkeypatch.setenv("ASRUN_ENVIRONMENTS", str(tmp_path / "environments"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    here = environments.closure(["fastapi"])["fastapi"]
    accepted.write("snippets/versions.toml", f'[releases]\n"{here}" = 2024-01-11\n')
    return accepted


def test_without_network_it_does_what_it_can_and_says_what_it_could_not(alone: Project) -> None:
    result = versions(alone, "--offline")
    assert result.code == 3, result.said
    assert "1 of 1 recorded" in result.out
    assert "could not be reached" in result.out
    assert "not to be accepted before all is reached" in result.err


@pytest.mark.parametrize(("option", "set_up"), [(["--offline"], ""), ([], "1")])
def test_without_network_the_newest_release_is_the_newest_that_is_listed(
    alone: Project, monkeypatch: pytest.MonkeyPatch, option: list[str], set_up: str
) -> None:
    monkeypatch.setenv("UV_OFFLINE", set_up)
    result = versions(alone, "--newest", *option)
    assert result.code == 3, result.said
    assert f"FastAPI {environments.closure(['fastapi'])['fastapi']} of 2024-01-11" in result.out
    assert (
        "whether there is a newer release is not known: the package index is not asked"
        in result.out
    )


def test_in_ci_nothing_is_accepted(alone: Project) -> None:
    result = versions(alone, "--offline", "--accept", "--yes", ci=True)
    assert result.code == 1
    assert "nothing is accepted here" in result.err


def test_one_release_is_shown_and_two_are_compared(alone: Project) -> None:
    here = environments.closure(["fastapi"])["fastapi"]
    at = versions(alone, "--offline", "--at", here)
    assert at.code == 3  # recorded with the dependencies of its day, which are not installed
    assert f"on {here} it could not be tried, since it is not installed" in at.out
    between = versions(alone, "--offline", "--diff", here, here)
    assert between.code == 3
    assert f"on {here} it could not be tried" in between.out
    unknown = versions(alone, "--offline", "--at", "0.1.0")
    assert unknown.code == 1
    assert "there is no release 0.1.0" in unknown.err


def test_a_lesson_that_changed_makes_what_other_releases_did_stale(alone: Project) -> None:
    here = environments.closure(["fastapi"])["fastapi"]
    folder = alone.root / "snippets" / alone.id / "recordings"
    for file in folder.glob("*/*.txt"):
        _cover(file, ("0.95.2", here))
    assert alone.asrun("check").code == 0
    alone.edit(alone.app, 'names = ["apple", "pear"]', 'names = ["apple", "fig"]')
    assert alone.asrun("accept", "--yes").code == 0
    kinds = alone.asrun("check", "--format", "json").kinds()
    assert set(kinds) == {"stale-recording"}


def test_holds_is_checked_without_running_another_release(alone: Project) -> None:
    here = environments.closure(["fastapi"])["fastapi"]
    folder = alone.root / "snippets" / alone.id / "recordings"
    for file in folder.glob("*/*.txt"):
        _cover(file, ("0.95.2", here))
    alone.edit(alone.lesson, 'holds="<0.106 or >=0.118"', f'holds=">=0.96,<={here}"')
    (problem,) = alone.asrun("check", "--format", "json").json()["problems"]
    assert problem["kind"] == "holds-wrong"
    assert "which is wrong for 0.95.2" in problem["message"]


def _cover(file: Path, ends: tuple[str, str]) -> None:
    from dataclasses import replace

    from asrun.model import VersionRange
    from asrun.recording import from_text, text_of

    recording = from_text(file.read_text())
    ranges = (VersionRange(*ends, recorded=2, of=2),)
    file.write_text(text_of(replace(recording, ranges=ranges)))


# ------------------------------------------------------------------ with the index


@needs_network
def test_a_release_of_old_is_installed_as_it_was(tmp_path: Path) -> None:
    uv = Uv(tmp_path)
    all_of_them = Environments(tmp_path, uv, tmp_path / "environments")
    environment = all_of_them.of(Release("0.105.0", date(2023, 12, 12)), "day")
    assert environment.version("starlette") == "0.27.0"
    assert environment.version("pydantic") == "2.5.2"
    assert Path(all_of_them.interpreter(environment)).exists()


@needs_network
def test_the_index_says_when_a_release_came_out(tmp_path: Path) -> None:
    assert Uv(tmp_path).newest_below("fastapi", "0.106.0") == ("0.105.0", date(2023, 12, 12))
    found = releases.newest(Uv(tmp_path))
    assert found is not None
