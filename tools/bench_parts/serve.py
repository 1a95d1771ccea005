"""Serving: how long until the first page is there, and until a saved snippet is on its page."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tools.bench_parts.measure import BenchError, Found, Plan, environment, python
from tools.bench_parts.tree import Tree

PATIENCE = 180.0


def serve(plan: Plan, found: Found) -> None:
    """Serve the project's own lessons in each round: from nothing, and with what was kept."""
    tree = Tree.of_project(plan.fresh("served"))
    lesson = tree.lessons[-1]
    app = tree.root / "snippets" / lesson / "app.py"
    original = app.read_text(encoding="utf-8")
    for number in range(1, plan.rounds + 1):
        for kind in ("cold", "warm"):
            plan.tell(f"serve, round {number} of {plan.rounds}: first page, {kind}")
            if kind == "cold":
                shutil.rmtree(tree.root / ".asrun", ignore_errors=True)
            started = time.perf_counter()
            with _server(tree) as url:
                _until("</html>", f"{url}/{lesson}.html")
                took = time.perf_counter() - started
                found.add(
                    "serve_first_page_s" if kind == "cold" else "serve_first_page_warm_s", took
                )
                if kind == "cold":
                    continue
                plan.tell(f"serve, round {number} of {plan.rounds}: after saving a snippet")
                mark = f"marked-{number}-{os.getpid()}"
                started = time.perf_counter()
                app.write_text(f"{original}\n# {mark}\n", encoding="utf-8")
                _until(mark, f"{url}/{lesson}.html")
                found.add("serve_rebuild_s", time.perf_counter() - started)
        app.write_text(original, encoding="utf-8")


@contextmanager
def _server(tree: Tree) -> Iterator[str]:
    """Serve a tree as `make serve` does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(
        python("tools/serve.py", str(port)),
        cwd=tree.root,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as server:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGINT)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)


def _until(text: str, url: str) -> None:
    """Ask for a page until a text is in it."""
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end:
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                if text in answer.read().decode():
                    return
        except (OSError, http.client.HTTPException):  # no server yet, or no page
            pass
        time.sleep(0.05)
    raise BenchError(f"{url} has no `{text}` after {PATIENCE:g} s")
