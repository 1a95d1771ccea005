"""The audit hook: refuses, on every platform, what a lesson may not do, and names the line.

What Python itself does passes by here; what C code does on its own does not: that is for the
kernel (`landlock.py`, `seccomp.py`) to hold. A refused act raises PermissionError in the snippet,
as the kernel's refusal would, and is told to the parent whether or not the snippet catches it.
"""

from __future__ import annotations

import _thread
import errno
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, NoReturn

from asrun.record import limits, report, where
from asrun.record.limits import Limits

_ENGINE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_AF_UNIX = 1

_Check = Callable[[str, tuple[Any, ...]], None]
"""Is given an audit event and its arguments, and raises where it is refused."""


@dataclass
class Bounds:
    """What the hook lets pass.

    Attributes:
        read: files and folders that may be read, with all links resolved.
        write: the folder in which all may be done.
        devices: files that may be read and written, such as `/dev/null`.
        project: the folder whose files are told in `opened`; "" for none.
        installed: folders of installed code, whose files are not.
        limits: how many threads there may be.
        opened: files of the project that were opened.
        started: how many threads were started.
    """

    read: tuple[str, ...]
    write: str
    devices: tuple[str, ...]
    project: str
    installed: tuple[str, ...]
    limits: Limits
    opened: set[str] = field(default_factory=set)
    started: int = 0


_bounds: Bounds | None = None


def install(bounds: Bounds) -> None:
    """Refuse from now on, in this process; an audit hook can't be taken out."""
    global _bounds  # noqa: PLW0603 - a process is one job
    first = _bounds is None
    _bounds = bounds
    if first:
        sys.addaudithook(_hook)
    for name in (os.name, "os"):
        module: Any = sys.modules[name]
        module._exit, module.abort = _leaving, _aborting
    _guard_raise_signal()
    if sys.version_info < (3, 12):
        _guard_threads()


def opened() -> list[str]:
    """Files of the project that were opened until now, sorted."""
    return sorted(_bounds.opened) if _bounds else []


def _hook(event: str, args: tuple[Any, ...]) -> None:
    check = _CHECKS.get(event)
    if check is None or _bounds is None:
        return
    try:
        check(event, args)
    except (PermissionError, MemoryError, RecursionError):
        raise
    except Exception as error:  # noqa: BLE001 - what can't be checked is not let pass
        _refuse(f"does what could not be checked ({event}: {type(error).__name__})", "Take it out.")


def _refuse(what: str, todo: str, number: int = errno.EPERM) -> NoReturn:
    report.say("refused", what, todo, where.anywhere(sys._getframe()))
    raise PermissionError(number, f"refused by the sandbox: {what}")


# ---------------------------------------------------------------- files

_READ_TODO = "Put what it reads into the lesson's folder: that and installed packages may be read."
_WRITE_TODO = "Write to a relative path: a run begins in a temporary folder of its own."


def _open(event: str, args: tuple[Any, ...]) -> None:
    path, _, flags = args
    if isinstance(path, int):
        return
    if isinstance(flags, int) and flags & _WRITING:
        _check_write(_real(path), path, "writes")
    else:
        real = _real(path)
        _check_read(real, path)
        assert _bounds is not None
        if _within(real, _bounds.project) and not any(_within(real, x) for x in _bounds.installed):
            _bounds.opened.add(real)


def _list(event: str, args: tuple[Any, ...]) -> None:
    path = args[0]
    if not isinstance(path, int):
        _check_read(_real("." if path is None else path), path)


def _check_read(real: str, path: Any) -> None:
    assert _bounds is not None
    if _within(real, _bounds.write) or real in _bounds.devices:
        return
    if any(_within(real, folder) for folder in _bounds.read):
        return
    # What is not there can't be read: whoever asks for it is told so by the system.
    if os.path.lexists(real):
        _refuse(f"reads {_shown(path)}", _READ_TODO, errno.EACCES)


def _check_write(real: str, path: Any, verb: str) -> None:
    assert _bounds is not None
    if not _within(real, _bounds.write) and real not in _bounds.devices:
        _refuse(f"{verb} {_shown(path)}", _WRITE_TODO, errno.EACCES)


def _writes(verb: str, *places: tuple[int, int]) -> _Check:
    """A check of an event that changes paths.

    Args:
        verb: what it does to them.
        places: which arguments are a path, and the descriptor of the folder that it is relative to.
    """

    def check(event: str, args: tuple[Any, ...]) -> None:
        for place, beside in places:
            path = args[place]
            # Below a descriptor: that of a folder which could be opened, so one that is in bounds.
            below = beside < len(args) and args[beside] not in (-1, None)
            if isinstance(path, int) or (below and not os.path.isabs(_text(path))):
                continue
            # A link itself is meant, not what it leads to.
            folder, name = os.path.split(_text(path).rstrip(os.sep))
            real = os.path.realpath(folder) if folder else os.getcwd()
            _check_write(os.path.normpath(os.path.join(real, name)), path, verb)

    return check


def _sqlite(event: str, args: tuple[Any, ...]) -> None:
    name = _text(args[0])
    if name not in ("", ":memory:") and not name.startswith("file:"):
        _check_write(_real(name), name, "opens the database")


def _real(path: Any) -> str:
    text = _text(path)
    if os.sep not in text and text not in ("", os.curdir, os.pardir):
        # Where the process is, the system knows without looking at each folder above.
        text = os.path.join(os.getcwd(), text)
        if not os.path.islink(text):
            return text
    return os.path.realpath(text)


def _text(path: Any) -> str:
    return os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else str(path)


def _within(path: str, folder: str) -> bool:
    return bool(folder) and (path == folder or path.startswith(folder.rstrip(os.sep) + os.sep))


def _shown(path: Any) -> str:
    return f"`{_text(path)}`"


# ---------------------------------------------------------------- all else


def _never(what: str, todo: str, *places: int) -> _Check:
    """A check of an event that is always refused; arguments at `places` are told."""

    def check(event: str, args: tuple[Any, ...]) -> None:
        told = ", ".join(str(args[p])[:80] for p in places if p < len(args) and args[p] is not None)
        _refuse(f"{what} ({event}{': ' if told else ''}{told})", todo)

    return check


def _socket(event: str, args: tuple[Any, ...]) -> None:
    # The event loop wakes itself by a connected pair, which this only wraps.
    frame = _caller()
    wrapped = frame is not None and frame.f_locals.get("fileno") is not None
    if args[1] != _AF_UNIX or not wrapped:
        _refuse("opens a socket", _SOCKET_TODO)


def _thread_started(event: str, args: tuple[Any, ...]) -> None:
    assert _bounds is not None
    _bounds.started += 1
    # One that has only just been started is not counted yet.
    if _thread._count() > _bounds.limits.threads or _bounds.started > 8 * _bounds.limits.threads:
        _refuse(*limits.more_threads(_bounds.limits))


def _guard_threads() -> None:
    """Count threads where starting one raises no audit event yet: in Python 3.11."""
    import threading

    start = _thread.start_new_thread

    def start_new_thread(function: Any, args: Any, kwargs: Any = None) -> int:
        _thread_started("_thread.start_new_thread", ())
        return start(function, args, kwargs or {})

    module: Any = threading
    module._start_new_thread = _thread.start_new_thread = _thread.start_new = start_new_thread


def _tracing(event: str, args: tuple[Any, ...]) -> None:
    frame = _caller()
    if _is_deep(frame):
        # The interpreter itself takes a trace function away that had no room left to run in.
        stack = where.on_stack(frame)
        report.say("crashed", *limits.endless_recursion(), stack)
    elif (
        frame is not None
        and not frame.f_code.co_filename.startswith(_ENGINE)
        and not _hands_on(frame)
    ):
        _refuse(f"takes the interpreter's trace function ({event})", "Leave it to the recorder.")


def _is_deep(frame: FrameType | None) -> bool:
    """Whether a stack is about to be too deep for the interpreter."""
    room = sys.getrecursionlimit() - 100
    while frame is not None and room > 0:
        frame = frame.f_back
        room -= 1
    return room <= 0


def _caller() -> FrameType | None:
    """The frame that called what raised the event."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return frame


def _hands_on(frame: FrameType) -> bool:
    """Whether this is `threading` starting a thread with the recorder's own trace function."""
    import threading

    if frame.f_globals.get("__name__") != "threading":
        return False
    given = threading.gettrace() if frame.f_code.co_name != "setprofile" else threading.getprofile()
    function = getattr(given, "__func__", given)
    code = getattr(function, "__code__", None)
    return given is None or (code is not None and code.co_filename.startswith(_ENGINE))


def _ctypes(event: str, args: tuple[Any, ...]) -> None:
    # `import ctypes` opens the program itself, without calling anything in it.
    frame = _caller()
    while frame is not None and frame.f_globals.get("__name__", "").split(".")[0] == "ctypes":
        frame = frame.f_back
    of_engine = frame is not None and frame.f_code.co_filename.startswith(_ENGINE)
    if not of_engine and not (event == "ctypes.dlopen" and args[0] is None):
        _c_call(event, args)


def _leaving(status: int) -> NoReturn:
    """Stands in for `os._exit`."""
    stack = where.anywhere(sys._getframe())
    report.end("crashed", f"ends its process by `os._exit({status!r})`", _EXIT_TODO, stack)


def _aborting() -> NoReturn:
    """Stands in for `os.abort`."""
    stack = where.anywhere(sys._getframe())
    report.end("crashed", "ends its process by `os.abort()`", _EXIT_TODO, stack)


def _guard_raise_signal() -> None:
    import signal

    def raise_signal(number: int) -> None:
        _refuse(f"sends itself signal {int(number)}", _SIGNAL_TODO)

    signal.raise_signal = raise_signal


_EXIT_TODO = "Take it out: a scenario ends where its function ends."
_SOCKET_TODO = (
    "The client that a scenario is given reaches the app without a socket; "
    "what another service would answer, answer in app.py."
)
_PROCESS_TODO = "Take it out, or use a thread: a lesson is one process."
_SIGNAL_TODO = "Take it out: a lesson sends no signals."
_MODE_TODO = "Take it out: modes, owners, times and attributes of files stay as they are."
_C_TODO = "Take it out: a lesson calls C code through installed packages alone."

_c_call = _never("calls C code by ctypes", _C_TODO, 0)
_process = _never("starts a process", _PROCESS_TODO, 0, 1)
_signal = _never("sends a signal", _SIGNAL_TODO, 0, 1)
_network = _never("uses the network", _SOCKET_TODO, 0, 1)
_address = _never("uses the network", _SOCKET_TODO, 1)
_mode = _never("changes a file's mode, owner, times or attributes", _MODE_TODO, 0)

_PATHS: dict[str, _Check] = {
    "open": _open,
    "os.listdir": _list,
    "os.scandir": _list,
    "os.walk": _list,
    "os.mkdir": _writes("makes the folder", (0, 2)),
    "os.rmdir": _writes("removes the folder", (0, 1)),
    "os.remove": _writes("removes", (0, 1)),
    "os.rename": _writes("renames", (0, 2), (1, 3)),
    "os.link": _writes("makes the link", (1, 3)),
    "os.symlink": _writes("makes the link", (1, 2)),
    "os.truncate": _writes("truncates", (0, 2)),
    "sqlite3.connect": _sqlite,
}
_OTHERS: tuple[tuple[_Check, str], ...] = (
    (_mode, "os.chmod os.chown os.lchmod os.chflags os.utime os.setxattr os.removexattr"),
    (_process, "os.fork os.forkpty os.exec os.posix_spawn os.spawn os.system os.startfile"),
    (_process, "subprocess.Popen pty.spawn _winapi.CreateProcess"),
    (_signal, "os.kill os.killpg signal.pthread_kill"),
    (_socket, "socket.__new__"),
    (_address, "socket.connect socket.bind socket.sendto socket.sendmsg"),
    (_network, "socket.getaddrinfo socket.gethostbyname socket.gethostbyaddr socket.getnameinfo"),
    (_network, "socket.getservbyname socket.sethostname"),
    (_thread_started, "_thread.start_new_thread _thread.start_joinable_thread"),
    (_tracing, "sys.settrace sys.setprofile sys.monitoring.register_callback"),
    (_never("waits for a debugger", "Take the breakpoint out."), "builtins.breakpoint"),
    (_ctypes, "ctypes.dlopen ctypes.dlsym ctypes.dlsym/handle ctypes.call_function"),
    (_ctypes, "ctypes.string_at ctypes.wstring_at ctypes.cdata ctypes.cdata/buffer"),
    (_c_call, "sqlite3.enable_load_extension sqlite3.load_extension"),
)
_CHECKS = _PATHS | {event: check for check, events in _OTHERS for event in events.split()}
"""Audit event to what is asked of it; docs.python.org/3/library/audit_events.html lists them."""
