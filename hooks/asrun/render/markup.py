"""Text to HTML: what was recorded or written stays text, whatever is in it.

Values come from runs of contributed code. On its way to the reader a value passes Jinja,
Python-Markdown and a browser, and none of them may take a part of it for markup.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape
from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Operator, String

# Control characters, marks that turn the direction of the text around them, halves of surrogates.
_UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

KEPT = 200
"""Texts shorter than this are kept: a page says the same names and values at each of its steps."""


def show(text: str) -> Markup:
    """Return any text as HTML on one line; what has no shape of its own is shown escaped.

    Line breaks and tabs become references: no line of a page can begin with a value, so
    Markdown never sees one where a fence or a list might start.
    """
    return _kept(text) if len(text) < KEPT else _shown(text)


def _shown(text: str) -> Markup:
    named = _UNSHOWABLE.sub(lambda found: ascii(found[0])[1:-1], text)
    return Markup(str(escape(named)).replace("\n", "&#10;").replace("\t", "&#9;"))


_kept = lru_cache(maxsize=4096)(_shown)


def inline(text: str) -> Markup:
    """Return an author's words as HTML: what stands between backticks is code."""
    parts = re.split(r"`([^`]+)`", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(show(part)) if at % 2 else show(part)
        for at, part in enumerate(parts)
    )


def plain(text: str) -> str:
    """Return an author's words without markup, escaped for a theme that escapes nothing."""
    return str(show(re.sub(r"`([^`]+)`", r"\1", text)))


@lru_cache(maxsize=8)
def highlight(source: str) -> tuple[Markup, ...]:
    """Return each line of Python as HTML: keywords in `<b>`, strings and comments in `<i>`.

    There is no other colour in code: the only one that a reader sees there is that of "now".
    """
    lines: list[list[tuple[tuple[str, str], str]]] = [[]]
    for kind, value in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source):
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append((_form(kind), part))
    return tuple(
        Markup(
            "".join(
                f"{before}{show(''.join(part for _, part in parts))}{after}"
                for (before, after), parts in groupby(line, key=itemgetter(0))
            )
        )
        for line in lines
    )


def _form(kind: Any) -> tuple[str, str]:
    if kind in Keyword or kind is Operator.Word:
        return "<b>", "</b>"
    return ("<i>", "</i>") if kind in String or kind in Comment else ("", "")


def _finalize(value: Any) -> Markup:
    if isinstance(value, Markup):
        return value
    return show(value) if isinstance(value, str) else escape(value)


class _CodeGenerator(CodeGenerator):
    """Writes templates that take what `_finalize` gives: it is escaped, and most of a page is it."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(finalize.src)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(")")


class _Environment(Environment):
    code_generator_class = _CodeGenerator


def environment() -> Environment:
    """Return the templates' environment: everything is escaped, a misspelt name is an error."""
    env = _Environment(
        loader=PackageLoader("asrun.render"),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["inline"] = inline
    return env


_BLOCK = (
    "</?(?:article|aside|asrun-[a-z]+|blockquote|circle|d[dlt]|details|div|fieldset|header|h[1-6]|label"
    "|legend|li|nav|[ou]l|p|path|pre|section|summary|svg|table|tbody|t[dhr]|template|thead)\\b"
)
_BEGINS = re.compile(_BLOCK)
_ENDS = re.compile(f"{_BLOCK}[^>]*>$")


def one_line(html: str) -> str:
    """Return a rendered template on one line: to Markdown, one raw block with nothing in it.

    A template's line break means a space, and beside what begins a line anyway it means nothing.
    """
    said: list[str] = []
    beside = True
    for line in filter(None, map(str.strip, html.split("\n"))):
        if not beside and not _BEGINS.match(line):
            said.append(" ")
        said.append(line)
        beside = line.endswith(">") and _ENDS.search(line, max(line.rfind("<"), 0)) is not None
    return "".join(said)
