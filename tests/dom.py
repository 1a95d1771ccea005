"""HTML as a tree, strict about what the engine promises: every tag is closed by its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class Element:
    """An element, its attributes and what is in it."""

    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    inside: list[Element | str] = field(default_factory=list)

    @property
    def classes(self) -> set[str]:
        """Its classes."""
        return set(self.attrs.get("class", "").split())

    @property
    def text(self) -> str:
        """All text in it, a script's too, as it would be read."""
        return "".join(one if isinstance(one, str) else one.text for one in self.inside)

    def walk(self) -> Iterator[Element]:
        """Yield it and all elements in it."""
        yield self
        for one in self.inside:
            if isinstance(one, Element):
                yield from one.walk()

    def all(self, tag: str = "", cls: str = "", **attrs: str) -> list[Element]:
        """Return the elements in it that fit; `data_n="3"` is the attribute data-n."""
        wanted = {name.replace("_", "-"): value for name, value in attrs.items()}
        return [
            one
            for one in self.walk()
            if (not tag or one.tag == tag)
            and (not cls or cls in one.classes)
            and all(one.attrs.get(name) == value for name, value in wanted.items())
        ]

    def one(self, tag: str = "", cls: str = "", **attrs: str) -> Element:
        """Return the only element that fits."""
        found = self.all(tag, cls, **attrs)
        assert len(found) == 1, f"{len(found)} elements are {tag}.{cls} {attrs}"
        return found[0]

    def holds(self, text: str) -> bool:
        """Whether a text can be read in it, however its white space is broken."""
        return " ".join(text.split()) in " ".join(self.text.split())


class _Builder(HTMLParser):
    def __init__(self, strict: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("")
        self._open = [self.root]
        self._strict = strict

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].inside.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self._strict:
            assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
            self._open.pop()
        elif tag in [one.tag for one in self._open]:
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self._open[-1].inside.append(data)

    def done(self) -> Element:
        self.close()
        assert not self._strict or self._open == [self.root], f"not closed: {self._open[-1].tag}"
        return self.root


def parse(html: str, *, strict: bool = True) -> Element:
    """Return the tree; strict: fail where a browser would have to guess."""
    builder = _Builder(strict)
    builder.feed(html)
    return builder.done()
