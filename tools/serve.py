"""Serve the site until Ctrl-C, which is how a server is meant to end: exit code 0, nothing said.

make would report an interrupt as an error. So the server gets a process group of its own and the
terminal with it, as a shell does for the jobs that it starts, and Ctrl-C never reaches make.
"""

from __future__ import annotations

import os
import runpy
import signal
import socket
import sys
from types import FrameType

HOST = "127.0.0.1"


def run_mkdocs(port: str) -> int:
    """Run `mkdocs serve` in this process, and return its exit code: 0 if it was interrupted."""
    interrupted = False

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, on_interrupt)
    sys.argv = ["mkdocs", "serve", "--dev-addr", f"{HOST}:{port}"]
    try:
        runpy.run_module("mkdocs", run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        return 0
    except SystemExit as end:
        if interrupted or end.code is None:
            return 0
        return end.code if isinstance(end.code, int) else 1
    return 0


def terminal() -> int | None:
    """Return the terminal, if this process is what Ctrl-C would reach."""
    try:
        tty = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return None
    return tty if os.tcgetpgrp(tty) == os.getpgrp() else None


def main(port: str) -> int:
    """Serve on `port`."""
    if not port.isdecimal() or not 0 < int(port) < 65536:
        print(f"error: PORT={port} is no port", file=sys.stderr)
        return 2
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except OSError as error:
            print(
                f"error: port {port}: {error.strerror}. Try: make serve PORT=8001", file=sys.stderr
            )
            return 1

    tty = terminal()
    if tty is None:
        return run_mkdocs(port)

    group = os.getpgrp()
    # Whoever hands the terminal on from the background would be stopped for it.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    server = os.fork()
    if server == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(tty, os.getpgrp())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        code = run_mkdocs(port)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: os.killpg(server, number))
    try:
        while True:
            _, status = os.waitpid(server, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                return os.waitstatus_to_exitcode(status) % 256
            # Ctrl-Z: stop make too, so that the shell takes over; go on when it says so.
            os.tcsetpgrp(tty, group)
            os.killpg(group, signal.SIGSTOP)
            os.tcsetpgrp(tty, server)
            os.killpg(server, signal.SIGCONT)
    finally:
        os.tcsetpgrp(tty, group)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
