"""Building again: what was finished stands while nothing that went into it has changed."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Project, Result

HOME = "pages/docs/index.md"
PAGE = "pages/docs/lending/resource.md"
OTHER = "pages/docs/lending/other.md"
NOW, KEPT = "recorded in this build", "from the cache"


def built(project: Project, *args: str) -> Result:
    result = project.asrun("build", "--out", "pages", *args)
    assert result.code == 0, result.said
    return result


def look(root: Path) -> dict[str, tuple[int, int]]:
    """Each file, by its identity and its time of change."""
    files = [f for f in (root / "pages").rglob("*") if f.is_file()]
    return {str(f): (f.stat().st_ino, f.stat().st_mtime_ns) for f in files}


def text(project: Project, path: str) -> str:
    return (project.root / path).read_text(encoding="utf-8")


def two_lessons(project: Project) -> Project:
    return project.add_lesson("other").accepted()


def test_a_build_for_which_nothing_has_changed_leaves_every_file(accepted: Project) -> None:
    built(accepted)
    assert NOW in text(accepted, PAGE)
    built(accepted)
    assert NOW not in text(accepted, PAGE)
    before = look(accepted.root)
    assert "(0 recorded now, 2 from the cache)" in built(accepted).err
    assert look(accepted.root) == before


def test_it_says_what_was_proved(accepted: Project) -> None:
    first = built(accepted).err.partition(" (")[0]
    assert built(accepted).err.partition(" (")[0] == first
    assert accepted.asrun("check").out.strip() == first


def test_what_was_changed_in_the_folder_is_made_again(accepted: Project) -> None:
    built(accepted)
    good = text(accepted, PAGE)
    (accepted.root / PAGE).write_text("mine", encoding="utf-8")
    built(accepted)
    assert text(accepted, PAGE) == good.replace(NOW, KEPT)


def test_only_the_lesson_that_changed_is_made_again(accepted: Project) -> None:
    two_lessons(accepted)
    built(accepted)
    assert NOW in text(accepted, OTHER)
    accepted.edit(accepted.lesson, "When is the resource closed?", "When is it closed?")
    result = built(accepted)
    assert "2 lessons, 4 scenarios" in result.err
    assert "When is it closed?" in text(accepted, PAGE)
    assert "When is it closed?" in text(accepted, HOME)
    assert "A resource is lent" in text(accepted, "pages/docs/lending/snapshots.md")
    assert KEPT in text(accepted, OTHER)
    assert NOW not in text(accepted, OTHER)


def test_pages_from_the_cache_are_those_that_would_be_made(accepted: Project) -> None:
    two_lessons(accepted)
    built(accepted)
    (accepted.root / HOME).unlink()
    built(accepted)
    cached = {f: f.read_text() for f in (accepted.root / "pages").rglob("*.*") if f.is_file()}
    built(accepted, "--no-cache")
    for file, was in cached.items():
        assert was == file.read_text().replace(NOW, KEPT), file


def test_a_chapter_that_was_renamed_is_renamed_on_its_pages(accepted: Project) -> None:
    built(accepted)
    chapters = accepted.root / "snippets/chapters.toml"
    accepted.edit(chapters, '"Lending"', '"Lent things"')
    built(accepted)
    assert "Lent things" in text(accepted, PAGE)


def test_a_recording_that_is_gone_is_missed(accepted: Project) -> None:
    built(accepted)
    for file in accepted.root.glob("snippets/*/*/recordings/answers/*.txt"):
        file.unlink()
    result = accepted.asrun("build", "--out", "pages")
    assert result.code == 1
    assert "not-accepted" in result.said


def test_a_recording_that_is_edited_by_hand_is_found(accepted: Project) -> None:
    two_lessons(accepted)
    built(accepted)
    (file,) = accepted.root.glob("snippets/lending/other/recordings/answers/*.txt")
    file.write_text(file.read_text(encoding="utf-8").replace("200", "201"), encoding="utf-8")
    for command in (("build", "--out", "pages"), ("check",)):
        result = accepted.asrun(*command)
        assert result.code == 1
        assert "stale-recording" in result.said


def test_a_lesson_with_a_problem_is_never_taken_for_finished(accepted: Project) -> None:
    two_lessons(accepted)
    lesson = accepted.root / "snippets/lending/other/lesson.py"
    accepted.edit(lesson, "assert sent < closed\n", "assert closed < sent\n")
    for _ in range(2):
        result = accepted.asrun("build", "--out", "pages", "--draft")
        assert result.code == 1
        assert "statement-false" in result.said
        assert "statement-false" in text(accepted, OTHER)


def test_a_page_that_was_removed_from_the_site_goes(accepted: Project) -> None:
    two_lessons(accepted)
    built(accepted)
    for name in ("app.py", "lesson.py"):
        (accepted.root / "snippets/lending/other" / name).unlink()
    for file in accepted.root.glob("snippets/lending/other/recordings/*/*.txt"):
        file.unlink()
    accepted.edit(accepted.root / "snippets/chapters.toml", ', "other"', "")
    built(accepted)
    assert not (accepted.root / OTHER).exists()
    assert "other" not in text(accepted, "pages/nav.json")
