"""The zygote: a process that has imported what children need, and forks one for each job.

Run as `python -m asrun.record.zygote` with its environment already scrubbed, in a folder of its
own. It reads a line of JSON for each job from standard input and answers with a line when the job
has ended; `job.py` says what an order holds:

    {"preload": ["sqlalchemy.ext.asyncio"]}
    {"id": 7, "entry": "asrun.record.child:main", "request": {…}, "folder": "/tmp/…/7", …}
    -> {"id": 7, "code": 0, "seconds": 0.03, "overflow": false}

A job that outlives its deadline is killed with all that it started; the zygote and the other jobs
go on. When standard input ends, whatever still runs is killed, and the folder removed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import mimetypes
import os
import selectors
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asrun.record import folders, job, limits, linux, sandbox
from asrun.record.limits import Limits

GRACE = 1.5
"""Seconds after the deadline until a child that could not report its hang is killed."""
_LOOK = 0.25
"""Seconds between two looks at the folders of running jobs."""


_LATE = (
    "asrun.client", "asrun.record.settrace", "asrun.record.monitoring",
    "concurrent.futures.thread", "fastapi.telemetry._runtime",
)  # fmt: skip
"""What is imported when it is first needed, and is needed by nearly every scenario."""
_WITH = {
    "sqlalchemy.ext.asyncio": ("aiosqlite", "sqlalchemy.dialects.sqlite.aiosqlite"),
}
"""What goes with a module that is preloaded, and is imported only when an engine is made: half of
what a scenario of such a lesson would cost."""


@dataclass
class _Job:
    id: int
    pid: int
    slot: int
    folder: Path
    bounds: Limits
    started: float
    ends: float
    """When it is killed."""
    without: frozenset[str]
    warned: float = 0.0
    """When it was asked to end, since it writes too much; 0 where it was not."""


def main() -> None:
    """Serve jobs until standard input ends."""
    from asrun.record import clock

    clock.install_queues()
    _Zygote().serve()


class _Zygote:
    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._jobs: dict[int, _Job] = {}
        self._answers = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)  # what an imported module prints is no answer
        self._folder = Path.cwd()
        # What a job's process leaves behind becomes this one's child, and is ended here.
        with contextlib.suppress(OSError):
            linux.prctl(linux.PR_SET_CHILD_SUBREAPER)
        sandbox.prepare()

    def serve(self) -> None:
        buffer = b""
        self._selector.register(0, selectors.EVENT_READ)
        looked = 0.0
        while True:
            for key, _ in self._selector.select(_LOOK if self._jobs else None):
                if key.fd == 0:
                    data = os.read(0, 65536)
                    if not data:
                        self._end()
                        return
                    buffer += data
                    *lines, buffer = buffer.split(b"\n")
                    for line in lines:
                        self._take(json.loads(line))
                else:
                    self._reap(key.data, key.fd)
            now = time.monotonic()
            if now - looked > _LOOK:
                looked = now
                for running in self._jobs.values():
                    self._look(running, now)

    def _take(self, order: dict[str, Any]) -> None:
        if "preload" in order:
            preload(order["preload"])
            _warm_up()
            gc.collect()
            gc.freeze()
            self._answer({"preloaded": True})
            return
        taken = {running.slot for running in self._jobs.values()}
        slot = next(n for n in range(len(taken) + 1) if n not in taken)
        pid = os.fork()
        if pid == 0:
            job.run({**order, "slot": slot})
        now = time.monotonic()
        running = _Job(
            order["id"], pid, slot, Path(order["folder"]), limits.of(order), now,
            now + order["deadline"] + GRACE, frozenset(order.get("without", ())),
        )  # fmt: skip
        self._jobs[pid] = running
        self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, running)

    def _look(self, running: _Job, now: float) -> None:
        """Kill a job that outlives its deadline; ask one that writes too much to end."""
        if now > running.ends:
            _kill(running.pid)
        elif now - running.started > _LOOK and "folder" not in running.without:
            size, count = folders.measure(running.folder, running.bounds.folder_files)
            if size > running.bounds.folder_size or count > running.bounds.folder_files:
                if running.warned and now - running.warned > GRACE:
                    _kill(running.pid)
                running.warned = running.warned or now
                with contextlib.suppress(ProcessLookupError):
                    os.kill(running.pid, signal.SIGUSR1)

    def _reap(self, running: _Job, fd: int) -> None:
        self._selector.unregister(fd)
        os.close(fd)
        if "sweep" not in running.without:
            _kill(running.pid)  # its group, while its id can't be anyone else's yet
        _, status = os.waitpid(running.pid, 0)
        del self._jobs[running.pid]
        if "sweep" not in running.without:
            self._sweep()
        code = os.waitstatus_to_exitcode(status)
        seconds = round(time.monotonic() - running.started, 4)
        overflow = running.warned > 0
        self._answer({"id": running.id, "code": code, "seconds": seconds, "overflow": overflow})

    def _sweep(self) -> None:
        """End what jobs have left behind: whatever is a child of this process and no job."""
        while True:
            try:
                children = Path("/proc/thread-self/children").read_text(encoding="ascii").split()
            except OSError:
                return
            strays = [pid for pid in map(int, children) if pid not in self._jobs]
            if not strays:
                return
            for pid in strays:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def _answer(self, answer: dict[str, Any]) -> None:
        self._answers.write(json.dumps(answer) + "\n")

    def _end(self) -> None:
        for running in self._jobs.values():
            _kill(running.pid)
            os.waitpid(running.pid, 0)
        self._jobs.clear()
        self._sweep()
        os.chdir("/")
        folders.remove(self._folder)


def _kill(pid: int) -> None:
    """Kill a job that was not waited for yet, with its group."""
    for kill in (os.killpg, os.kill):  # it may not have made a group of its own yet
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def preload(modules: list[str]) -> None:
    """Import what jobs will need.

    Args:
        modules: by name. One that cannot be imported is left to the job that imports it, which
            tells its author with the line.
    """
    import fastapi  # noqa: F401
    import httpx  # noqa: F401

    # Its own table of types, not this machine's: a recording is the same everywhere.
    mimetypes.init([])
    for name in [n for module in modules for n in (module, *_WITH.get(module, ()))]:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _warm_up() -> None:
    import asyncio
    import mimetypes

    import fastapi
    import httpx

    from asrun.record import session

    # Its own table of types, not this machine's: a recording is the same everywhere.
    mimetypes.init([])
    app = fastapi.FastAPI()

    def dependency(q: int = 0) -> int:
        return q

    async def endpoint(q: int = 0, d: int = fastapi.Depends(dependency)) -> dict[str, int]:
        return {"q": q + d}

    app.get("/")(endpoint)

    async def use() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://a", verify=False, trust_env=False
        ) as c:
            await c.get("/")

    asyncio.run(use())
    session.versions()
    for name in _LATE:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


if __name__ == "__main__":
    main()
