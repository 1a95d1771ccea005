"""Where things are."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project's root."""
KEPT = ROOT / ".asrun" / "mutants"
"""Where results are kept, so that an interrupted run goes on from where it was."""
