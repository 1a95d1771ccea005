"""The benchmark: what it generates is valid, and what it reports is whole. Nothing is timed here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import Project
from tools.bench_parts import report
from tools.bench_parts.generate import snippet, write_lessons
from tools.bench_parts.measure import Found, Plan, measure

SHAPES = 4


def test_generated_lessons_are_accepted_and_proved(tmp_path: Path) -> None:
    snippets = [snippet(number) for number in range(SHAPES)]
    assert all(30 <= len(one.app.splitlines()) <= 60 for one in snippets)
    project = Project(tmp_path)
    write_lessons(tmp_path, snippets)
    (tmp_path / "snippets/lending/resource/lesson.py").unlink()
    assert project.asrun("accept", "--yes").code == 0
    assert "4 lessons, 4 scenarios, 20 statements: all proved" in project.asrun("check").out


def test_the_plain_script_makes_the_same_two_requests() -> None:
    for number in range(SHAPES):
        one = snippet(number)
        done = subprocess.run(
            [sys.executable, "-c", one.script], capture_output=True, text=True, check=True
        )
        answers = [line for line in done.stdout.splitlines() if line[:3].isdecimal()]
        assert [line[:3] for line in answers] == list(one.printed)


def test_a_cost_is_that_of_the_whole_tree(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    # What it starts outlives it, in a session of its own.
    starts = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}], start_new_session=True)"
    assert measure([sys.executable, "-c", starts], tmp_path).cpu_s >= 0.5


def test_the_report_has_every_key(tmp_path: Path) -> None:
    found = Found()
    found.add("record_vs_inprocess", 4.0)
    found.add("record_vs_inprocess", 7.0)
    found.add("record_vs_inprocess", 6.0)
    found.add("warm_build_extra_s", 0.5)
    found.cost(report.PLAIN, 10.0)
    found.skip(["step_p95_ms_4x"], "there is no player")
    plan = Plan((100,), 3, tmp_path, lambda what: None)
    report.write(tmp_path / "bench.json", report.to_json(plan, found, ["record"]))
    written = json.loads((tmp_path / "bench.json").read_text())
    assert {"made", "costs", *report.KEYS} <= set(written)
    assert written["record_vs_inprocess"]["median"] == 6.0
    assert written["record_vs_inprocess"]["runs"] == [4.0, 7.0, 6.0]
    assert written["record_vs_inprocess"]["met"] is False
    assert written["warm_build_extra_s"]["budget"] == 0.7
    assert written["warm_build_extra_s"]["met"] is True
    assert written["step_p95_ms_4x"]["note"] == "there is no player"
    assert written["page_js_gzip"]["median"] is None
    assert report.missed(found) == ["record_vs_inprocess"]
