"""One job, from a fresh process to its result: the same in a forked child and in a spawned one.

An order is plain data:

    {"id": 7, "entry": "asrun.record.child:main", "request": {"folder": …}, "folder": "/tmp/…/7",
     "deadline": 10.0, "slot": 0}

`folder` belongs to the parent. In it the job leaves `result.json` (what the entry returned),
`report.txt` (see `report.py`), `stacks.txt` (what stood on the stacks when C code crashed or hung)
and `output.txt`; each is opened before the sandbox closes. Below it, `work` is the job's own.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any, NoReturn

from asrun.record import hang, limits, report, sandbox, where

FAILED = 70
"""Exit status of a child whose entry raised: an error of the engine, told in `output.txt`."""

PLAIN = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""What a snippet finds in its environment beside its own folders: the same on every machine."""

missing: dict[str, str] = {}
"""The sandbox's means that are not in force in this process, and why."""


def run(order: dict[str, Any]) -> NoReturn:
    """Do what an order asks for, in this process, which ends with it."""
    code = FAILED
    try:
        _run(order)
        code = 0
    except BaseException:  # noqa: BLE001 - the last resort of a process; SystemExit, too
        traceback.print_exc(file=sys.__stderr__)
    finally:
        for stream in (sys.__stdout__, sys.__stderr__):
            try:
                if stream is not None:
                    stream.flush()
            except (OSError, ValueError):
                continue
        report.leave(code)


def _run(order: dict[str, Any]) -> None:
    folder = Path(order["folder"])
    bounds = limits.of(order)
    without = frozenset(order.get("without", ()))
    request = order["request"]
    if "session" not in without and hasattr(os, "setsid") and os.getpid() != os.getsid(0):
        os.setsid()
    _redirect(folder)
    report.begin(_create(folder / "report.txt"))
    result = _create(folder / "result.json")
    dump = os.fdopen(_create(folder / "stacks.txt"), "w")
    where.begin(request.get("folder", ""))
    work = folder / "work"
    work.mkdir(mode=0o700)
    os.chdir(work)
    _set_environment(work)
    tempfile.tempdir = None
    hang.arm(order["deadline"], bounds, dump, without)
    room = sandbox.Room(
        lesson=request.get("folder", str(work)),
        work=work,
        project=request.get("project", ""),
        slot=order.get("slot", 0),
        deadline=order["deadline"],
        limits=bounds,
        without=without,
    )
    missing.update(sandbox.enter(room))
    module, _, name = order["entry"].partition(":")
    answer = getattr(importlib.import_module(module), name)(request)
    hang.disarm()
    _write(result, json.dumps(answer).encode(), bounds)


def _set_environment(work: Path) -> None:
    system = {
        k: v for k, v in os.environ.items() if os.name == "nt" and k in ("PATH", "SYSTEMROOT")
    }
    os.environ.clear()
    os.environ.update(PLAIN)
    os.environ.update({"PATH": os.defpath, **system})
    os.environ["LOGNAME"] = "asrun"  # the id that a job runs under has no name
    for name in ("HOME", "TMPDIR", "TEMP", "TMP"):
        os.environ[name] = str(work)


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _redirect(folder: Path) -> None:
    """Take standard input from nowhere, send output to a file, and close all that was inherited."""
    output = _create(folder / "output.txt")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, 1 << 16)


def _write(descriptor: int, data: bytes, bounds: limits.Limits) -> None:
    if len(data) > bounds.file_size:
        report.end("refused", *limits.recording_too_large(bounds), [])
    while data:
        data = data[os.write(descriptor, data) :]
