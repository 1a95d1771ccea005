"""Run `asrun` and print how many processes it started: `spawned.py ARGUMENT…`.

Told by the interpreter's own audit events, so that none is missed; the last line that it prints is
`spawned N`.
"""

from __future__ import annotations

import sys

_EVENTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"}


def main() -> None:
    """Run the command in this process."""
    seen: list[str] = []
    # CPython's own Popen forks in C, and is told once.
    sys.addaudithook(lambda event, args: seen.append(event) if event in _EVENTS else None)
    from asrun import cli

    try:
        cli.main()
    finally:
        print(f"spawned {len(seen)}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
