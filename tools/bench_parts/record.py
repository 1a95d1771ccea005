"""Recording one scenario, against other ways to run the same snippet.

Reported is CPU time per snippet of the whole process tree, amortised over 100 snippets: what a
side costs to start is shared by 100, whether it ran as many or not.
"""

from __future__ import annotations

import shutil

from tools.bench_parts.generate import snippet, write_lessons
from tools.bench_parts.measure import Found, Plan, measure, python

SHARED_BY = 100
PAGES = {
    "asrun": SHARED_BY,
    "inprocess": SHARED_BY,
    "markdown_exec": SHARED_BY,
    "fresh_python": 20,
    "nbclient": 8,
}
"""How many snippets a side runs in a round: fewer where one takes a second."""

OTHERS = ("nbclient", "fresh_python", "markdown_exec", "inprocess")


def record(plan: Plan, found: Found) -> None:
    """Measure every side, one after the other, in each round."""
    folder = plan.fresh("record")
    snippets = [snippet(number) for number in range(SHARED_BY)]
    write_lessons(folder, snippets)
    (folder / "scripts").mkdir()
    for number, one in enumerate(snippets):
        (folder / "scripts" / f"{number}.py").write_text(one.script, encoding="utf-8")

    for number in range(1, plan.rounds + 1):
        each: dict[str, float] = {}
        for side, pages in PAGES.items():
            plan.tell(f"record, round {number} of {plan.rounds}: {pages} snippets by {side}")
            shutil.rmtree(folder / ".asrun", ignore_errors=True)
            run = python("-m", "tools.bench_parts.sides", side, str(folder))
            cost = measure([*run, str(pages)], folder)
            found.took(f"{side}, {pages} snippets:", cost)
            each[side] = cost.cpu_s / SHARED_BY
            if pages < SHARED_BY:
                start = measure([*run, "0"], folder).cpu_s
                each[side] = (cost.cpu_s - start) / pages + start / SHARED_BY
            found.cost(f"{side}, one snippet: cpu_s", each[side])
        for other in OTHERS:
            found.add(f"record_vs_{other}", each["asrun"] / each[other])
