"""Proofs that say something are accepted; proofs that hold whatever had run are not."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.proofs.cases import HERE, judged, statements


@cache
def _verdicts(name: str) -> dict[str, dict[str, Any]]:
    with TemporaryDirectory() as folder:
        answer = judged(Path(folder).resolve(), (HERE / f"{name}.py").read_text())
    assert answer["failed"] is None
    return {v["statement"]: v for v in answer["verdicts"]}


def _cases(name: str) -> list[str]:
    return [s["name"] for s in statements((HERE / f"{name}.py").read_text())]


@pytest.mark.parametrize("case", _cases("accepted"))
def test_a_proof_that_can_fail_is_accepted(case: str) -> None:
    said = _verdicts("accepted")[case]
    assert (said["outcome"], said["message"]) == ("proved", "")
    assert said["kills"]
    cited = {(c["scenario"], c["seq"]) for c in said["cites"].values() if c["seq"]}
    touched = {(c["scenario"], c["seq"]) for kill in said["kills"] for c in kill["touched"]}
    assert cited <= touched
    for kill in said["kills"]:
        assert not cited or cited & {(c["scenario"], c["seq"]) for c in kill["touched"]}


@pytest.mark.parametrize("case", _cases("refused"))
def test_a_proof_that_holds_whatever_had_run_is_refused(case: str) -> None:
    said = _verdicts("refused")[case]
    assert said["outcome"] == "vacuous", said["kills"]
    assert "; assert " in said["message"]
    assert said["line"] > 0


def test_there_are_enough_of_both() -> None:
    assert len(_verdicts("accepted")) >= 15
    assert len(_verdicts("refused")) >= 15
