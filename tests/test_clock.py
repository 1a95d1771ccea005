"""Virtual time and the turns of threads, each in a process of its own: they replace what time is."""

from __future__ import annotations

import subprocess
import sys
import time
from textwrap import dedent, indent
from typing import Any

import pytest

from tests.recorded import ROOT

HEAD = """
import sys
sys.path.insert(0, {engine!r})
from asrun.record import clock as clocks
clocks.install_queues()
import asyncio, datetime, os, queue, select, threading, time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from asrun.record.clock import EPOCH, Clock
from asrun.record.loop import VirtualLoop
from asrun.record.turns import Turns

carried = ContextVar("carried", default=None)
clock = Clock()
clock.install()
turns = Turns(clock, {hold!r}, carried)
turns.install()
loop = VirtualLoop(turns)
told = []

def busy(seconds):
    select.select([], [], [], seconds)  # real time, and nothing that the recorder can see

async def main():
{body}

loop.run_until_complete(asyncio.wait_for(main(), None))
print(told)
os._exit(0)
"""


def told(body: str, hold: str | None = None) -> Any:
    """What the body of a coroutine puts into `told`, under virtual time."""
    code = HEAD.format(engine=str(ROOT / "hooks"), hold=hold, body=indent(dedent(body), "    "))
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return eval(ran.stdout)


def test_an_hour_takes_no_time() -> None:
    before = time.monotonic()
    assert told(
        "await asyncio.sleep(3600)\ntime.sleep(3600)\ntold.append(time.time() - EPOCH)"
    ) == [7200.0]
    assert time.monotonic() - before < 5


def test_every_clock_tells_the_same_time() -> None:
    body = """
    await asyncio.sleep(61)
    told.append(time.time() - EPOCH)
    told.append(time.time_ns() / 1e9 - EPOCH)
    told.append(time.monotonic() - 1000)
    told.append(time.perf_counter_ns() / 1e9 - 1000)
    told.append(time.clock_gettime(time.CLOCK_REALTIME) - EPOCH)
    told.append(datetime.datetime.now(datetime.UTC).timestamp() - EPOCH)
    told.append(datetime.datetime.utcnow().replace(tzinfo=datetime.UTC).timestamp() - EPOCH)
    told.append(loop.time() - 1000)
    told.append([datetime.date.today().isoformat(), time.gmtime().tm_min, time.strftime("%S")])
    told.append(os.stat("/").st_mtime - EPOCH)
    told.append(type(datetime.datetime.now()) is datetime.datetime)
    """
    assert told(body) == [61.0] * 8 + [["2026-01-01", 1, "01"], 0.0, True]


@pytest.mark.parametrize(
    "call", ["asyncio.to_thread(busy, 0.3)", "loop.run_in_executor(None, busy, 0.3)"]
)
def test_the_clock_never_overtakes_a_thread_that_works(call: str) -> None:
    body = f"""
    try:
        async with asyncio.timeout(1):
            await {call}
        told.append("in time")
    except TimeoutError:
        told.append("late")
    told.append(clock.elapsed)
    """
    assert told(body) == ["in time", 0.0]


def test_nor_one_that_waits_where_it_cannot_be_seen() -> None:
    """Longer than the patience with which the event loop waits for it."""
    body = """
    try:
        async with asyncio.timeout(1):
            await asyncio.to_thread(busy, 1.4)
        told.append("in time")
    except TimeoutError:
        told.append("late")
    """
    assert told(body) == ["in time"]


def test_sleeping_threads_wake_in_the_order_of_time() -> None:
    body = """
    def sleeps(seconds):
        time.sleep(seconds)
        told.append((seconds, clock.elapsed))

    await asyncio.gather(*(asyncio.to_thread(sleeps, s) for s in (3, 1, 2)))
    """
    assert told(body) == [(1, 1.0), (2, 2.0), (3, 3.0)]


@pytest.mark.parametrize(("hold", "order"), [(None, [0, 1, 2]), ("lifo", [2, 1, 0])])
def test_threads_take_turns(hold: str | None, order: list[int]) -> None:
    body = """
    def work(n):
        told.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    await asyncio.sleep(1)
    """
    assert told(body, hold) == order


def test_fifo_lets_threads_run_and_holds_their_reports_back() -> None:
    body = """
    def work(n):
        busy(0.3 - n / 10)  # the last that starts is the first to end
        ended.append(n)
        loop.call_soon_threadsafe(told.append, n)

    ended = []
    await asyncio.gather(*(asyncio.to_thread(work, n) for n in range(3)))
    told.append(ended)
    """
    assert told(body, "fifo") == [0, 1, 2, [2, 1, 0]]


def test_threads_go_on_while_the_event_loop_itself_waits() -> None:
    body = """
    def work():
        time.sleep(5)
        return clock.elapsed

    told.append(ThreadPoolExecutor(1).submit(work).result())
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    told.append(clock.elapsed)
    """
    assert told(body) == [5.0, 10.0]


@pytest.mark.parametrize(
    ("wait", "result"),
    [
        ("threading.Event().wait(5)", False),
        ("threading.Semaphore(0).acquire(timeout=5)", False),
        ("locked.acquire(timeout=5)", False),
        ("thread.join(5)", None),
        ("queue.Queue().get(timeout=5)", "Empty"),
        ("queue.SimpleQueue().get(timeout=5)", "Empty"),
    ],
)
@pytest.mark.parametrize("where", ["work()", "await asyncio.to_thread(work)"])
def test_what_waits_with_a_limit_waits_in_virtual_time(
    wait: str, result: object, where: str
) -> None:
    body = f"""
    locked = threading.Lock()
    locked.acquire()
    thread = threading.Thread(target=lambda: time.sleep(60))
    thread.start()

    def work():
        try:
            told.append({wait})
        except queue.Empty:
            told.append("Empty")
        told.append(clock.elapsed)

    {where}
    """
    assert told(body) == [result, 5.0]


def test_a_lock_is_passed_on_in_order() -> None:
    body = """
    lock = threading.Lock()

    def work(n):
        with lock:
            time.sleep(1)
            told.append((n, clock.elapsed))

    await asyncio.gather(*(asyncio.to_thread(work, n) for n in range(3)))
    """
    assert told(body) == [(0, 1.0), (1, 2.0), (2, 3.0)]


def test_a_thread_takes_over_what_is_carried() -> None:
    body = """
    def work():
        told.append(carried.get())

    carried.set(7)
    pool = ThreadPoolExecutor(1)
    await loop.run_in_executor(pool, work)
    carried.set(8)
    await loop.run_in_executor(pool, work)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    """
    assert told(body) == [7, 8, 8]


def test_many_threads_that_start_and_wake_each_other_come_to_an_end() -> None:
    body = """
    items, results = queue.Queue(), queue.SimpleQueue()

    def work():
        while (item := items.get()) is not None:
            results.put(item * 2)

    for round in range(20):
        threads = [threading.Thread(target=work) for _ in range(5)]
        for thread in threads:
            thread.start()
        for n in range(20):
            items.put(n)
        for thread in threads:
            items.put(None)
        for thread in threads:
            await asyncio.to_thread(thread.join)
    told.append(sum(results.get() for _ in range(400)))
    """
    assert told(body) == [20 * 2 * sum(range(20))]


def test_a_negative_sleep_is_refused() -> None:
    body = """
    try:
        time.sleep(-1)
    except ValueError as error:
        told.append(str(error))
    """
    assert told(body) == ["sleep length must be non-negative"]
