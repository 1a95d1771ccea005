"""Accepted recordings of several releases: what counts as a change, and how files come and go."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from asrun import accepted, between, fingerprint
from asrun.accepted import Kept
from asrun.model import Event, Kind, Lane, Lesson, Problem, Scenario, Trace, VersionRange, Versions
from asrun.recording import Recording, RecordingError, event_line, from_text, of_trace, text_of
from asrun.versions import outcomes

DAYS = {f"0.{minor}.0": f"2024-01-{minor - 90:02}" for minor in range(95, 110)}


def trace(version: str = "0.109.0", status: int = 200, *more: Event) -> Trace:
    events = (
        Event(seq=1, kind="request", lane="client", request=1, detail={"method": "GET"}),
        Event(
            seq=2, kind="call", lane="loop", unit=1, request=1, function="read", frame=1, text="x"
        ),
        Event(seq=3, kind="send", lane="wire", request=1, asgi="a", detail={"status": status}),
        *more,
    )
    versions = Versions(fastapi=version, starlette="1", pydantic="2", anyio="4", python="3.11")
    return Trace(lesson="c/l", scenario="s", title="S", versions=versions, events=events)


def event(kind: Kind, lane: Lane = "loop", **fields: object) -> Event:
    return Event.model_validate({"seq": 9, "kind": kind, "lane": lane, "request": 1, **fields})


def span(first: int, last: int, recorded: int = 2) -> VersionRange:
    a, b = f"0.{first}.0", f"0.{last}.0"
    return VersionRange(a, b, DAYS[a], DAYS[b], recorded, last - first + 1, "fastapi")


def kept(folder: Path, recording: Recording) -> Kept:
    return Kept(folder / f"{recording.ranges[0].first}.txt", recording)


# ------------------------------------------------------------------ what counts

SAME = [
    [event("probe", detail={"probe": "solve_dependencies", "phase": "start"})],
    [event("probe", detail={"probe": "serialize_response"}), event("probe")],
    [event("complete", "client"), event("receive", "wire", asgi="http.disconnect")],
]
OTHER = [
    [event("receive", "wire", asgi="http.disconnect")],
    [event("raise", detail={"exception": "ValueError"})],
    [event("unhandled", detail={"exception": "ValueError"})],
    [event("print", detail={"text": "x"})],
]


@pytest.mark.parametrize("more", SAME)
def test_how_fastapi_divides_its_work_is_no_change(more: list[Event]) -> None:
    base = [e for e in more if e.kind == "complete"]
    assert outcomes.behaviour_of(trace("0.1.0", 200, *more)) == outcomes.behaviour_of(
        trace("0.2.0", 200, *base)
    )


@pytest.mark.parametrize("more", OTHER)
def test_what_happens_in_addition_is_a_change(more: list[Event]) -> None:
    assert outcomes.behaviour_of(trace("0.1.0", 200, *more)) != outcomes.behaviour_of(trace())


@pytest.mark.parametrize(
    "change",
    [
        {"lane": "worker"},
        {"unit": 2},
        {"request": 2},
        {"kind": "return"},
        {"names": {"x": "1"}},
        {"states": {"Session#1": "closed"}},
        {"detail": {"status": 201}},
        {"detail": {"headers": [["location", "/"]]}},
        {"detail": {"body": "other"}},
    ],
)
def test_every_compared_field_is_a_change(change: dict[str, object]) -> None:
    base = event("call", unit=1, function="f", frame=1)
    other = base.model_copy(update=change)
    assert outcomes.behaviour_of(trace("0.1.0", 200, base)) != outcomes.behaviour_of(
        trace("0.1.0", 200, other)
    )


def test_another_order_is_a_change() -> None:
    one = trace()
    other = one.model_copy(update={"events": one.events[::-1]})
    assert outcomes.behaviour_of(one) != outcomes.behaviour_of(other)


def test_what_is_only_shown_is_no_change() -> None:
    a, b = (event("log", shown={"text": t}, detail={"level": "INFO"}) for t in ("x", "y"))
    assert outcomes.behaviour_of(trace("0.1.0", 200, a)) == outcomes.behaviour_of(
        trace("0.1.0", 200, b)
    )


def _invalid(msg: str, address: str, length: str, kind: str = "missing") -> list[str]:
    body = (
        f'{{"detail":[{{"type":"{kind}","loc":["body","name"],"msg":"{msg}",'
        f'"url":"https://errors.pydantic.dev/{address}/v/missing"}}]}}'
    )
    head = event("send", "wire", asgi="a", detail={"headers": [["content-length", length]]})
    return [event_line(e) for e in (head, event("send", "wire", detail={"body": body}))]


def test_the_wording_of_a_validation_error_is_no_change() -> None:
    one = _invalid("Field required", "2.1.2", "351")
    other = _invalid(r"A \"field\" \\ is wanted", "2.5", "347")
    assert between.compared(one) == between.compared(other)
    assert "Field required" not in "".join(between.compared(one))


def test_what_a_validation_error_says_is_a_change() -> None:
    one = _invalid("x", "2.5", "1")
    assert between.compared(one) != between.compared(_invalid("x", "2.5", "1", "value_error"))


def test_another_length_of_any_other_body_is_a_change() -> None:
    a, b = (
        [event_line(event("send", "wire", detail={"headers": [["content-length", n]]}))]
        for n in ("1", "2")
    )
    assert between.compared(a) != between.compared(b)


@pytest.mark.parametrize(
    ("message", "kind", "why"),
    [
        (
            "importing app.py raised TypeError: Depends() got an unexpected keyword argument 'scope'",
            "absent",
            "TypeError: Depends() got an unexpected keyword argument 'scope'",
        ),
        (
            "importing app.py raised ImportError: cannot import name 'X' from 'fastapi' (/a/b/c.py)",
            "absent",
            "ImportError: cannot import name 'X' from 'fastapi'",
        ),
        (
            "importing app.py raised ModuleNotFoundError: No module named 'fastapi.sse'",
            "absent",
            "ModuleNotFoundError: No module named 'fastapi.sse'",
        ),
        ("importing app.py raised TypeError: bad operand", "failed", "TypeError: bad operand"),
        ("importing app.py raised AssertionError: ", "failed", "AssertionError:"),
        ("the scenario raised TypeError: got an unexpected keyword argument", "failed", ""),
    ],
)
def test_what_a_release_does_not_have_is_an_outcome_of_its_own(
    message: str, kind: str, why: str
) -> None:
    problem = Problem("crashed", "snippets/c/l/app.py", 7, message, "")
    outcome = outcomes.from_problem(problem, trace().versions)
    assert (outcome.kind, outcome.line) == (kind, 7)
    assert outcome.why.strip() == (why or message)
    assert outcome.behaviour is not None


def test_an_outcome_comes_back_as_it_was_kept() -> None:
    for outcome in (
        outcomes.recorded(trace()),
        outcomes.unknown("unreached", "no network"),
        outcomes.Outcome("absent", "absent", "why", 3, trace().versions),
    ):
        again = outcomes.outcome_from(outcome.to_json())
        assert again == outcome
        assert again.trace == outcome.trace


# ------------------------------------------------------------------ files


def test_a_recording_comes_back_with_all_that_its_header_says() -> None:
    whole = of_trace(trace(), "c0de", (span(95, 97), span(100, 109)), (span(96, 96),))
    assert from_text(text_of(whole)) == whole
    absent = replace(whole, lines=(), outcome="absent", why='TypeError: "x" a=b', line=12)
    assert from_text(text_of(absent)) == absent


def test_a_header_that_was_edited_is_refused() -> None:
    text = text_of(of_trace(trace(), "c0de", (span(95, 97),)))
    with pytest.raises(RecordingError, match="edited by hand"):
        from_text(text.replace("0.97.0", "0.98.0"))


def test_the_recording_of_a_release_is_the_one_that_covers_it(tmp_path: Path) -> None:
    early = kept(tmp_path, of_trace(trace("0.97.0"), "c", (span(95, 97), span(101, 103))))
    late = kept(tmp_path, of_trace(trace("0.99.0", 201), "c", (span(98, 100),)))
    both = [early, late]
    for version, wanted in (("0.95.0", early), ("0.99.0", late), ("0.102.0", early)):
        assert accepted.covering(both, version) is wanted
    assert accepted.covering(both, "0.104.0") is None
    assert accepted.for_version(both, "0.104.0") is early  # the nearest before it
    assert accepted.for_version(both, "0.94.0") is early


def _accept(folder: Path, before: list[Recording], now: Trace, code: str = "c") -> list[Recording]:
    files = [kept(folder, r) for r in before]
    texts: dict[Path, str | None] = {k.file: text_of(k.recording) for k in files}
    texts |= accepted.accepting(files, folder, now, code, DAYS)
    found = [from_text(t) for t in texts.values() if t is not None]
    return sorted(found, key=lambda r: r.ranges[0].first)


def _spans(recording: Recording) -> list[tuple[str, str]]:
    return [(r.first, r.last) for r in recording.ranges]


def test_accepting_the_same_on_the_next_release_prolongs_its_range(tmp_path: Path) -> None:
    (one,) = _accept(tmp_path, [of_trace(trace("0.97.0"), "c", (span(95, 97),))], trace("0.98.0"))
    assert _spans(one) == [("0.95.0", "0.98.0")]
    assert (one.ranges[0].recorded, one.ranges[0].of) == (3, 4)
    assert one.versions.fastapi == "0.98.0"


def test_accepting_another_behaviour_takes_the_release_out_of_its_range(tmp_path: Path) -> None:
    now = trace("0.97.0", 500)
    old, new = _accept(tmp_path, [of_trace(trace("0.97.0"), "c", (span(95, 97),))], now)
    assert _spans(old) == [("0.95.0", "0.96.0")]
    assert _spans(new) == [("0.97.0", "0.97.0")]


def test_accepting_in_the_middle_of_a_range_splits_it(tmp_path: Path) -> None:
    now = trace("0.97.0", 500)
    old, new = _accept(tmp_path, [of_trace(trace("0.99.0"), "c", (span(95, 99),))], now)
    assert _spans(old) == [("0.95.0", "0.96.0"), ("0.98.0", "0.99.0")]
    assert _spans(new) == [("0.97.0", "0.97.0")]


def test_accepting_what_another_recording_says_joins_it(tmp_path: Path) -> None:
    before = [
        of_trace(trace("0.96.0"), "c", (span(95, 96),)),
        of_trace(trace("0.99.0", 500), "c", (span(97, 99),)),
    ]
    first, second = _accept(tmp_path, before, trace("0.99.0"))
    assert _spans(first) == [("0.95.0", "0.96.0"), ("0.99.0", "0.99.0")]
    assert _spans(second) == [("0.97.0", "0.98.0")]


def test_accepting_other_code_leaves_the_recordings_of_the_old_code_apart(tmp_path: Path) -> None:
    before = [of_trace(trace("0.97.0"), "old", (span(95, 97),))]
    old, new = _accept(tmp_path, before, trace("0.97.0"), "new")
    assert (old.code, _spans(old)) == ("old", [("0.95.0", "0.96.0")])
    assert (new.code, _spans(new)) == ("new", [("0.97.0", "0.97.0")])
    stale = accepted.of_other_code([kept(tmp_path, r) for r in (old, new)], "new", "0.97.0")
    assert [k.recording.code for k in stale] == ["old"]


def test_a_recording_of_the_release_alone_is_replaced(tmp_path: Path) -> None:
    (one,) = _accept(
        tmp_path, [of_trace(trace("0.97.0"), "old", (span(97, 97),))], trace("0.97.0", 500), "new"
    )
    assert (one.code, _spans(one)) == ("new", [("0.97.0", "0.97.0")])


def test_files_are_called_by_the_oldest_release(tmp_path: Path) -> None:
    recordings = [
        of_trace(trace(), "c", (span(95, 96), span(100, 100))),
        of_trace(trace("0.97.0", 201), "c", (), (span(95, 95),)),
    ]
    names = [p.name for p in accepted.named(tmp_path, recordings)]
    assert names == ["0.95.0.txt", "0.95.0-newest.txt"]


# ------------------------------------------------------------------ which code

APP = '''\
"""An app."""
from fastapi import FastAPI
app = FastAPI()


@app.get("/")
def read() -> str:
    return "a"  #: a note
'''
SAID = '''\
"""Title

About.
"""
from httpx import AsyncClient
from asrun import scenario, watch, key_moment
import re

PATH = "/"


@watch("Session")
def state(s):
    return word(s)


def word(s):
    return "open"


def for_proofs(t):
    return re.match("a", t)


@scenario("One")
async def one(client):
    """Docs."""
    await client.get(PATH)


@scenario("Two")
async def two(client):
    await client.post(PATH)


@key_moment("Q?", on=one)
def moment(trace):
    """Text."""
    assert for_proofs(trace)
'''


def _code(tmp_path: Path, app: str = APP, said: str = SAID, scenario: str = "one") -> str:
    (tmp_path / "app.py").write_text(app)
    lesson = Lesson("c/l", tmp_path, "C", "T", "A", app, said, (Scenario("one", "One", 1),), (), ())
    return fingerprint.of_scenario(lesson, scenario)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  #: a note", "  # another"),
        ('"""An app."""', '"""Another."""'),
        ("\n\n\n@app", "\n@app"),
    ],
)
def test_looks_of_the_app_are_not_its_code(tmp_path: Path, old: str, new: str) -> None:
    assert old in APP
    assert _code(tmp_path, APP.replace(old, new)) == _code(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Text."""', '"""Other."""'),
        ("assert for_proofs(trace)", "assert trace"),
        ('re.match("a", t)', 're.match("b", t)'),
        ('@scenario("One")', '@scenario("First")'),
        ('"""Docs."""', '"""Others."""'),
        ("client.post(PATH)", "client.put(PATH)"),
        ("About.", "More about."),
        ("import re\n", "import re\nimport json\n"),
    ],
)
def test_what_is_said_is_not_the_code(tmp_path: Path, old: str, new: str) -> None:
    assert old in SAID
    assert _code(tmp_path, said=SAID.replace(old, new)) == _code(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('PATH = "/"', 'PATH = "/x"'),
        ('return "open"', 'return "closed"'),
        ("client.get(PATH)", "client.get(PATH, params={})"),
        ('@watch("Session")', '@watch("Engine")'),
    ],
)
def test_what_a_scenario_and_a_watch_use_is_the_code(tmp_path: Path, old: str, new: str) -> None:
    assert old in SAID
    assert _code(tmp_path, said=SAID.replace(old, new)) != _code(tmp_path)


def test_the_app_is_the_code(tmp_path: Path) -> None:
    assert _code(tmp_path, APP.replace('return "a"', 'return "b"')) != _code(tmp_path)
    documented = APP.replace('    return "a"', '    """In OpenAPI."""\n    return "a"')
    assert _code(tmp_path, documented) != _code(tmp_path)
    assert _code(tmp_path, scenario="two") != _code(tmp_path)


def test_the_digest_is_the_same_on_every_python(tmp_path: Path) -> None:
    assert _code(tmp_path) == "ba5d12944b6a1928"
