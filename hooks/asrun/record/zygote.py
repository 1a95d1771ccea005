"""The zygote: a process that has imported what children need, and forks one for each job.

Run as `python -m asrun.record.zygote` with its environment already scrubbed. It reads a line of
JSON for each job from standard input and answers with a line when the job has ended:

    {"preload": ["sqlalchemy.ext.asyncio"]}
    {"id": 7, "entry": "asrun.record.child:main", "request": {…}, "folder": "/tmp/…/7", "deadline": 10.0}
    -> {"id": 7, "code": 0, "seconds": 0.03}

`folder` is the job's own: the child's working and temporary directory, where it leaves
`result.json`, `output.txt` and, when it hangs, `stacks.txt`. A job that outlives its deadline is
killed with all that it started; the zygote and the other jobs go on.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import selectors
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GRACE = 1.5
"""Seconds after the deadline until a child that could not report its hang is killed."""
HUNG = 75
"""Exit status of a child that reported that it hangs."""
FAILED = 70
"""Exit status of a child whose entry raised: an error of the engine, told in `output.txt`."""


@dataclass
class _Job:
    id: int
    pid: int
    started: float
    deadline: float


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
        self._now = time.monotonic

    def serve(self) -> None:
        buffer = b""
        self._selector.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select(self._patience()):
                if key.fd == 0:
                    data = os.read(0, 65536)
                    if not data:
                        self._kill_all()
                        return
                    buffer += data
                    *lines, buffer = buffer.split(b"\n")
                    for line in lines:
                        self._take(json.loads(line))
                else:
                    self._reap(key.data)
            for job in list(self._jobs.values()):
                if self._now() > job.deadline:
                    _kill_group(job.pid)

    def _patience(self) -> float | None:
        if not self._jobs:
            return None
        return max(0.0, min(j.deadline for j in self._jobs.values()) - self._now()) + 0.05

    def _take(self, order: dict[str, Any]) -> None:
        if "preload" in order:
            _preload(order["preload"])
            self._answer({"preloaded": True})
            return
        folder = Path(order["folder"])
        pid = os.fork()
        if pid == 0:
            _child(order, folder)
        now = self._now()
        job = _Job(order["id"], pid, now, now + order["deadline"] + GRACE)
        self._jobs[pid] = job
        self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, job)

    def _reap(self, job: _Job) -> None:
        fd = next(k.fd for k in self._selector.get_map().values() if k.data is job)
        self._selector.unregister(fd)
        os.close(fd)
        _, status = os.waitpid(job.pid, 0)
        _kill_group(job.pid)  # what the child started and left behind
        del self._jobs[job.pid]
        code = os.waitstatus_to_exitcode(status)
        self._answer({"id": job.id, "code": code, "seconds": self._now() - job.started})

    def _answer(self, answer: dict[str, Any]) -> None:
        self._answers.write(json.dumps(answer) + "\n")

    def _kill_all(self) -> None:
        for job in self._jobs.values():
            _kill_group(job.pid)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _preload(modules: list[str]) -> None:
    """Import what children will need and use it once, so that no child pays for it."""
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception:
            # The child that imports it tells the author, with the line.
            continue
    _warm_up()
    gc.collect()
    gc.freeze()


def _warm_up() -> None:
    import asyncio

    import fastapi
    import httpx

    from asrun.record import client, log, probes, program, session, wire  # noqa: F401

    app = fastapi.FastAPI()

    def dependency(q: int = 0) -> int:
        return q

    async def endpoint(q: int = 0, d: int = fastapi.Depends(dependency)) -> dict[str, int]:  # noqa: B008
        return {"q": q + d}

    app.get("/")(endpoint)

    async def use() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://a", verify=False, trust_env=False) as c:
            await c.get("/")

    asyncio.run(use())


def _child(order: dict[str, Any], folder: Path) -> None:
    """Run one job in the forked child; never returns."""
    code = FAILED
    try:
        os.setsid()
        output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, 256)
        work = folder / "work"
        work.mkdir(exist_ok=True)
        os.chdir(work)
        os.environ["TMPDIR"] = os.environ["HOME"] = str(work)
        from asrun.record import hang

        hang.arm(order["deadline"], folder / "stacks.txt")
        module, _, name = order["entry"].partition(":")
        result = getattr(importlib.import_module(module), name)(order["request"])
        hang.disarm()
        with (folder / "result.part").open("w", encoding="utf-8") as f:
            json.dump(result, f)
        os.replace(folder / "result.part", folder / "result.json")
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
