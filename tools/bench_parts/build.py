"""Building: cold, with nothing changed, and how both grow with the lessons.

Compared are CPU seconds of the whole process tree: the site as it is built, by mkdocs with the
hooks, and plain mkdocs on the finished pages. What the first has on top is the engine's.
"""

from __future__ import annotations

from tools.bench_parts.measure import BenchError, Found, Plan, measure, python
from tools.bench_parts.tree import Tree

COLD = ("cold_engine_cpu_s_per_100",)
WARM = ("warm_build_extra_s", "warm_build_ratio", "warm_scenarios_run", "warm_children_started")
GROWTH = ("growth_1000_vs_100", "peak_rss_1000_vs_100")
REPORTED = 100
"""The size that the keys are about; other sizes are among the costs."""


def build(plan: Plan, found: Found) -> None:
    """Measure the project's own lessons, and each size of generated ones."""
    plan.tell("build: the project's own lessons")
    _sizes(plan, found, Tree.of_project(plan.fresh("own")), "own")
    for count in plan.lessons:
        plan.tell(f"build: accepting {count} generated lessons")
        tree = Tree.generated(plan.fresh(f"generated-{count}"), count)
        _sizes(plan, found, tree, str(count))
    if REPORTED not in plan.lessons:
        found.skip((*COLD, *WARM), f"needs --lessons {REPORTED}")
    if not {100, 1000} <= set(plan.lessons):
        found.skip(GROWTH, "needs --lessons 100,1000")
        return
    for key, unit, factor in zip(GROWTH, ("cpu_s", "peak_mb"), (10, 1), strict=True):
        small = found.costs[f"engine, cold, 100 lessons: {unit}"]
        large = found.costs[f"engine, cold, 1000 lessons: {unit}"]
        for a, b in zip(small, large, strict=True):
            found.add(key, b / a / factor)


def _sizes(plan: Plan, found: Found, tree: Tree, size: str) -> None:
    """Build one tree cold, warm and plainly, so often as there are rounds."""
    for number in range(1, plan.rounds + 1):

        def tell(what: str, number: int = number) -> None:
            plan.tell(f"build, round {number} of {plan.rounds}: {size} lessons, {what}")

        tree.forget()
        tell("the engine alone, cold")
        found.took(f"engine, cold, {size} lessons:", tree.asrun("build"))
        tell("the engine alone, nothing changed")
        found.took(f"engine, warm, {size} lessons:", tree.asrun("build"))

        tree.forget()
        tell("cold")
        cold = tree.build()
        scenarios = tree.ran(cold)
        tell("nothing changed")
        warm = tree.build()
        tree.prepare_plain()
        tell("plain mkdocs")
        plain = tree.build_plain()
        for name, cost in (("cold", cold), ("warm", warm), ("plain", plain)):
            found.took(f"site, {name}, {size} lessons:", cost)
        started = _started(tree)
        if size == str(REPORTED):
            found.add(COLD[0], (cold.cpu_s - plain.cpu_s) * 100 / scenarios)
            found.add("warm_build_extra_s", warm.cpu_s - plain.cpu_s)
            found.add("warm_build_ratio", warm.cpu_s / plain.cpu_s)
            found.add("warm_scenarios_run", tree.ran(warm))
            found.add("warm_children_started", started)


def _started(tree: Tree) -> int:
    """Return how many processes the engine starts where nothing has changed."""
    cost = measure(python("-m", "tools.bench_parts.spawned", "build"), tree.root)
    last = cost.output.strip().splitlines()[-1].split()
    if last[:1] != ["spawned"]:
        raise BenchError(f"the engine did not end as it should:\n{cost.output}")
    return int(last[1])
