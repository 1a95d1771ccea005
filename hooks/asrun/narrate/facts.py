"""What the trace shows around a step: who is suspended, what has been sent, who lent a value.

Each function answers one question of a `Scene`, and answers it with steps. A sentence that says
more than "this happened" takes it from here; where the trace does not show it, the answer is empty
and the sentence is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from asrun.model import Event
from asrun.narrate.prose import code, codes, join, listed, say
from asrun.narrate.scene import At, Scene
from asrun.narrate.state import FrameKey, FrameNow
from asrun.story import Piece, Text

_OBJECT = re.compile(r"[A-Za-z_]\w*(\.\w+)*#\d+")


def is_object(value: str) -> bool:
    """Whether a recorded value is one object, known by its number, and not a copy's text."""
    return _OBJECT.fullmatch(value) is not None


def steps_cited(scene: Scene, events: Iterable[Event]) -> Text:
    """`(step 11)` or `(steps 11 and 12)` for the steps that hold some events; empty for none."""
    numbers = sorted({scene.number(e.seq) for e in events})
    if not numbers:
        return ()
    if len(numbers) > 3:
        return say("(steps {a} to {b})", a=scene.step(numbers[0]), b=scene.step(numbers[-1]))
    word = "step" if len(numbers) == 1 else "steps"
    return say("({word} {steps})", word=word, steps=listed([scene.step(n) for n in numbers]))


def between(scene: Scene, first: int, last: int) -> Text:
    """`step 6` or `steps 6 to 8`: the steps from one number to another, both inclusive."""
    if first == last:
        return say("step {a}", a=scene.step(first))
    joint = "and" if last == first + 1 else "to"
    return say("steps {a} {joint} {b}", a=scene.step(first), joint=joint, b=scene.step(last))


def suspended(at: At, *, besides: FrameKey | None = None) -> tuple[FrameNow, ...]:
    """Frames of the step's request that are suspended at a `yield` after it."""
    return tuple(f for f in at.after.suspended(at.anchor.request) if f.key != besides)


def still_suspended(at: At, *, besides: FrameKey | None = None) -> Text:
    """``get_db` is still suspended at its `yield`.`, or nothing."""
    frames = suspended(at, besides=besides)
    if not frames:
        return ()
    names = codes(dict.fromkeys(f.function for f in frames))
    verb = "is still suspended at its" if len(frames) == 1 else "are still suspended, each at its"
    return say("{names} {verb} `yield`.", names=names, verb=verb)


def ended_generators(scene: Scene, at: At) -> Text:
    """Generator dependencies of the request that ended before a step, with their steps."""
    ended = [
        f
        for f in at.before.frames_of(at.anchor.request)
        if f.generator and not f.live and scene.app.role(f.function) == "dependency"
    ]
    if not ended:
        return ()
    return say(
        "Ended before: {names} {steps}.",
        names=codes(dict.fromkeys(f.function for f in ended)),
        steps=steps_cited(
            scene, [e for e in scene.trace.events if e.seq in {f.since for f in ended}]
        ),
    )


def response_so_far(scene: Scene, at: At) -> Text:
    """What of the response had left before a step, with the steps in which it did."""
    request = at.anchor.request
    now = at.before.request(request)
    sends = [
        e
        for e in scene.events(request, "send")
        if e.seq < at.anchor.seq and (e.asgi or "").startswith("http.response.") and not e.boundary
    ]
    if now.complete:
        return say("The whole response has left {steps}.", steps=steps_cited(scene, sends))
    if now.head:
        return say(
            "The status `{status}` has left {steps}, the response is not complete.",
            status=now.head,
            steps=steps_cited(scene, sends),
        )
    return say("Nothing of the response has been sent yet.")


def lent_by(scene: Scene, at: At, function: str, value: str) -> tuple[Event, Piece] | None:
    """The event in which a dependency lent or returned a value, before a step, and its citation."""
    found: Event | None = None
    for event in scene.events(at.anchor.request, "yield", "return"):
        if event.seq > at.anchor.seq:
            break
        if event.function == function and event.detail.get("value") == value:
            found = event
    return (found, scene.event(found.seq)) if found is not None else None


def where_arguments_come_from(scene: Scene, at: At) -> Text:
    """For a call: which arguments are what a dependency lent or returned, and at which step."""
    function = scene.app.functions.get(at.anchor.function or "")
    if function is None:
        return ()
    sentences = []
    for name, value in at.anchor.names.items():
        wanted = function.needs.get(name)
        found = lent_by(scene, at, wanted, value) if wanted and value is not None else None
        if wanted is None or found is None or value is None:
            continue
        event, step = found
        did = "lent" if event.kind == "yield" else "returned"
        same = "the very object that" if is_object(value) else "what"
        sentences.append(
            say(
                "Its {name} is {same} {dependency} {did} at step {step}.",
                name=code(name),
                same=same,
                dependency=code(wanted),
                did=did,
                step=step,
            )
        )
    return join(*sentences[:2])


def exception_source(scene: Scene, at: At, exception: str) -> Text:
    """The frame that last ended by an exception of this name before a step, with the step."""
    found: Event | None = None
    for event in scene.events(at.anchor.request, "unwind"):
        if event.seq >= at.anchor.seq:
            break
        if event.frame_key != at.frame_key and event.detail.get("exception") == exception:
            found = event
    if found is None or found.function is None:
        return ()
    return say(
        "{f} ended with {e} at step {step}.",
        f=code(found.function),
        e=code(exception),
        step=scene.event(found.seq),
    )


def comes_next(scene: Scene, at: At) -> Text:
    """What the step's frame does next, where that is a `finally` or an `except` clause."""
    key = at.frame_key
    last = at.group.events[-1].seq
    if key is None:
        return ()
    for event in scene.frame_events(key):
        if event.seq <= last or event.kind == "set":
            continue
        if event.kind == "catch":
            return say("Its `except` clause comes next.")
        if event.kind == "line" and scene.app.at.in_finally(event.line):
            return say("`finally` comes next.")
        return ()
    return ()


def chain(scene: Scene, name: str, first: str, seen: frozenset[str] = frozenset()) -> list[str]:
    """How a function depends on another: the functions between them, both included; or nothing."""
    if name == first:
        return [name]
    for wanted in scene.app.dependencies_of(name):
        if wanted not in seen:
            found = chain(scene, wanted, first, seen | {name})
            if found:
                return [name, *found]
    return []


def never_called(scene: Scene, request: int | None, *, until: int | None = None) -> str:
    """The endpoint that a request was for, where it was not called (before an event); else ""."""
    solved = next(
        (
            e
            for e in scene.events(request, "probe")
            if e.detail.get("probe") == "solve_dependencies"
        ),
        None,
    )
    name = str(solved.detail.get("for") or "") if solved is not None else ""
    if name not in scene.app.functions or (until is not None and solved and solved.seq > until):
        return ""
    called = any(
        e.function == name and (until is None or e.seq < until)
        for e in scene.events(request, "call")
    )
    return "" if called else name


def returned_value(scene: Scene, at: At) -> tuple[str, str, Piece] | None:
    """What the endpoint returned before a step: its name, the value, the step."""
    found: Event | None = None
    for event in scene.events(at.anchor.request, "return"):
        if event.seq > at.anchor.seq:
            break
        if scene.app.role(event.function) == "endpoint" and "value" in event.detail:
            found = event
    if found is None or found.function is None:
        return None
    return found.function, str(found.detail["value"]), scene.event(found.seq)


def where_it_runs(scene: Scene, request: int | None) -> Text:
    """On which task and threads the functions of `app.py` run for a request."""
    code_events = [e for e in scene.trace.events if e.request == request and e.function is not None]
    tasks = {e.unit for e in code_events if e.lane == "loop"}
    threads = sorted({e.unit for e in code_events if e.lane == "worker"})
    if not code_events:
        return say("No function of `app.py` runs for it.")
    task = "one task" if len(tasks) == 1 else f"{len(tasks)} tasks"
    on_loop = say("on the event loop, in {task}", task=task) if tasks else ()
    word = "worker thread" if len(threads) == 1 else "worker threads"
    in_threads = say("in {word} {n}", word=word, n=listed(map(str, threads))) if threads else ()
    where = join(on_loop, in_threads, by=", and ")
    return say("For this request `app.py` runs {where}.", where=where)
