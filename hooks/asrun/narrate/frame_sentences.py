"""What a function of `app.py` did in a step, and why: one method a kind of event.

What is said holds for every app: it follows from the language (a frame that is suspended keeps
its variables), from the source (`finally`), or is read from the trace with the step it was read at.
"""

from __future__ import annotations

from asrun.model import Event
from asrun.narrate import facts
from asrun.narrate.prose import code, codes, join, listed, say, short
from asrun.narrate.scene import At, Scene
from asrun.story import Text

Sentences = tuple[Text, Text]
"""What happened; why, or what follows."""

_BY_FASTAPI = ("endpoint", "dependency", "background task")


def call(scene: Scene, at: At) -> Sentences:
    """A frame starts."""
    event = at.anchor
    name = event.function or ""
    role = scene.app.role(name)
    caller = _caller(at)
    if caller:
        what = say("{caller} calls {f}.", caller=code(caller), f=code(name))
    elif role in _BY_FASTAPI:
        what = say("FastAPI calls the {role} {f}.", role=role, f=code(name))
    elif role == "stream":
        what = say("{f} starts: it makes the body of the response.", f=code(name))
        return what, _endpoint_is_over(scene, at)
    elif role:
        what = say("The {role} {f} is called.", role=role, f=code(name))
    else:
        what = say("{f} is called.", f=code(name))
    why = join(facts.where_arguments_come_from(scene, at), _how_it_runs(scene, at))
    return what, why


def _endpoint_is_over(scene: Scene, at: At) -> Text:
    found = facts.returned_value(scene, at)
    if found is None:
        return ()
    over = say("{f} returned at step {step}.", f=code(found[0]), step=found[2])
    return join(over, facts.response_so_far(scene, at))


def _how_it_runs(scene: Scene, at: At) -> Text:
    function = scene.app.functions.get(at.anchor.function or "")
    if function is None:
        return ()
    sentences: list[Text] = []
    if function.role in _BY_FASTAPI and at.anchor.lane == "worker" and not function.is_async:
        sentences.append(
            say(
                "It is a `def`, not an `async def`: it runs in worker thread {n}, "
                "and the event loop stays free.",
                n=at.anchor.unit,
            )
        )
    elif function.role in _BY_FASTAPI and at.anchor.lane == "loop" and function.kind == "async def":
        sentences.append(say("It is an `async def`: it runs on the event loop itself."))
    if function.yields and function.role in ("dependency", "lifespan function"):
        sentences.append(
            say(
                "What stands before its `yield` runs now; what stands after it, once it is resumed."
            )
        )
    elif function.role == "dependency":
        sentences.insert(0, _asked_for(scene, function.name))
    return join(*sentences)


def _asked_for(scene: Scene, name: str) -> Text:
    """Who asks for a dependency, and under which name."""
    for other in scene.app.functions.values():
        for parameter, wanted in other.needs.items():
            if wanted == name:
                return say(
                    "{other} asks for it, as {parameter}.",
                    other=code(other.name),
                    parameter=code(parameter),
                )
    return ()


def _caller(at: At) -> str:
    """The function of `app.py` that called the step's frame in the same task or thread."""
    key = at.frame_key
    if key is None:
        return ""
    for frame in at.after.frames.values():
        stack = at.after.stacks.get(frame.unit, ())
        if key in stack and frame.key in stack and stack.index(frame.key) == stack.index(key) - 1:
            return frame.function
    return ""


def change(scene: Scene, at: At) -> Sentences:
    """A statement has changed names or states."""
    event = at.anchor
    sentences = []
    if at.group.has("resume"):
        sentences.append(say("{f} goes on.", f=code(event.function or "")))
    sentences.append(_changed(at, event))
    why = [_waited(scene, at)] if at.group.has("resume") else []
    why = [text for text in (*why, clause(scene, at)) if text]
    new = [n for n, v in event.names.items() if v is not None and n not in _old_names(at)]
    if new and not why:
        one = len(new) == 1
        why.append(
            say(
                "{names} {verb} of {f}.",
                names=codes(new),
                verb="is a local variable" if one else "are local variables",
                f=code(event.function or ""),
            )
        )
    return join(*sentences), join(*why)


def clause(scene: Scene, at: At) -> Text:
    """What it means for a step's statement that it stands in a `finally` or an `except` clause."""
    if scene.app.at.in_finally(at.place.line):
        return say("It stands in `finally`: it runs whether or not an exception came before.")
    if scene.app.at.in_except(at.place.line):
        return say("It stands in `except`: it runs because an exception was caught.")
    return ()


def _old_names(at: At) -> dict[str, str]:
    frame = at.before.frames.get(at.frame_key) if at.frame_key else None
    return frame.variables if frame else {}


def _changed(at: At, event: Event) -> Text:
    old = _old_names(at)
    parts: list[Text] = []
    told: set[str] = set()
    for name, value in event.names.items():
        if value is None:
            parts.append(say("{name} is no longer bound", name=code(name)))
        elif name not in old:
            parts.append(say("{name} is now {value}", name=code(name), value=code(short(value))))
            if value in event.states and value not in at.before.objects:
                told.add(value)
                parts[-1] = join(
                    parts[-1], say("which is {s}", s=code(event.states[value])), by=", "
                )
        else:
            parts.append(
                say(
                    "{name} goes from {old} to {value}",
                    name=code(name),
                    old=code(short(old[name], 40)),
                    value=code(short(value, 40)),
                )
            )
    for ref, state in event.states.items():
        if ref in told:
            continue
        was = at.before.objects.get(ref)
        if was is None:
            parts.append(say("{ref} is {state}", ref=code(ref), state=code(state)))
        else:
            parts.append(
                say(
                    "{ref} goes from {was} to {state}",
                    ref=code(ref),
                    was=code(was),
                    state=code(state),
                )
            )
    return join(listed(parts), say("."), by="")


def lend(scene: Scene, at: At) -> Sentences:
    """A generator hands out a value and is suspended."""
    event = at.anchor
    name = event.function or ""
    role = scene.app.role(name)
    value = str(event.detail.get("value", "None"))
    lent = scene.app.at.lent_name(event.line)
    bare = value == "None" and not lent
    verb = {"dependency": "lends", "stream": "hands out"}.get(role, "yields")
    if bare:
        what = say("{f} reaches its `yield` and is suspended.", f=code(name))
    else:
        shown = code(lent) if lent and role == "dependency" else code(short(value))
        what = say("{f} {verb} {value} and is suspended.", f=code(name), verb=verb, value=shown)
    if role == "stream":
        why = say("The frame keeps its place and its variables until the next piece is asked for.")
    else:
        why = say("The frame keeps its place and its variables, and waits.")
    return what, why


def wait(scene: Scene, at: At) -> Sentences:
    """A frame is suspended at an `await`."""
    event = at.anchor
    place = scene.app.at.waits_at(event.line)
    what = say("{f} waits at its `{place}`.", f=code(event.function or ""), place=place)
    if at.group.has("resume"):
        return (
            say(
                "{f} waits at its `{place}`, and goes on.",
                f=code(event.function or ""),
                place=place,
            ),
            say("While it waits the event loop is free; nothing of this run happens meanwhile."),
        )
    back = _next_of_frame(scene, at)
    if back is None or back <= at.n + 1:
        return what, say("While it waits, the event loop is free for other work.")
    return what, say(
        "The event loop is free: {steps} {verb} before it goes on at step {back}.",
        steps=facts.between(scene, at.n + 1, back - 1),
        verb="runs" if back == at.n + 2 else "run",
        back=scene.step(back),
    )


def _next_of_frame(scene: Scene, at: At) -> int | None:
    """The step in which a frame that waits goes on."""
    key, last = at.frame_key, at.anchor.seq
    if key is None:
        return None
    return next((scene.number(e.seq) for e in scene.frame_events(key) if e.seq > last), None)


def resume(scene: Scene, at: At) -> Sentences:
    """A frame goes on after a `yield` or an `await`."""
    event = at.anchor
    name = event.function or ""
    if event.detail.get("after") == "await":
        place = scene.app.at.waits_at(event.line)
        return say("{f} goes on after its `{p}`.", f=code(name), p=place), _waited(scene, at)
    what = say("{f} is resumed where it was suspended.", f=code(name))
    so_far = facts.response_so_far(scene, at) if event.request is not None else ()
    return what, join(so_far, say("What stands after its `yield` runs now."))


def _waited(scene: Scene, at: At) -> Text:
    """Since when a frame had been suspended, and what ran meanwhile."""
    resumed = at.group.first("resume") or at.anchor
    frame = at.before.frames.get(at.frame_key) if at.frame_key else None
    if frame is None or frame.kind not in ("wait", "sleep") or frame.at == "call":
        return ()
    since = scene.number(frame.since)
    had = "It had waited" if frame.kind == "wait" else "It had been suspended"
    if since >= scene.number(resumed.seq) - 1:
        return say("{had} since step {since}.", had=had, since=scene.step(since))
    return say(
        "{had} since step {since}; {steps} ran meanwhile.",
        had=had,
        since=scene.step(since),
        steps=facts.between(scene, since + 1, at.n - 1),
    )


def give_back(scene: Scene, at: At) -> Sentences:
    """A frame returns."""
    event = at.anchor
    name = event.function or ""
    role = scene.app.role(name)
    still = facts.still_suspended(at)
    if "value" not in event.detail:
        what = say("{f} ends.", f=code(name))
        frame = at.frame
        done = frame is not None and frame.again
        after = say("What stands after its `yield` has run to the end; its frame is gone.")
        return what, join(after if done else say("Its frame is gone."), still)
    value = code(short(str(event.detail["value"])))
    who = (
        say("the {role} {f}", role=role, f=code(name))
        if role in _BY_FASTAPI
        else say("{f}", f=code(name))
    )
    what = _capitalised(say("{who} returns {value}.", who=who, value=value))
    if at.group.has("resume"):
        what = join(say("{f} goes on.", f=code(name)), what)
    return what, join(say("Its frame ends here."), still)


def statement(scene: Scene, at: At) -> Sentences:
    """A statement runs that changes nothing that is watched (a proof cites it)."""
    event = at.anchor
    where = f"in worker thread {event.unit}" if event.lane == "worker" else "on the event loop"
    what = say("{f} runs this statement {where}.", f=code(event.function or ""), where=where)
    return what, say("None of its variables changes by it.")


def _capitalised(text: Text) -> Text:
    if text and text[0].kind == "words":
        first = text[0]
        return (
            type(first)("words", first.value[:1].upper() + first.value[1:], first.target),
            *text[1:],
        )
    return text
