"""The recorder's format and behaviour are approved apart, and the first shows that the second is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from typer.testing import Result as Ran

from asrun import cli, recording
from asrun.model import Event
from tests.conftest import Project

OLD = 0


def _read(seq: int, line: str) -> Event:
    return recording.FORMATS[recording.FORMAT].read(seq, line.replace("was:", "name:"))


def _write(event: Event) -> str:
    """As an older recorder wrote it: it called names otherwise, and knew of no states."""
    bare = event.model_copy(update={"states": {}})
    return recording.event_line(bare).replace("name:", "was:")


@pytest.fixture
def older(accepted: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that was accepted by a recorder with an older format, which this one knows."""
    monkeypatch.setitem(recording.FORMATS, OLD, recording.Form(_write, _read))
    for file in recordings(accepted):
        new = recording.from_text(file.read_text(encoding="utf-8"))
        old = recording.of_trace(new.trace, new.code, new.ranges, new.newest, OLD)
        file.write_text(recording.text_of(old), encoding="utf-8")
    monkeypatch.chdir(accepted.root)
    monkeypatch.delenv("CI", raising=False)
    return accepted


def recordings(project: Project) -> list[Path]:
    return sorted(project.root.glob("snippets/*/*/recordings/*/*.txt"))


def formats(project: Project) -> list[int]:
    texts = [file.read_text(encoding="utf-8") for file in recordings(project)]
    return [recording.from_text(text).format for text in texts]


def asrun(*args: str, answers: str = "") -> Ran:
    """A command in this process, since an older format is only known here."""
    return CliRunner().invoke(cli.app, list(args), input=answers, env={"COLUMNS": "200"})


def test_the_format_alone_changed(older: Project) -> None:
    before = [f.read_text(encoding="utf-8") for f in recordings(older)]
    told = asrun("check")
    assert told.exit_code == 1
    assert told.output.count("format-changed") == 3  # two scenarios, and the summary
    assert "written in format 0, what ran is what was accepted" in " ".join(told.output.split())
    assert "behaviour-changed" not in told.output

    held = asrun("accept", "--yes")  # it answers for behaviour, and not for the format
    assert held.exit_code == 1
    assert [f.read_text(encoding="utf-8") for f in recordings(older)] == before

    assert asrun("accept", "--format").exit_code == 0
    assert formats(older) == [recording.FORMAT] * 2
    assert older.asrun("check").code == 0
    assert "nothing to accept" in older.asrun("accept", "--yes").out


def test_the_ranges_stay_where_only_the_format_changed(older: Project) -> None:
    before = [recording.from_text(f.read_text(encoding="utf-8")).ranges for f in recordings(older)]
    assert asrun("accept", "--format").exit_code == 0
    after = [recording.from_text(f.read_text(encoding="utf-8")).ranges for f in recordings(older)]
    assert after == before


@pytest.mark.parametrize(
    ("answers", "written"),
    [("n\nn\n", 0), ("y\nn\ny\nn\n", 0), ("y\ny\ny\ny\n", 2)],
    ids=["neither", "behaviour alone", "both"],
)
def test_behaviour_and_format_are_two_questions(older: Project, answers: str, written: int) -> None:
    older.edit(older.app, 'names = ["apple", "pear"]', 'names = ["fig", "pear"]')
    told = asrun("check")
    assert "behaviour is not the same either" in " ".join(told.output.split())
    assert "behaviour-changed" in told.output
    asked = asrun("accept", answers=answers)
    assert "accept the change?" in asked.output
    assert f"{written} written" in asked.output
    assert formats(older).count(recording.FORMAT) == written


def test_the_format_s_approval_is_none_of_a_change(older: Project) -> None:
    older.edit(older.app, 'names = ["apple", "pear"]', 'names = ["fig", "pear"]')
    refused = asrun("accept", "--format", answers="n\nn\n")
    assert "accept the change?" in refused.output
    assert formats(older) == [OLD] * 2


def test_of_an_unknown_format_nothing_is_claimed(
    older: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: Any = recording.FORMATS
    monkeypatch.delitem(known, OLD)
    told = " ".join(asrun("check").output.split())
    assert "can't read 0: whether behaviour changed, it can't say" in told
    assert "is the same" not in told
    asked = asrun("accept", "--format", answers="n\nn\n")
    assert "accept the change?" in asked.output
    assert formats(older) == [OLD] * 2
