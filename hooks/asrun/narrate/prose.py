"""Building a `Text`: trusted templates, into which what was recorded goes as pieces only.

A template is written in this package or by a lesson's author: `backticks` mark code, `{name}`
stands for a part. A recorded value is never parsed, so nothing that an app prints or returns
can turn into markup, a citation or a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from asrun.story import Piece, Text

Part = str | int | Piece | Text
"""What a placeholder may stand for: plain words, a number, a piece, or a text."""

_TOKEN = re.compile(r"`([^`]+)`|\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
MAX_VALUE = 72


def code(value: str) -> Piece:
    """A piece of code: a name, a statement, a recorded value."""
    return Piece("code", value)


def cite(number: int, address: str) -> Piece:
    """A piece that cites a step: its number and its address without `#`."""
    return Piece("step", str(number), address)


def say(template: str, /, **parts: Part) -> Text:
    """Fill a trusted template.

    Args:
        template: words, with code in `backticks` and `{name}` where a part goes. Inside
            backticks a part's words become code; outside, a `str` stays words.
        parts: what the placeholders stand for. A placeholder without a part stays as written.

    Returns:
        The text, with neighbouring words joined.
    """
    return fill(template, parts)


def fill(template: str, parts: Mapping[str, Part]) -> Text:
    """The same as `say`, for parts whose names come from elsewhere (a statement's citations)."""
    pieces: list[Piece] = []
    for words, span, name in _tokens(template):
        if span:
            pieces.extend(_code_span(span, parts))
        elif name in parts:
            pieces.extend(_pieces(parts[name]))
        else:
            pieces.append(Piece("words", f"{{{name}}}" if name else words))
    return _joined(pieces)


@lru_cache(maxsize=1024)
def _tokens(template: str) -> tuple[tuple[str, str, str], ...]:
    """A template in pieces, each either words, a span of code, or a placeholder's name."""
    found = []
    end = 0
    for match in _TOKEN.finditer(template):
        found += [(template[end : match.start()], "", ""), ("", match[1] or "", match[2] or "")]
        end = match.end()
    found.append((template[end:], "", ""))
    return tuple(token for token in found if any(token))


def join(*texts: Text, by: str = " ") -> Text:
    """Several texts as one; empty ones are left out."""
    pieces: list[Piece] = []
    for text in texts:
        if not text:
            continue
        if pieces:
            pieces.append(Piece("words", by))
        pieces.extend(text)
    return _joined(pieces)


def listed(items: Iterable[Part], last: str = "and") -> Text:
    """Items as a list in a sentence: `a`, `a and b`, `a, b and c`."""
    texts = [_pieces(item) for item in items]
    pieces: list[Piece] = []
    for i, text in enumerate(texts):
        if i:
            pieces.append(Piece("words", f" {last} " if i == len(texts) - 1 else ", "))
        pieces.extend(text)
    return _joined(pieces)


def codes(values: Iterable[str], last: str = "and") -> Text:
    """Names or values, each as code, as a list in a sentence."""
    return listed([code(short(v)) for v in values], last)


def short(value: str, limit: int = MAX_VALUE) -> str:
    """A value on one line of at most `limit` characters; a cut shows as `…`."""
    line = " ".join(value.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def plain(text: Text) -> str:
    """The text as one string, for labels: a cited step is its number."""
    return "".join(piece.value for piece in text)


def count_words(texts: Iterable[Text | str]) -> int:
    """How many words a reader reads in these texts."""
    return sum(len((t if isinstance(t, str) else plain(t)).split()) for t in texts)


def plural(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _code_span(span: str, parts: Mapping[str, Part]) -> list[Piece]:
    # A whole span that is one citation stays a citation: a link in code would not be one.
    whole = _NAME.fullmatch(span)
    if whole and whole[1] in parts:
        return [p if p.kind == "step" else code(p.value) for p in _pieces(parts[whole[1]])]
    filled = _NAME.sub(lambda m: plain(_pieces(parts[m[1]])) if m[1] in parts else m[0], span)
    return [code(filled)]


def _pieces(part: Part) -> Text:
    if isinstance(part, Piece):
        return (part,)
    if isinstance(part, tuple):
        return part
    return (Piece("words", str(part)),)


def _joined(pieces: Iterable[Piece]) -> Text:
    out: list[Piece] = []
    for piece in pieces:
        if not piece.value:
            continue
        if piece.kind == "words" and out and out[-1].kind == "words":
            out[-1] = Piece("words", out[-1].value + piece.value)
        else:
            out.append(piece)
    return tuple(out)
