"""Version ranges of a statement: `"<0.106 or >=0.118"`."""

from __future__ import annotations

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
