"""The recording child's first lines: forked by the zygote, it records one scenario and ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Record one scenario.

    Args:
        request: `{"folder": path of the lesson, "scenario": name}`.

    Returns:
        The recording as `session.record` gives it, with `"status": "recorded"`; or
        `{"status": kind of problem, "message": …, "stack": [[file, line, function], …]}`.
    """
    from asrun.record import session

    try:
        return {"status": "recorded", **session.record(Path(request["folder"]), request["scenario"])}
    except session.AuthorError as error:
        return {"status": error.kind, "message": str(error), "stack": error.stack}
