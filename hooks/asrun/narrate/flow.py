"""The concept flow: the run in five to nine nodes, each linked to its step."""

from __future__ import annotations

from dataclasses import dataclass

from asrun.narrate import facts
from asrun.narrate.prose import code, join, listed, plural, say, short
from asrun.narrate.scene import At, Scene, lane_label
from asrun.story import FlowNode, Text

FEWEST, MOST = 5, 9


@dataclass(frozen=True, slots=True)
class _Node:
    """A step that may open a node.

    Attributes:
        rank: 1 where the run can't be told without it, 2 where it helps, 3 where it fills up.
        clause: the same in the caption; empty where the caption leaves it out.
    """

    at: At
    rank: int
    title: Text
    detail: Text
    clause: Text = ()


def flow(scene: Scene) -> tuple[tuple[FlowNode, ...], Text]:
    """The nodes in order, and the caption: the same in one sentence."""
    found = [node for at in scene.steps if (node := _node(scene, at)) is not None]
    chosen = _chosen(scene, found)
    labels = {row.key: row.label for row in scene.rows}
    nodes = []
    for i, node in enumerate(chosen):
        first = node.at.n if i else 1
        last = chosen[i + 1].at.n - 1 if i + 1 < len(chosen) else len(scene.steps)
        key = scene.row_key(node.at)
        nodes.append(FlowNode(key, labels[key], node.title, node.detail, node.at.n, first, last))
    clauses = [n.clause for n in chosen if n.clause]
    caption = join(say("In this run "), _in_turn(clauses), say("."), by="") if clauses else ()
    return tuple(nodes), caption


def _in_turn(clauses: list[Text]) -> Text:
    """`a, b, and then c`."""
    if len(clauses) < 2:
        return join(*clauses)
    return join(join(*clauses[:-1], by=", "), clauses[-1], by=", and then ")


def _chosen(scene: Scene, found: list[_Node]) -> list[_Node]:
    """At most nine nodes, the weightiest; at least five where there are as many."""

    def rank(node: _Node) -> int:
        # Of many requests, the first two tell how they run beside or after each other.
        late = scene.many and (node.at.anchor.request or 0) > 2
        # What the lifespan does stands around the run: it may not push out what a request does.
        outside = node.at.anchor.request is None
        return node.rank + (3 if late else 1 if outside else 0)

    must = [n for n in found if rank(n) == 1]
    # The end goes before a resume does: who is suspended has to be seen resumed.
    bare = [n for n in must if not n.clause][1:]
    while len(must) - len(bare) <= MOST < len(must):
        must.remove(bare.pop())
    if len(must) > MOST:
        must = [*must[: MOST - 1], must[-1]]
    chosen = list(must)
    for level in (2, 3, 4, 5, 6):
        limit = MOST if level == 2 else FEWEST
        chosen += [n for n in found if rank(n) == level][: max(0, limit - len(chosen))]
    return sorted(chosen, key=lambda n: n.at.n)


def _node(scene: Scene, at: At) -> _Node | None:
    event = at.anchor
    if event.boundary:
        return None
    of = f" of request {event.request}" if scene.many and event.request is not None else ""
    match event.kind:
        case "request":
            which = f"request {event.request}" if scene.many else "its request"
            sent = code(
                short(f"{event.detail.get('method', '')} {event.detail.get('url', '')}".strip())
            )
            return _Node(at, 1, say("The client sends {which}", which=which), say("{s}", s=sent))
        case "scope" if event.request is not None:
            return _Node(
                at,
                3,
                say("The server calls the app"),
                say("the scope is {t}", t=code(event.asgi or "")),
            )
        case "probe":
            return _probe_node(scene, at)
        case "send" if event.asgi == "http.response.start":
            return _response_node(scene, at, of)
        case "chunk" if _first(scene, at):
            title = say("The client has the first piece")
            return _Node(at, 2, title, facts.response_so_far(scene, at))
        case "complete":
            title = say("The client has the whole response")
            return _Node(at, 2 if _streams(scene, at) else 3, title, ())
        case "message":
            sends = event.detail.get("by") == "client"
            verb = "sends" if sends else "has"
            return _Node(at, 2, say("The client {verb} a message", verb=verb), ())
        case "closed":
            by = str(event.detail.get("by", "server"))
            return _Node(at, 1, say("The connection ends"), say("closed by the {by}", by=by))
        case "left" | "broken":
            who = "client" if event.kind == "left" else "server"
            text = say("the {who} closes the connection", who=who)
            return _Node(
                at,
                1,
                say("The {who} closes the connection", who=who),
                say("the response is not complete"),
                text,
            )
        case "done" if event.request is not None:
            return _Node(
                at,
                1,
                say("The app returns"),
                say("{which} is over", which=of.removeprefix(" of ") or "the request"),
            )
        case "failed":
            e = code(str(event.detail.get("exception", "an exception")))
            return _Node(
                at,
                1,
                say("The app raises {e}", e=e),
                say("into the server"),
                say("{e} reaches the server", e=e),
            )
    if at.frame_key is not None and event.function is not None:
        return _frame_node(scene, at, of)
    return None


def _probe_node(scene: Scene, at: At) -> _Node | None:
    errors = next((e.detail["errors"] for e in at.group.events if e.detail.get("errors")), 0)
    if isinstance(errors, int) and errors:
        found = plural(errors, "error")
        return _Node(
            at,
            1,
            say("FastAPI finds {n}", n=found),
            say("in what {f} asks for", f=code(str(at.anchor.detail.get("for") or "the endpoint"))),
            say("FastAPI finds {n}", n=found),
        )
    if at.anchor.detail.get("probe") == "dependency":
        cached = code(str(at.anchor.detail.get("for") or "the dependency"))
        title = say("{f} comes from the cache", f=cached)
        return _Node(at, 3, title, say("it is not called again"))
    if at.anchor.detail.get("probe") == "serialize_response":
        return _Node(at, 3, say("FastAPI serializes what was returned"), ())
    of = str(at.anchor.detail.get("for") or "")
    wanted = scene.app.dependencies_of(of)
    title = (
        say("FastAPI solves the dependencies") if wanted else say("FastAPI reads the parameters")
    )
    return _Node(at, 3, title, say("of {f}", f=code(of)) if of else ())


def _first(scene: Scene, at: At) -> bool:
    """Whether the step is the first of its kind for its request and function."""
    event = at.anchor
    same = (e for e in scene.events(event.request, event.kind) if e.function == event.function)
    return next(same).seq == event.seq


def _streams(scene: Scene, at: At) -> bool:
    return any(e.seq < at.anchor.seq for e in scene.events(at.anchor.request, "chunk"))


def _response_node(scene: Scene, at: At, of: str) -> _Node:
    event = at.anchor
    status = str(event.detail.get("status", ""))
    last = next(
        (
            e
            for e in scene.events(event.request, "send")
            if e.asgi == "http.response.body"
            and not e.boundary
            and not e.detail.get("more_body")
            and e.seq > event.seq
        ),
        None,
    )
    end = scene.number(last.seq) if last is not None else None
    if end is None:
        detail = say("it is never complete")
    elif end == at.n + 1:
        detail = say("the status at {a}, the body at {b}", a=scene.step(at.n), b=scene.step(end))
    else:
        detail = say(
            "it begins at {a} and is complete at {b}", a=scene.step(at.n), b=scene.step(end)
        )
    verb = "begins" if _streamed(scene, at) else "is sent"
    title = say("The response `{s}`{of} {verb}", s=status, of=of, verb=verb)
    return _Node(
        at, 1, title, detail, say("the response `{s}`{of} {verb}", s=status, of=of, verb=verb)
    )


def _streamed(scene: Scene, at: At) -> bool:
    return any(
        e.asgi == "http.response.body"
        and not e.boundary
        and e.detail.get("more_body")
        and e.detail.get("body")
        for e in scene.events(at.anchor.request, "send")
    )


def _frame_node(scene: Scene, at: At, of: str) -> _Node | None:
    event = at.anchor
    name = event.function or ""
    f = code(name)
    role = scene.app.role(name)
    frame = at.after.frames[at.frame_key] if at.frame_key else None
    exception = code(str(event.detail.get("exception", "an exception")))
    match event.kind:
        case "call":
            return _call_node(scene, at, of)
        case "yield" if role in ("dependency", "lifespan function"):
            lent = scene.app.at.lent_name(event.line)
            value = code(lent or short(str(event.detail.get("value", "")), 40))
            title = say("{f} lends {v}", f=f, v=value)
            return _Node(at, 1, title, say("suspended at line {n}", n=event.line or ""), title)
        case "yield" if role == "stream" and _first(scene, at):
            value = code(short(str(event.detail.get("value", "")), 40))
            return _Node(at, 2, say("{f} hands out its first piece", f=f), say("{v}", v=value))
        case "resume" if event.detail.get("after") == "yield" and role != "stream":
            title = say("{f} is resumed", f=f)
            return _Node(at, 1, title, say("its code after `yield` runs"), title)
        case "throw":
            title = say("{e} is thrown into {f}", e=exception, f=f)
            return _Node(at, 1, title, say("at its `yield`"), title)
        case "raise":
            title = say("{f} raises {e}", f=f, e=exception)
            return _Node(
                at,
                1,
                title,
                say("and ends with it" if at.group.has("unwind") else "and goes on"),
                title,
            )
        case "return" | "unwind" if frame is not None and frame.again and role == "dependency":
            changed = [c.after for c in at.changes if c.subject[0] == "object"]
            objects = [f"{ref} {state}" for ref, state in at.after.objects.items()]
            detail = listed([code(o) for o in changed or objects])
            return _Node(at, 2, say("{f} ends", f=f), detail)
        case "return" if role == "endpoint":
            return _Node(
                at,
                3,
                say("{f} returns", f=f),
                say("{v}", v=code(short(str(event.detail.get("value", "")), 40))),
            )
        case "wait" if len(scene.requests) > 1:
            return _Node(at, 2, say("{f} waits", f=f), say("the event loop is free"))
    return None


def _call_node(scene: Scene, at: At, of: str) -> _Node | None:
    event = at.anchor
    name = event.function or ""
    function = scene.app.functions.get(name)
    role = scene.app.role(name)
    f = code(name)
    place = lane_label(event.lane, {event.unit})
    where = "on the event loop" if event.lane == "loop" else f"in {place}"
    # In the caption the place is worth a word only where there is more than one.
    told = f" {where}" if len({e.lane for e in scene.trace.events if e.function}) > 1 else ""
    arguments = [code(f"{n} = {short(v or '', 30)}") for n, v in event.names.items()][:2]
    if role == "endpoint":
        title = say("{f}{of} runs", f=f, of=of)
        return _Node(
            at,
            1,
            title,
            join(say("{where}", where=where), *((a,) for a in arguments), by=", "),
            say("{f}{of} runs{where}", f=f, of=of, where=told),
        )
    if role == "dependency" and function is not None:
        if function.yields:
            return _Node(
                at, 2, say("{f} starts", f=f), say("its code before `yield`, {where}", where=where)
            )
        return _Node(
            at,
            1,
            say("{f} runs", f=f),
            say("{where}", where=where),
            say("{f} runs{where}", f=f, where=told),
        )
    if role:
        return _Node(
            at, 2, say("{f} starts", f=f), say("{where}", where=where), say("{f} starts", f=f)
        )
    return None
