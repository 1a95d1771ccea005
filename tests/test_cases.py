"""What the recorder sees of each case, the same on every Python: see `tests/cases/README.md`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import CASES, Case, all_cases, lines_of, record_once

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
ACCEPT = os.environ.get("ASRUN_ACCEPT") == "1"


def own_file(case: Case) -> Path:
    return case.folder / f"{case.scenario}.{HERE}.txt"


def shared_file(case: Case) -> Path:
    return case.folder / f"{case.scenario}.txt"


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return record_once(all_cases(), shared, "cases")


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_a_case_runs_as_accepted(case: Case, answers: dict[str, dict[str, Any]]) -> None:
    ran = lines_of(case, answers[case.id])
    file = own_file(case) if own_file(case).exists() else shared_file(case)
    if ACCEPT:
        assert os.environ.get("CI") != "true", "nothing is accepted where CI=true"
        file.write_text("\n".join(ran) + "\n", encoding="utf-8")
    accepted = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    assert ran == accepted


def test_every_accepted_file_is_of_a_scenario() -> None:
    known = {f"{case.folder.name}/{case.scenario}" for case in all_cases()}
    found = {f"{f.parent.name}/{f.name.split('.')[0]}" for f in CASES.glob("*/*.txt")}
    assert found == known


def test_no_case_is_only_a_smoke_test() -> None:
    """A scenario in which none of the app's own code runs shows little of a recorder."""
    bare = [
        case.id for case in all_cases() if "#1" not in shared_file(case).read_text(encoding="utf-8")
    ]
    assert bare == ["routing/no_match"]
