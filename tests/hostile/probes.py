"""What each means of isolation holds by itself: an act, and how one sees that it was done.

Every act is tried twice: with no other means in force than those named, when it has to fail; and
without them, when it has to succeed. So each means is seen to be needed, and each test to be able
to fail.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hostile.harness import SECRET, User

MEANS = frozenset(
    (
        "user",
        "limits",
        "landlock",
        "seccomp",
        "hook",
        "session",
        "alarm",
        "watchdog",
        "folder",
        "sweep",
    )
)


class World:
    """What one act may reach: files, a process and listeners of the user's, all harmless.

    Args:
        folder: is made.
        user: whose they are.
    """

    def __init__(self, folder: Path, user: User) -> None:
        folder.mkdir()
        (folder / "readable").write_text(SECRET)
        (folder / "closed").write_text(SECRET)
        (folder / "shut").mkdir()
        user.own(folder)
        folder.chmod(0o777)
        for path, mode in (("readable", 0o644), ("closed", 0o600), ("shut", 0o700)):
            (folder / path).chmod(mode)
        self.folder = folder
        own: dict[str, Any] = {}
        if user.uid != os.geteuid():
            own = {"user": user.uid, "group": user.uid, "extra_groups": []}
        self.victim = subprocess.Popen(
            ["sleep", "120"], env={"HELD": SECRET, "PATH": os.defpath}, **own
        )
        self._listeners = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
        self._listeners[1].bind(str(folder / "socket"))
        self._listeners[1].listen()
        (folder / "socket").chmod(0o777)
        for listener in self._listeners:
            listener.setblocking(False)
        self.ended: dict[str, Any] = {}
        """How the job ended: what `asrun.children.Ended` says."""

    @property
    def values(self) -> dict[str, str]:
        """What snippets know of it."""
        return {
            "outside": str(self.folder),
            "victim": str(self.victim.pid),
            "port": str(self._listeners[0].getsockname()[1]),
            "name": f"asrun-{self.folder.parent.name}-{self.folder.name}",
            "number": str(0x41530000 + self.victim.pid),
        }

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return (self.folder / name).exists()

    def heard(self) -> bool:
        """Whether someone has connected."""
        for listener in self._listeners:
            with suppress(BlockingIOError):
                listener.accept()[0].close()
                return True
        return False

    def killed(self) -> bool:
        """Whether the victim is no more."""
        with suppress(subprocess.TimeoutExpired):
            self.victim.wait(0.2)
        return self.victim.poll() is not None

    def alive(self) -> bool:
        """Whether the process still runs whose id the snippet left in `pid`."""
        pid = int((self.folder / "pid").read_text())
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    def told(self) -> str:
        """What the recording holds."""
        return str(self.ended["result"])

    def close(self) -> None:
        """Take it away."""
        self.victim.kill()
        self.victim.wait()
        for listener in self._listeners:
            listener.close()


@dataclass(frozen=True)
class Probe:
    """An act that a means refuses.

    Attributes:
        name: the means, and what it refuses.
        on: what is in force when the act has to fail; the first one is missing when it has to succeed.
        body: what the endpoint does.
        seen: whether it was done.
        deadline: seconds of real time.
        users: who can be refused it.
        limits: other than those of all probes.
    """

    name: str
    on: tuple[str, ...]
    body: str
    seen: Callable[[World], bool]
    deadline: float = 20.0
    users: tuple[str, ...] = ("root", "ordinary")
    limits: dict[str, int] = field(default_factory=dict)

    @property
    def app(self) -> str:
        """The snippet."""
        lines = "\n".join(f"    {line}" for line in self.body.strip().splitlines())
        return f"from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\nasync def endpoint():\n{lines}\n"

    def without(self, *, held: bool) -> list[str]:
        """What is left out."""
        return sorted(MEANS - set(self.on if held else self.on[1:]))


_WRITES = """
open("{outside}/written", "w").write("x")
"""
_READS = """
return open("{outside}/readable").read()
"""
_CONNECTS = """
import socket
socket.create_connection(("127.0.0.1", {port}), 5).close()
"""
_CONNECTS_LOCALLY = """
import socket
connection = socket.socket(socket.AF_UNIX)
connection.connect("{outside}/socket")
"""
_SENDS_FROM_A_PAIR = """
import socket
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
one.close()
open("{outside}/paired", "w")
"""
_KILLS = """
import os
os.kill({victim}, 15)
"""
_RUNS = """
import os
os.spawnvp(os.P_WAIT, "touch", ["touch", "{outside}/ran"])
"""
_LEAVES = """
import os, time
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    pid = os.fork()
    if pid == 0:
        os.execvp("sleep", ["sleep", "120"])
    with open("{outside}/pid", "w") as file:
        file.write(str(pid))
    os.close(write)
    os.kill(os.getpid(), 9)
os.close(write)
os.read(read, 1)
"""
_SHARES = """
import ctypes
return ctypes.CDLL(None).shmget({number}, 4096, 0o1600)
"""
_MANY_THREADS = """
import _thread, select, threading
threading.stack_size(65536)
for _ in range(200):
    _thread.start_new_thread(select.select, ([], [], [], 20))
    select.select([], [], [], 0.002)
for _ in range(200):  # a thread counts once it runs, which a busy machine may put off
    if _thread._count() < 200:
        select.select([], [], [], 0.02)
return f"{_thread._count() >= 200} indeed"
"""


def _segment(world: World) -> bool:
    """Whether a segment of shared memory was left behind; it is taken away."""
    key = int(world.values["number"])
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    found = [int(row[1]) for row in rows if int(row[0]) == key]
    for segment in found:
        subprocess.run(["ipcrm", "-m", str(segment)], check=True)
    return bool(found)


def _shared_file(world: World) -> bool:
    path = Path("/dev/shm") / world.values["name"]
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def _told(text: str) -> Callable[[World], bool]:
    return lambda world: text in world.told()


PROBES = [
    Probe("landlock: writing", ("landlock",), _WRITES, lambda w: w.has("written")),
    Probe("landlock: reading", ("landlock",), _READS, _told(SECRET)),
    Probe(
        "landlock: removing", ("landlock",), 'import os\nos.remove("{outside}/readable")',
        lambda w: not w.has("readable"),
    ),
    Probe("landlock: signals", ("landlock",), _KILLS, lambda w: w.killed()),
    Probe(
        "landlock: shared memory", ("landlock",),
        'import mmap, os\nos.close(os.open("/dev/shm/{name}", os.O_CREAT | os.O_RDWR))',
        _shared_file,
    ),
    Probe("seccomp: TCP", ("seccomp",), _CONNECTS, lambda w: w.heard()),
    Probe("seccomp: local sockets", ("seccomp",), _CONNECTS_LOCALLY, lambda w: w.heard()),
    Probe("seccomp: unconnected pairs", ("seccomp",), _SENDS_FROM_A_PAIR, lambda w: w.has("paired")),
    Probe("seccomp: signals", ("seccomp",), _KILLS, lambda w: w.killed()),
    Probe("seccomp: programs", ("seccomp",), _RUNS, lambda w: w.has("ran")),
    Probe(
        "seccomp: modes", ("seccomp",), 'import os\nos.chmod("{outside}/readable", 0o604)',
        lambda w: (w.folder / "readable").stat().st_mode & 0o777 == 0o604,
    ),
    Probe(
        "seccomp: times", ("seccomp",), 'import os\nos.utime("{outside}/readable", (1, 1))',
        lambda w: (w.folder / "readable").stat().st_mtime == 1,
    ),
    Probe(
        "seccomp: limits of others", ("seccomp",),
        "import resource\nresource.prlimit({victim}, resource.RLIMIT_NOFILE, (77, 77))",
        lambda w: " 77 " in Path(f"/proc/{w.victim.pid}/limits").read_text(),
    ),
    Probe(
        "seccomp: priority of others", ("seccomp",), "import os\nos.setpriority(os.PRIO_PROCESS, {victim}, 7)",
        lambda w: os.getpriority(os.PRIO_PROCESS, w.victim.pid) == 7,
    ),
    Probe("seccomp: what outlives a process", ("seccomp",), _SHARES, _segment),
    Probe("hook: writing", ("hook",), _WRITES, lambda w: w.has("written")),
    Probe("hook: reading", ("hook",), _READS, _told(SECRET)),
    Probe("hook: TCP", ("hook",), _CONNECTS, lambda w: w.heard()),
    Probe("hook: local sockets", ("hook",), _CONNECTS_LOCALLY, lambda w: w.heard()),
    Probe("hook: signals", ("hook",), _KILLS, lambda w: w.killed()),
    Probe("hook: programs", ("hook",), _RUNS, lambda w: w.has("ran")),
    Probe("hook: C code", ("hook",), _SHARES, _segment),
    Probe("hook: threads", ("hook",), _MANY_THREADS, _told("True indeed")),
    Probe(
        "limits: memory", ("limits",),
        "held = [bytes(64 * 1024 * 1024) for _ in range(48)]\nreturn f'{len(held)} blocks'",
        _told("48 blocks"),
    ),
    Probe(
        "limits: open files", ("limits",),
        "held = [open('/dev/null') for _ in range(300)]\nreturn f'{len(held)} files'",
        _told("300 files"),
    ),
    Probe(
        "limits: size of a file", ("limits",),
        "with open('large', 'wb') as file:\n    return f'{file.write(bytes(6 * 1024 * 1024))} bytes'",
        _told("6291456 bytes"),
    ),
    Probe(
        "limits: CPU", ("limits",),
        "import hashlib\nhashlib.pbkdf2_hmac('sha256', b'x', b'y', 6_000_000)\nreturn 'computed'",
        lambda w: w.ended["code"] != -signal.SIGXCPU,
        limits={"cpu": -19},
    ),
    Probe(
        "user: folders of root", ("user",), 'open("{outside}/shut/written", "w")',
        lambda w: w.has("shut/written"), users=("root",),
    ),
    Probe(
        "user: environments of root", ("user",), 'return open("/proc/{victim}/environ").read()',
        _told(SECRET), users=("root",),
    ),
    Probe("user: signals", ("user",), _KILLS, lambda w: w.killed(), users=("root",)),
    Probe("user: number of processes", ("user", "limits"), _MANY_THREADS, _told("True indeed"), users=("root",)),
    Probe(
        "alarm: where it hangs", ("alarm",), "all(count >= 0 for count in range(1_000_000_000))",
        lambda w: not w.ended["stack"], deadline=1.0,
    ),
    Probe(
        "watchdog: where C code hangs", ("watchdog",),
        "import itertools\nsum(itertools.repeat(0, 20_000_000_000))",
        lambda w: not w.ended["stack"], deadline=1.0,
    ),
    Probe("sweep: what was left running", ("sweep",), _LEAVES, lambda w: w.alive()),
    Probe(
        "folder: many files", ("folder", "alarm"),
        "import select\nfor n in range(24):\n    open(str(n), 'wb').write(bytes(1024 * 1024))\n"
        "select.select([], [], [], 2)\nreturn 'written'",
        _told("written"),
    ),
    Probe(
        "session: signals to the group", ("session",), "import os\nos.killpg(0, 15)",
        lambda w: bool(w.ended["lost"]),
    ),
]  # fmt: skip


RUN = """
import dataclasses, json, sys

from asrun.children import Children
from asrun.jobs import Job
from asrun.record.limits import MIB, Limits

ended = {}
for own, told in json.load(open(sys.argv[1])):
    limits = Limits(**{"memory": 256 * MIB, "file_size": 4 * MIB, "folder_size": 16 * MIB, **own})
    jobs = [
        Job(key, "asrun.record.child:main", {"folder": folder, "scenario": "asks"}, deadline, frozenset(without))
        for key, folder, deadline, without in told
    ]
    with Children(limits=limits, parallel=1) as children:
        for one in children.run(jobs):
            ended[one.job.key] = {
                "result": one.result, "code": one.code, "stack": one.stack, "lost": one.lost,
                "output": one.output, "said": [dataclasses.asdict(s) for s in one.said],
            }
print(json.dumps(ended))
"""
