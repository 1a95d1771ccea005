"""Which tracer a recording uses, and why."""

from __future__ import annotations

import sys
from types import CodeType
from typing import Literal

from asrun.record.frames import FrameLog, Tracer

Name = Literal["monitoring", "settrace"]


def choose(frames: FrameLog, module: CodeType, name: Name | None = None) -> tuple[Tracer, str]:
    """The tracer for this interpreter, not started yet, and the reason for it.

    Args:
        frames: is told what happens.
        module: the snippet's compiled module.
        name: the tracer that is asked for; None for the one that suits.

    Raises:
        RuntimeError: the tracer that is asked for does not exist here.
    """
    version = f"CPython {sys.version_info.major}.{sys.version_info.minor}"
    has_monitoring = hasattr(sys, "monitoring")
    if name == "monitoring" and not has_monitoring:
        raise RuntimeError(f"{version} has no sys.monitoring")
    if name == "settrace" or not has_monitoring:
        from asrun.record.settrace import SettraceTracer

        reason = "asked for" if name else f"{version} has no sys.monitoring, which came with 3.12"
        return SettraceTracer(frames), f"settrace: {reason}"
    from asrun.record.monitoring import MonitoringTracer

    reason = (
        "asked for"
        if name
        else f"{version} has sys.monitoring, which costs code that is not watched nothing"
    )
    return MonitoringTracer(frames, module), f"monitoring: {reason}"
