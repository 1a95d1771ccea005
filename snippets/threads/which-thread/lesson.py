"""Which thread runs what

FastAPI accepts both `def` and `async def`, for path operations and for dependencies. Which of the
two you write decides which thread the function runs on.
"""

from httpx import AsyncClient

from asrun import (
    Option,
    Options,
    Trace,
    advice,
    exit_line,
    key_moment,
    quiz,
    scenario,
    show,
    snapshot,
)

show("get_user", "get_limit", "plain", "coroutine")


@scenario("A `def` path operation")
async def def_endpoint(client: AsyncClient) -> None:
    await client.get("/plain/7")


@scenario("An `async def` path operation")
async def async_endpoint(client: AsyncClient) -> None:
    await client.get("/coroutine/7")


@key_moment("Does a `def` path operation block the event loop?", on=def_endpoint)
def def_runs_in_a_worker(trace: Trace):
    """No: `plain` starts at {started} on a {lane} thread, and the event loop stays free while it runs."""
    started = trace.one(called="plain")
    assert started.lane == "worker"
    return {"started": started, "lane": started.lane}


@key_moment("And an `async def` path operation?", on=async_endpoint)
def async_runs_on_the_loop(trace: Trace):
    """`coroutine` starts at {started} on the event loop itself: while it runs, nothing else on the
    loop does."""
    started = trace.one(called="coroutine")
    assert started.lane == "loop"
    return {"started": started}


@key_moment(
    "Is it the endpoint that decides for its dependencies?", on=(def_endpoint, async_endpoint)
)
def each_function_decides(plain: Trace, coroutine: Trace):
    """No, each function decides for itself. `get_user` is a `def` and runs in a worker thread under
    both endpoints, at {user_a} and {user_b}; `get_limit` is an `async def` and runs on the event
    loop under both, at {limit_a} and {limit_b}."""
    user_a, user_b = plain.one(called="get_user"), coroutine.one(called="get_user")
    limit_a, limit_b = plain.one(called="get_limit"), coroutine.one(called="get_limit")
    assert user_a.lane == "worker"
    assert user_b.lane == "worker"
    assert limit_a.lane == "loop"
    assert limit_b.lane == "loop"
    return {"user_a": user_a, "user_b": user_b, "limit_a": limit_a, "limit_b": limit_b}


@key_moment("Do the two dependencies run side by side?", on=async_endpoint)
def one_after_the_other(trace: Trace):
    """No: `get_user` returns at {back}, and only then is `get_limit` called, at {called}."""
    back = trace.one(returned="get_user")
    called = trace.one(called="get_limit")
    assert back < called
    return {"back": back, "called": called}


@quiz(
    "Where does `get_user` run when the endpoint is an `async def`?",
    on=async_endpoint,
    hint="Look at the lane in the row where it is called.",
)
def user_under_async(trace: Trace):
    called = trace.one(called="get_user")
    endpoint = trace.one(called="coroutine")
    assert endpoint.lane == "loop"
    return Options(
        Option(
            "In a worker thread",
            called.lane == "worker",
            "It is a `def`, so FastAPI hands it to a worker thread at {called}.",
        ),
        Option(
            "On the event loop",
            called.lane == "loop",
            "That is where `coroutine` runs, at {endpoint}. A dependency is not moved to its endpoint's thread.",
        ),
        called=called,
        endpoint=endpoint,
    )


@quiz(
    "`get_user` blocks its thread for a tenth of a second. What can the event loop do meanwhile?",
    on=def_endpoint,
    hint="Look at the lanes: which row is busy during that step?",
)
def loop_is_free(trace: Trace):
    blocked = trace.one(line="time.sleep(0.1)")
    return Options(
        Option(
            "Serve other requests",
            blocked.lane == "worker",
            "The call at {blocked} blocks a worker thread. The event loop is not in it.",
        ),
        Option(
            "Nothing: it waits",
            blocked.lane == "loop",
            "It would, if the call were made in an `async def`.",
        ),
        blocked=blocked,
    )


@quiz(
    "Which of these starts first?",
    on=def_endpoint,
    hint="Look for the step in which each is called.",
)
def who_starts_first(trace: Trace):
    user, limit, endpoint = (
        trace.one(called="get_user"),
        trace.one(called="get_limit"),
        trace.one(called="plain"),
    )
    return Options(
        Option(
            "`get_user`",
            user < limit and user < endpoint,
            "It is called at {user}: dependencies run in the order of the parameters.",
        ),
        Option(
            "`get_limit`",
            limit < user and limit < endpoint,
            "It is called at {limit}, after `get_user` has returned.",
        ),
        Option(
            "`plain`",
            endpoint < user and endpoint < limit,
            "It is called at {endpoint}, when all its arguments are there.",
        ),
        user=user,
        limit=limit,
        endpoint=endpoint,
    )


@exit_line(on=def_endpoint)
def def_ends(trace: Trace):
    """The run ends at {done} on the event loop, with the answer that the worker thread made at {made}."""
    made = trace.one(returned="plain")
    done = trace.one(kind="done")
    assert made.lane == "worker"
    assert made < done
    return {"made": made, "done": done}


@exit_line(on=async_endpoint)
def async_ends(trace: Trace):
    """The run ends at {done}; of its own functions, only `get_user` left the event loop, at {left}."""
    left = trace.one(called="get_user")
    done = trace.one(kind="done")
    assert left.lane == "worker"
    assert trace.count(kind="call", lane="worker") == 1
    assert left < done
    return {"left": left, "done": done}


@snapshot(on=def_endpoint)
def snapshot_def(trace: Trace):
    """A `def` path operation runs in a worker thread. {started}"""
    started = trace.one(called="plain")
    assert started.lane == "worker"
    return {"started": started}


@snapshot(on=async_endpoint)
def snapshot_async(trace: Trace):
    """An `async def` path operation runs on the event loop. {started}"""
    started = trace.one(called="coroutine")
    assert started.lane == "loop"
    return {"started": started}


@snapshot(on=async_endpoint)
def snapshot_mixed(trace: Trace):
    """A `def` dependency runs in a worker thread, whatever its endpoint is. {user}"""
    user = trace.one(called="get_user")
    assert user.lane == "worker"
    return {"user": user}


advice(
    "Write `async def` only for functions that await what they wait for. One that blocks belongs into a `def`."
)
