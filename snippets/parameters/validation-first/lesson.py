"""422 comes before your endpoint

FastAPI reads a request by the types of your parameters. A request that does not fit them is
answered for you, with status 422 and a list of what does not fit.
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

show("Item", "get_shop", "create_item")


@scenario("The body fits")
async def fits(client: AsyncClient) -> None:
    await client.post("/items", json={"name": "apple", "price": 0.5})


@scenario("The body does not fit")
async def does_not_fit(client: AsyncClient) -> None:
    await client.post("/items", json={"price": "cheap"})


@key_moment("Does the endpoint run when the body does not fit?", on=(does_not_fit, fits))
def endpoint_never_runs(bad: Trace, good: Trace):
    """No. `create_item` is called at {called} when the body fits, and not at all when it does not:
    the {status} leaves at {sent} without it."""
    called = good.one(called="create_item")
    sent = bad.one(asgi="http.response.start")
    assert good.count(called="create_item") == 1
    assert bad.never(function="create_item")
    assert sent.status == 422
    return {"called": called, "sent": sent, "status": sent.status}


@key_moment("Does a dependency run all the same?", on=does_not_fit)
def dependency_runs(trace: Trace):
    """Yes: `get_shop` is called at {called}, before the {status} leaves at {sent}. FastAPI solves the
    dependencies before it looks at the body."""
    called = trace.one(called="get_shop")
    sent = trace.one(asgi="http.response.start")
    assert trace.count(called="get_shop") == 1
    assert called < sent
    assert sent.status == 422
    return {"called": called, "sent": sent, "status": sent.status}


@key_moment("Does it stop at the first error?", on=does_not_fit)
def all_errors(trace: Trace):
    """No: the body at {sent} names both the missing `name` and the `price` that is no number."""
    sent = trace.one(asgi="http.response.body")
    assert '"loc":["body","name"]' in sent.body
    assert '"loc":["body","price"]' in sent.body
    return {"sent": sent}


@quiz(
    'The body has no `name` and a `price` of "cheap". How often is `create_item` called?',
    on=does_not_fit,
    hint="Look for it in the Action column.",
)
def how_often(trace: Trace):
    sent = trace.one(asgi="http.response.start")
    count = trace.count(called="create_item")
    assert sent.status == 422
    return Options(
        Option(
            "Never",
            count == 0,
            "No step of the run is its: the answer leaves at {sent} without it.",
        ),
        Option("Once", count == 1, "That is so when the body fits."),
        sent=sent,
    )


@quiz(
    "Which status does the client get?",
    on=does_not_fit,
    hint="Look at State after, in the row of http.response.start.",
)
def which_status(trace: Trace):
    sent = trace.one(asgi="http.response.start")
    return Options(
        Option(
            "201",
            sent.status == 201,
            "That is the status of this path operation, for a body that fits.",
        ),
        Option(
            "400",
            sent.status == 400,
            "Bad request would fit, too, but it is not what FastAPI sends, at {sent}.",
        ),
        Option("422", sent.status == 422, "Unprocessable content: it is sent at {sent}."),
        Option(
            "500",
            sent.status == 500,
            "Nothing went wrong in the app: it is the request that does not fit.",
        ),
        sent=sent,
    )


@quiz(
    "What of the app's own code runs before the 422?",
    on=does_not_fit,
    hint="Look at the rows above http.response.start.",
)
def what_runs(trace: Trace):
    sent = trace.one(asgi="http.response.start")
    shop = trace.count(called="get_shop", before=sent)
    endpoint = trace.count(called="create_item", before=sent)
    return Options(
        Option(
            "`get_shop` only",
            shop == 1 and endpoint == 0,
            "The dependency is solved; the endpoint is not called before {sent}.",
        ),
        Option(
            "Nothing",
            shop == 0 and endpoint == 0,
            "Dependencies are solved before the body's errors are answered.",
        ),
        Option(
            "`get_shop` and `create_item`",
            shop == 1 and endpoint == 1,
            "That is so when the body fits.",
        ),
        sent=sent,
    )


@exit_line(on=fits)
def ends_with_a_receipt(trace: Trace):
    """The run ends at {done}, after a {status} whose body `create_item` returned at {returned}."""
    returned = trace.one(returned="create_item")
    sent = trace.one(asgi="http.response.start")
    done = trace.one(kind="done")
    assert sent.status == 201
    assert returned < sent
    return {"done": done, "status": sent.status, "returned": returned}


@exit_line(on=does_not_fit)
def ends_without_it(trace: Trace):
    """The run ends at {done}, and no line of `create_item` has run."""
    done = trace.one(kind="done")
    assert trace.never(function="create_item")
    assert trace.count(kind="done") == 1
    return {"done": done}


@snapshot(on=does_not_fit)
def snapshot_422(trace: Trace):
    """A body that does not fit is answered with {status}, and the endpoint is not called. {sent}"""
    sent = trace.one(asgi="http.response.start")
    assert sent.status == 422
    assert trace.never(function="create_item")
    return {"sent": sent, "status": sent.status}


@snapshot(on=does_not_fit)
def snapshot_dependencies(trace: Trace):
    """Dependencies have run by then. {returned}"""
    returned = trace.one(returned="get_shop")
    sent = trace.one(asgi="http.response.start")
    assert returned < sent
    return {"returned": returned}


advice(
    "Put checks that need the database or the user into a dependency or the endpoint, and what a type can say into the type."
)
