"""A page in a browser: how long a step takes, and when the largest thing of a page is painted.

A step is a key press in the player. Its update is what the page does for it: the key's listeners,
then the first frame after it, which is style, layout and paint. The display's own wait between the
two, up to 17 ms, is no work of the page; with it, a step is shown apart. The CPU is slowed by
chromium's own emulation.
"""

from __future__ import annotations

import functools
import http.server
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools.bench_parts.measure import Found, Plan

KEYS = ("step_p95_ms_4x", "lcp_vs_plain_material")
SLOWED = 4
STEPS = 120
LOADS = 9
PLAYER = "asrun-player"
"""The custom element that steps through a run."""

Place = tuple[Path, str]
"""A site's folder, and a page in it."""

_WATCH_STEPS = """
() => {
  window.took = [];
  const channel = new MessageChannel();
  let pressed = 0, began = 0, heard = 0, frame = 0;
  channel.port1.onmessage = () => {
    const now = performance.now();
    window.took.push([heard - began + now - frame, now - pressed]);
  };
  addEventListener("keydown", (event) => {
    pressed = event.timeStamp;
    began = performance.now();
    requestAnimationFrame(() => {
      frame = performance.now();
      channel.port2.postMessage(0);
    });
  }, true);
  // After the player's own listener, which came first.
  document.querySelector("asrun-player").addEventListener("keydown", () => {
    heard = performance.now();
  });
}
"""
_WATCH_PAINT = """
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.painted = entry.startTime;
}).observe({type: "largest-contentful-paint", buffered: true});
"""


def measure(
    plan: Plan, found: Found, executable: str, *, lesson: Place, plain: Place, long: Place
) -> None:
    """Measure in each round: a lesson's first paint and a plain page's, and steps of a long run."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found.skip(KEYS, "there is no playwright")
        return
    with sync_playwright() as playwright:
        for number in range(1, plan.rounds + 1):
            plan.tell(f"page, round {number} of {plan.rounds}: in the browser")
            chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
            try:
                a, b = _paints(chromium, lesson, plain)
                took = _steps(chromium, long)
            finally:
                chromium.close()
            found.cost("largest paint, a lesson: ms", a)
            found.cost("largest paint, plain Material: ms", b)
            found.add("lcp_vs_plain_material", a / b)
            if not took:
                found.skip(["step_p95_ms_4x"], f"the page has no <{PLAYER}>")
                continue
            updates, shown = zip(*took, strict=True)
            found.add("step_p95_ms_4x", statistics.quantiles(updates, n=20)[-1])
            found.cost("a step, 4 x slowed, median: ms", statistics.median(updates))
            found.cost(
                "a step, 4 x slowed, from the key to the frame's end, p95: ms",
                statistics.quantiles(shown, n=20)[-1],
            )


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a site on a port of its own."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            return

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _paints(chromium: Any, *places: Place) -> list[float]:
    """Return for each page the median time of the largest contentful paint, in ms.

    The pages are loaded in turn, so that a machine that slows down does so for all of them.
    """
    seen: list[list[float]] = [[] for _ in places]
    for _ in range(LOADS):
        for place, times in zip(places, seen, strict=True):
            times.append(_paint(chromium, place))
    return [statistics.median(times) for times in seen]


def _paint(chromium: Any, place: Place) -> float:
    """Return the time of the largest contentful paint of a load with an empty cache, in ms."""
    with _served(place[0]) as url:
        context = chromium.new_context()
        page = context.new_page()
        page.add_init_script(_WATCH_PAINT)
        page.goto(f"{url}/{place[1]}", wait_until="load")
        page.wait_for_function("window.painted !== undefined")
        page.wait_for_timeout(300)  # a larger thing may still be painted
        painted = float(page.evaluate("window.painted"))
        context.close()
    return painted


def _steps(chromium: Any, place: Place) -> list[tuple[float, float]]:
    """Return each step's update and the time until it is shown, in ms; nothing without a player."""
    with _served(place[0]) as url:
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.goto(f"{url}/{place[1]}", wait_until="load")
        player = page.locator(PLAYER).first
        if player.count() == 0:
            context.close()
            return []
        session = context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        page.evaluate(_WATCH_STEPS)
        player.locator("input[type=range], button").first.focus()
        for _ in range(STEPS):
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(30)
        page.wait_for_function(f"window.took.length >= {STEPS}")
        took = [(float(update), float(shown)) for update, shown in page.evaluate("window.took")]
        context.close()
        return took
