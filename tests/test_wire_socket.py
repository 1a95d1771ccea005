"""What the recording says of the order of response and exit code, seen by a client on a socket.

The app runs in a real uvicorn, in a process of its own. Its exit code waits until the client says
that it has the whole response, for a second at most: no scheduler can blur which comes first.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.recorded import ROOT, Case, record, scenarios_of, trace_of

FOLDER = ROOT / "tests" / "socket_app"
CASES = scenarios_of(FOLDER)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Address and working directory of a uvicorn that serves the app."""
    work = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app:app", "--app-dir", str(FOLDER), "--port", str(port)],
        cwd=work,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 0.1).close()
                break
            except OSError:
                assert process.poll() is None, "uvicorn did not start"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", work
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def closed_first() -> dict[str, bool]:
    """For each scenario, whether its recording has the exit code before the whole response."""
    answers = record(CASES)
    found = {}
    for case in CASES:
        events = trace_of(case, answers[case.id]).events
        has = next(e.seq for e in events if e.kind == "complete")
        closed = next(e.seq for e in events if (e.text or "").startswith('Path("closed")'))
        found[case.scenario] = closed < has
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.scenario)
def test_a_client_on_a_socket_sees_the_recorded_order(
    case: Case, server: tuple[str, Path], closed_first: dict[str, bool]
) -> None:
    address, work = server
    closed, client_has_it = work / "closed", work / "client-has-it"
    for file in (closed, client_has_it):
        file.unlink(missing_ok=True)
    httpx.get(f"{address}/{case.scenario}", trust_env=False)
    seen = closed.exists()
    client_has_it.touch()
    for _ in range(100):  # the exit code is over before the next test
        if closed.exists():
            break
        time.sleep(0.05)
    assert closed.exists()
    assert seen == closed_first[case.scenario]


def test_both_orders_are_among_them(closed_first: dict[str, bool]) -> None:
    assert closed_first == {
        "request": False,
        "function": True,
        "refuses": True,
        "fails": True,
        "streams": False,
        "background": False,
    }
