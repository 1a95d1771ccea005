"""Other releases: the project's lessons on all minors of FastAPI, and what their environments take.

The environments are made anew, in a folder of the measurement: that is the cold run, and is done
once. Where the package index is not reached, those of the user are taken.

As a script, it records the lessons of the project in the current folder on the first release of
each minor, with the dependencies of its release day, and prints how many of each there were.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from tools.bench_parts.measure import BenchError, Found, Plan, measure, python
from tools.bench_parts.tree import Tree

COLD = ("versions_cold_s", "versions_disk")
_SAID = re.compile(r"(\d+) lessons on (\d+) releases")


def versions(plan: Plan, found: Found) -> None:
    """Measure the project's own lessons."""
    tree = Tree.of_project(plan.fresh("versions"))
    kept = tree.root / ".asrun" / "versions"
    folder = plan.fresh("environments")
    env = {"ASRUN_ENVIRONMENTS": str(folder)}
    command = python("-m", "asrun", "versions")
    plan.tell("versions: everything, with nothing installed")
    try:
        cold = measure(command, tree.root, **env)
    except BenchError as error:
        env = {}
        found.skip(COLD, f"not measured: {str(error).splitlines()[-1]}")
    else:
        found.took("versions, nothing installed:", cold)
        found.add("versions_cold_s", cold.wall_s)
        found.add("versions_disk", _size(folder))
    for number in range(1, plan.rounds + 1):
        plan.tell(f"versions, round {number} of {plan.rounds}: all minors")
        shutil.rmtree(kept, ignore_errors=True)
        minors = measure(python("-m", "tools.bench_parts.versions"), tree.root, **env)
        said = _SAID.search(minors.output)
        if said is None:
            raise BenchError(f"it did not say what was recorded:\n{minors.output}")
        found.took("versions, all minors:", minors)
        found.add("versions_minors_s", minors.wall_s)
        found.add("versions_lessons_per_s", int(said[1]) * int(said[2]) / minors.wall_s)
        plan.tell(f"versions, round {number} of {plan.rounds}: everything")
        shutil.rmtree(kept, ignore_errors=True)
        everything = measure(command, tree.root, **env)
        found.took("versions, everything:", everything)
        found.add("versions_all_s", everything.wall_s)
        plan.tell(f"versions, round {number} of {plan.rounds}: all is known")
        known = measure(command, tree.root, **env)
        found.took("versions, all is known:", known)
        found.add("versions_known_s", known.wall_s)


def _size(folder: Path) -> int:
    """Bytes on disk; what is linked from elsewhere counts, as it would without the other."""
    return sum(f.lstat().st_blocks * 512 for f in folder.rglob("*") if f.is_file())


def main() -> None:
    """Record the lessons of the current folder's project on all minors."""
    from asrun import lessons
    from asrun.cache import Cache
    from asrun.versions import releases
    from asrun.versions.environments import Environments
    from asrun.versions.observing import Observer, Target
    from asrun.versions.uv import Uv

    root = Path.cwd()
    listing = releases.read(root)
    found = lessons.find(root).lessons
    observer = Observer(Environments(root, Uv(root)), found, Cache(None))
    places = [(lesson.id, scenario.name) for lesson in found for scenario in lesson.scenarios]
    targets = [Target(listing.releases[i]) for i in listing.minors()]
    outcomes = observer.observe(dict.fromkeys(targets, places))
    unknown = {o.why for o in outcomes.values() if o.behaviour is None}
    if unknown:
        sys.exit(f"not all could be recorded: {unknown.pop()}")
    print(f"{len(found)} lessons on {len(targets)} releases, {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
