"""What runs inside the recording child: the recorder, and the process that isolates it.

Standard library only at import, and fastapi, starlette, anyio and httpx inside functions: this
package is also loaded into the environments of old FastAPI releases. Nothing here imports any
other part of the engine but `asrun.authoring`, and late, `asrun.client`.

    session.py    one scenario from start to end; wires what follows
    log.py        the one timeline: raw events, lanes, requests

    source.py     the snippet's statements, by AST
    values.py     encoding of values, as they are at that moment
    frames.py     frames of the snippet: what each tracer event means
    tracers.py    which tracer, and why
    settrace.py   the tracer for CPython 3.11
    monitoring.py the tracer for CPython 3.12 and newer
    bytecode.py   `yield` or `await`: what the events do not say

    wire.py       ASGI receive and send, and the lifespan
    boundaries.py the same between middlewares
    server.py     calls the app for each request, as a server does
    websocket.py  a WebSocket between the scenario's client and the app
    probes.py     named functions of FastAPI and Starlette
    program.py    print, logging, warnings, unhandled exceptions

    clock.py      the virtual clock
    turns.py      worker threads take turns
    locks.py      locks whose waits are turns
    loop.py       the event loop, on that time
    randomness.py the same draws in every recording

    zygote.py     holds the imports, forks a child per job
    child.py      the recording child's first lines: limits, then `session`
"""
