"""`asrun doctor` says which means are in force, since it has tried them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from asrun import court, doctor
from asrun.jobs import DEADLINE
from asrun.record import landlock, seccomp
from asrun.record.limits import MIB, Limits
from tests.conftest import Project

ROOT = os.geteuid() == 0
MEANS = ["limits", "landlock", "seccomp", "hook", *(["user"] if ROOT else [])]


@pytest.mark.skipif(
    landlock.abi() < 6 or bool(seccomp.missing()),
    reason="this kernel has not all that the sandbox uses",
)
def test_all_is_in_force(project: Project) -> None:
    result = project.asrun("doctor", "--strict")
    assert result.code == 0, result.said
    assert " NO " not in result.out
    for name in (
        "fastapi",
        "children",
        "user",
        "limits",
        "landlock",
        "seccomp",
        "hook",
        "deadline",
        "cache",
    ):
        assert f"\n{name} " in f"\n{result.out}"


@pytest.mark.parametrize("means", MEANS)
def test_what_is_missing_is_said(means: str, tmp_path: Path) -> None:
    found = {one.name: one for one in doctor.examine(tmp_path, frozenset({means}))}
    assert not found[means].fine
    assert "left out" in found[means].says
    others = [
        name for name in MEANS if name != means and not (means == "landlock" and name == "user")
    ]
    assert all(found[name].fine for name in others), found


@pytest.mark.parametrize("means", ["landlock", "seccomp"])
def test_what_is_said_was_tried(means: str, tmp_path: Path) -> None:
    found = {one.name: one for one in doctor.examine(tmp_path, frozenset({means}))}
    assert "it can " in found[means].says


def test_a_deadline_that_is_not_kept(tmp_path: Path) -> None:
    # Not even the zygote's own: it only takes longer, and does not say where.
    without = frozenset({"alarm", "watchdog"})
    found = {one.name: one for one in doctor.examine(tmp_path, without)}
    assert found["deadline"].fine


def test_a_cache_that_keeps_nothing(project: Project) -> None:
    project.write(".asrun", "a file")
    result = project.asrun("doctor")
    assert "nothing can be kept" in result.out
    assert result.code == 0
    assert project.asrun("doctor", "--strict").code == 1


def test_nothing_can_be_recorded(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    findings = doctor.examine(project.root)
    [children] = [one for one in findings if one.name == "children"]
    assert (children.fine, children.needed) == (False, True)
    assert "/nowhere/python cannot be started" in children.says


def test_the_page_tells_the_limits_that_are_set() -> None:
    text = (Path(__file__).parent.parent / "docs/sandbox.md").read_text(encoding="utf-8")
    limits = Limits()
    for words in (
        f"{limits.folder_size // MIB} MiB, {limits.folder_files:,} files, {limits.file_size // MIB} MiB a file",
        f"| keep files open | {limits.open_files} at once |",
        f"| {limits.memory // MIB:,} MiB beyond",
        f"| run threads | {limits.threads} at once |",
        f"| {DEADLINE:g} seconds of real time for a scenario, {court.PATIENCE:g} for a lesson's proofs",
        f"| make events | {limits.events:,} in a scenario |",
    ):
        assert words in text
