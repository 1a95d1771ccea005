"""What runs inside the recording child: the recorder, and the process that isolates it.

Standard library only at import, and fastapi, starlette, anyio and httpx inside functions: this
package is also loaded into the environments of old FastAPI releases. Nothing here imports any
other part of the engine but `asrun.authoring`.

    session.py    one scenario from start to end; wires what follows
    log.py        the one timeline: raw events, lanes, requests
    source.py     the snippet's statements, by AST
    values.py     encoding of values, as they are at that moment
    frames.py     frames of the snippet: what each tracer event means
    settrace.py   the tracer for CPython 3.11
    monitoring.py the tracer for CPython 3.12 and newer
    wire.py       ASGI receive and send, and the lifespan
    client.py     the httpx transport that streams
    clock.py      the virtual clock
    probes.py     named functions of FastAPI and Starlette
    program.py    print, logging, warnings, unhandled exceptions

    zygote.py     holds the imports, forks a child per job
    child.py      the recording child's first lines: limits, then `session`
"""
