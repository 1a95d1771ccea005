"""Version ranges of a statement: `"<0.98 or >=0.101.1"`."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.specifiers import SpecifierSet
from packaging.version import Version


class Holds:
    """One or more SpecifierSets joined by ` or `; the empty text is every version.

    Args:
        text: as an author writes it.

    Raises:
        packaging.specifiers.InvalidSpecifier: a part is no SpecifierSet.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._sets = (
            [SpecifierSet(part.strip()) for part in text.split(" or ")] if text.strip() else []
        )

    def __contains__(self, version: str) -> bool:
        return not self._sets or any(
            s.contains(Version(version), prereleases=True) for s in self._sets
        )


def holds_text(versions: Sequence[str], truth: Sequence[bool | None]) -> str | None:
    """The shortest `holds` that says where something is true.

    Args:
        versions: releases, oldest first.
        truth: for each, whether it is true there; None where that says nothing.

    Returns:
        The text, "" where it is true wherever it can be said; None where it is true nowhere.
    """
    said = [(v, t) for v, t in zip(versions, truth, strict=True) if t is not None]
    if not any(t for _, t in said):
        return None
    parts: list[str] = []
    lower, inside = "", bool(said[0][1])
    for version, true in said:
        if true and not inside:
            lower, inside = f">={_short(version)}", True
        elif not true and inside:
            parts.append(",".join(filter(None, [lower, f"<{_short(version)}"])))
            inside = False
    if inside:
        parts.append(lower)
    return " or ".join(parts)


def _short(version: str) -> str:
    """A version without the zero of its first patch: `0.98`."""
    return version.removesuffix(".0") if version.count(".") == 2 else version
