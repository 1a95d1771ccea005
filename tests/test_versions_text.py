"""Ranges of releases as text: `holds`, `lesson.py`, `versions.toml`."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asrun.holds import Holds, holds_text
from asrun.problems import ProblemError
from asrun.versions import releases
from asrun.versions.releases import Listing, Release
from asrun.versions.writing import with_holds

VERSIONS = [f"0.{minor}.{patch}" for minor in range(95, 105) for patch in range(2)]


@given(st.lists(st.sampled_from([True, False, None]), min_size=20, max_size=20))
def test_holds_says_exactly_where_it_is_true(truth: list[bool | None]) -> None:
    text = holds_text(VERSIONS, truth)
    if True not in truth:
        assert text is None
        return
    assert text is not None
    said = Holds(text)
    assert all((v in said) == t for v, t in zip(VERSIONS, truth, strict=True) if t is not None)


@pytest.mark.parametrize(
    ("truth", "text"),
    [
        ([True, True, True, True], ""),
        ([True, False, False, True], "<0.96 or >=0.97.1"),
        ([False, True, True, False], ">=0.96,<0.97.1"),
        ([None, None, True, True], ""),
        ([False, None, True, True], ">=0.97"),
    ],
)
def test_holds_is_written_as_an_author_would(truth: list[bool | None], text: str) -> None:
    assert holds_text(["0.95.2", "0.96.0", "0.97.0", "0.97.1"], truth) == text


LESSON = '''\
"""Äpfel"""
@key_moment("Wann — genau?", on=(a, b))
def first(x, y):
    """One."""


@quiz(
    "Why?",
    on=a,
    holds="<0.5",
    hint="there",
)
def second(x): ...


@snapshot(holds='>=0.7', on=a)
def third(x): ...


@exit_line(on=a, holds=">=0.7")
def fourth(x): ...
'''


def _holds(source: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            (call,) = node.decorator_list
            assert isinstance(call, ast.Call)
            values = [k.value for k in call.keywords if k.arg == "holds"]
            found[node.name] = values[0].value if values else None  # type: ignore[attr-defined]
    return found


def test_holds_is_added_changed_and_taken_away() -> None:
    wanted = {"first": "<0.106 or >=0.118", "second": ">=1", "third": "", "fourth": ""}
    after = with_holds(LESSON, wanted)
    expected = {"first": "<0.106 or >=0.118", "second": ">=1", "third": None, "fourth": None}
    assert _holds(after) == expected
    changed = set(after.splitlines()) ^ set(LESSON.splitlines())
    assert all(
        "holds" in line or line.startswith(("@snapshot", "@exit_line", "@key")) for line in changed
    )
    assert '@key_moment("Wann — genau?", on=(a, b), holds="<0.106 or >=0.118")' in after


def test_nothing_else_of_a_lesson_changes() -> None:
    assert with_holds(LESSON, {}) == LESSON
    back = with_holds(with_holds(LESSON, {"first": "<1"}), {"first": ""})
    assert back == LESSON


class Index:
    """A package index with some releases."""

    def __init__(self, versions: list[str]) -> None:
        self.versions = versions
        self.asked: list[str] = []

    def newest_below(self, package: str, below: str) -> tuple[str, date] | None:
        self.asked.append(below)
        older = self.versions if not below else self.versions[: self.versions.index(below)]
        day = date(2024, 1, 1) + timedelta(len(older))
        return (older[-1], day) if older else None


def test_a_new_list_goes_down_to_the_oldest_release_that_is_supported(tmp_path: Path) -> None:
    index = Index(["0.95.0", "0.95.1", "0.95.2", "0.96.0"])
    listing, added = releases.look(tmp_path, index)
    assert listing.versions == ("0.95.2", "0.96.0")
    assert {r.version for r in added} == {"0.95.2", "0.96.0"}
    assert not (tmp_path / releases.FILE).exists()


def test_of_a_known_list_only_what_is_new_is_asked_for(tmp_path: Path) -> None:
    known = Listing((Release("0.95.2", date(2023, 5, 16)), Release("0.96.0", date(2023, 6, 3))))
    releases.write(tmp_path, known)
    index = Index(["0.95.2", "0.96.0", "0.97.0", "0.97.1"])
    listing, added = releases.look(tmp_path, index)
    assert listing.versions == ("0.95.2", "0.96.0", "0.97.0", "0.97.1")
    assert [r.version for r in added] == ["0.97.1", "0.97.0"]
    assert index.asked == ["", "0.97.1", "0.97.0"]


def test_the_list_comes_back_as_it_was_written(tmp_path: Path) -> None:
    pinned = Release("0.117.1", date(2025, 9, 20), {"starlette": "<0.49"})
    known = Listing((Release("0.96.0", date(2023, 6, 3)), pinned))
    releases.write(tmp_path, known)
    again = releases.read(tmp_path)
    assert again == known
    assert again.releases[1].pins == {"starlette": "<0.49"}


def test_samples_are_the_first_of_each_minor_and_the_newest() -> None:
    versions = ["0.95.2", "0.96.0", "0.96.1", "0.97.0", "0.97.1", "0.97.2"]
    listing = Listing(tuple(Release(v, date(2024, 1, 1)) for v in versions))
    assert [versions[i] for i in listing.minors()] == ["0.95.2", "0.96.0", "0.97.0", "0.97.2"]


@pytest.mark.parametrize(
    ("text", "line"),
    [('[releases]\n\n"0.95.2" = 7\n', 3), ('[releases]\n"x!" = 2023-05-16\n', 2), ("[", 1)],
)
def test_a_list_that_cannot_be_read_names_the_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "snippets").mkdir()
    (tmp_path / releases.FILE).write_text(text)
    with pytest.raises(ProblemError) as caught:
        releases.read(tmp_path)
    assert caught.value.problem.line == line
