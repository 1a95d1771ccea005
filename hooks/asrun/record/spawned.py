"""One job in an interpreter of its own: what takes the zygote's place where there is no fork.

Run as `python -m asrun.record.spawned` with its environment already scrubbed. It reads an order
(see `job.py`) as a line of JSON from standard input, and ends with the job. `preload` in it names
modules that are imported before the deadline begins, as the zygote imports them.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Do one job."""
    from asrun.record import clock

    clock.install_queues()
    from asrun.record import job, zygote

    order = json.loads(sys.stdin.readline())
    zygote.preload(order["preload"])
    job.run(order)


if __name__ == "__main__":
    main()
