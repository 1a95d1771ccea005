"""What differs between two runs, in words: computed from the step diff and the events."""

from __future__ import annotations

import pytest

from asrun.elsewhere import Aligned
from asrun.model import Event
from asrun.narrate.differences import inside, sentence
from asrun.narrate.prose import plain


def row(move: str, action: str, by: int = 0, was: str = "") -> Aligned:
    return Aligned(move, f"event loop: {action}", by, was, key=action)  # type: ignore[arg-type]


A, B, C, D, E = (row("same", name) for name in "abcde")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([A, row("earlier", "x", 2), B], "x now comes before b"),
        ([A, row("earlier", "x", 2), row("earlier", "y", 2), B], "x and y now come before b"),
        ([A, row("later", "x", 1), B], "x now comes after a"),
        ([A, row("new", "x"), B], "x is new, after a"),
        ([row("new", "x"), A], "x is new, at the start"),
        ([A, row("gone", "x"), row("gone", "y"), B], "x and y are gone"),
        ([A, *(row("gone", n) for n in "vwxy")], "v to y (4 steps) are gone"),
        ([row("changed", "send 404", was="send 200"), A], "send 404 instead of send 200"),
        ([row("changed", "x"), A], "in x, something else"),
        # What is otherwise inside of a step says least, and comes last.
        ([row("changed", "x"), A, row("new", "y")], "y is new, after a; in x, something else"),
        (
            [row("new", "v"), A, row("gone", "w"), B, row("new", "x"), C, row("gone", "y")],
            "v is new, at the start; w is gone; x is new, after b; 1 step more differs",
        ),
        ([A, B], "no step differs in what is shown of it"),
    ],
)
def test_a_sentence_names_what_moved_and_past_what(rows: list[Aligned], words: str) -> None:
    assert plain(sentence(rows)) == words


def sent(body: str, **more: str) -> Event:
    return Event(
        seq=1, kind="send", lane="wire", asgi="http.response.body", detail={"body": body, **more}
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ([sent("a")], [sent("b")], "body is b, and was a"),
        ([sent('{"a": 1, "b": 2}')], [sent('{"a": 1}')], "b is gone"),
        ([sent('{"a": 1}')], [sent('{"a": 2, "c": [3]}')], "c is new, a is otherwise"),
        # How a validation error is worded does not count between releases.
        (
            [sent('[{"loc": ["body"], "msg": "old", "type": "x"}]')],
            [sent('[{"loc": ["body"], "msg": "new", "type": "y"}]')],
            "type is otherwise",
        ),
        ([sent("a")], [], "send http.response.body is gone"),
        ([], [sent("a")], "send http.response.body is new"),
        ([sent("a")], [sent("a", headers="x")], ""),
        ([Event(seq=1, kind="probe", lane="loop")], [], ""),
    ],
)
def test_inside_of_a_step(old: list[Event], new: list[Event], words: str) -> None:
    assert plain(inside(old, new)) == words
