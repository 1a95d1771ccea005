"""Accepting: recorded four times, shown, asked, written; never where no one looks."""

from __future__ import annotations

import textwrap

from tests.conftest import Project

UNSTABLE = """
    import threading

    seen = threading.get_native_id()
"""


def recordings(project: Project) -> dict[str, str]:
    folder = project.root / "snippets/lending/resource/recordings"
    return {
        f.relative_to(folder).as_posix(): f.read_text(encoding="utf-8")
        for f in folder.rglob("*.txt")
    }


def test_a_new_recording_is_shown_and_asked_for(project: Project) -> None:
    result = project.asrun("accept", stdin="y\nn\n")
    assert "accept this run?" in result.out
    assert "http.response.start" in result.out
    assert len(recordings(project)) == 1


def test_a_change_is_shown_as_steps_before_it_is_accepted(accepted: Project) -> None:
    accepted.edit(accepted.app, 'names = ["apple", "pear"]', 'names = ["fig", "pear"]')
    before = recordings(accepted)
    refused = accepted.asrun("accept", stdin="n\nn\n")
    assert "behaviour-changed" in refused.out
    assert "fig" in refused.out
    assert recordings(accepted) == before
    assert accepted.asrun("accept", "--yes").code == 0
    assert recordings(accepted) != before
    assert accepted.asrun("check").code == 0


def test_accepting_twice_changes_nothing(accepted: Project) -> None:
    before = recordings(accepted)
    result = accepted.asrun("accept", "--yes")
    assert result.code == 0
    assert "nothing to accept" in result.out
    assert recordings(accepted) == before


def test_nothing_is_accepted_in_ci(project: Project) -> None:
    result = project.asrun("accept", "--yes", ci=True)
    assert result.code == 1
    assert recordings(project) == {}


def test_what_differs_between_two_recordings_is_refused_by_name(project: Project) -> None:
    project.edit(
        project.app, "    resource = Resource()\n", f"{UNSTABLE}    resource = Resource()\n"
    )
    result = project.asrun("accept", "--yes")
    assert result.code == 1
    assert "unstable" in result.said
    assert "`names.seen`" in result.said
    assert recordings(project) == {}


CONCURRENT = """
    import time

    from fastapi import FastAPI

    app = FastAPI()
    seen: list[int] = []


    @app.get("/{n}")
    def read(n: int) -> int:
        time.sleep(1)
        return n
    """
BOTH = '''
    """Two requests at once

    Each is answered in a worker thread.
    """

    import asyncio

    from asrun import scenario, show, snapshot

    show("read")


    @scenario("Two clients")
    async def both(client):
        await asyncio.gather(client.get("/1"), client.get("/2"))
    '''
SPEAKS_OF_ORDER = '''

    @snapshot(on=both)
    def the_first_is_first(trace):
        """The first is answered at {first}, before the second at {second}."""
        first = trace.one(returned="read", request=1)
        second = trace.one(returned="read", request=2)
        assert first < second
        return {"first": first, "second": second}
    '''


def concurrent(project: Project, app: str = CONCURRENT, said: str = "") -> Project:
    """Two `def` endpoints at once, in place of the project's own lesson."""
    project.write(f"snippets/{project.id}/app.py", app)
    project.write(f"snippets/{project.id}/lesson.py", textwrap.dedent(BOTH) + textwrap.dedent(said))
    return project


def test_the_order_between_threads_may_vary(project: Project) -> None:
    result = concurrent(project).asrun("accept", "--yes")
    assert result.code == 0, result.said
    assert len(recordings(project)) == 1
    (text,) = recordings(project).values()
    assert " r1 read#1" in text
    assert " r2 read#1" in text


def test_what_depends_on_the_order_of_threads_is_refused_with_both_values(project: Project) -> None:
    shares = CONCURRENT.replace(
        "return n", "seen.append(n)\n        count = len(seen)\n        return count"
    )
    result = concurrent(project, shares).asrun("accept", "--yes")
    assert result.code == 1
    assert "differ in `names.count`, in lane r1 worker.1" in result.said
    assert "expected 1" in result.said
    assert "ran      2" in result.said
    assert (
        f"snippets/{project.id}/app.py:{project.line(project.app, 'count = len')}: unstable"
        in result.said
    )
    assert recordings(project) == {}


def test_a_statement_may_not_speak_of_the_order_between_threads(project: Project) -> None:
    result = concurrent(project, said=SPEAKS_OF_ORDER).asrun("accept", "--yes")
    assert result.code == 1
    assert "unstable: `the_first_is_first` is proved, and does not hold when" in result.said
    assert (
        f"snippets/{project.id}/lesson.py:{project.line(project.lesson, 'assert first < second')}"
        in result.said
    )
    assert recordings(project) == {}


def test_recordings_of_a_scenario_that_is_gone_are_removed(accepted: Project) -> None:
    text = accepted.lesson.read_text(encoding="utf-8").replace("raises", "fails")
    accepted.lesson.write_text(text, encoding="utf-8")
    assert accepted.asrun("accept", "--yes").code == 0
    assert {name.split("/")[0] for name in recordings(accepted)} == {"answers", "fails"}


def test_the_recording_reads_as_text(accepted: Project) -> None:
    text = next(t for name, t in recordings(accepted).items() if name.startswith("raises"))
    lines = text.splitlines()
    assert lines[0] == "asrun recording 1"
    assert lines[-1].startswith("sha256 ")
    thrown = next(i for i, line in enumerate(lines) if " throw " in line)
    sent = next(i for i, line in enumerate(lines) if "http.response.start" in line)
    assert thrown < sent
    assert '"yield resource"' in lines[thrown]
    assert "status=500" in lines[sent]
