"""`Trace`, what a proof is given: it answers queries, and can't be indexed or iterated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, Unpack

from asrun.judge import filters as _filters
from asrun.judge.filters import Filters
from asrun.judge.log import Log, Query, Replayed
from asrun.judge.moments import Absent, Misuse, Moment, NotFound
from asrun.judge.replay import FRAME_STATES, FrameKey, Held, frame_key, replay
from asrun.judge.words import NO_WORDS, Words, closest

__all__ = ["Filters", "Misuse", "Moment", "NotFound", "Trace"]

MAX_LISTED = 6


class Trace:
    """The record of one scenario, as a proof may ask it.

    Args:
        data: the trace as plain data, in the form of `asrun.model.Trace.model_dump`.
        log: where queries are noted; a new one by default.
        words: what the lesson knows, so that a misspelt word can be told.
    """

    def __init__(
        self, data: Mapping[str, Any], *, log: Log | None = None, words: Words = NO_WORDS
    ) -> None:
        self._events: list[dict[str, Any]] = list(data["events"])
        self._scenario: str = data["scenario"]
        self._log = Log() if log is None else log
        self._words = words

    def __repr__(self) -> str:
        return f"the run `{self._scenario}`"

    # ------------------------------------------------------------------ queries

    def one(self, **filters: Unpack[Filters]) -> Moment:
        """The only event that fits.

        Raises:
            NotFound: none fits, or several do; the message lists what is near.
        """
        places = self._ask("one", filters)
        if len(places) > 1:
            if self._log.deferring:
                self._log.deferred = NotFound("several")
                return Moment(self, places[0])
            listed = "; ".join(repr(Moment(self, place)) for place in places[:MAX_LISTED])
            more = f"; and {len(places) - MAX_LISTED} more" if len(places) > MAX_LISTED else ""
            raise NotFound(
                f"{_filters.show('one', filters)} fits {len(places)} events in {self!r}: "
                f"{listed}{more}; narrow it, or ask for first() or last()",
                tuple((self._scenario, place) for place in places[:MAX_LISTED]),
            )
        return self._found("one", filters, places, 0)

    def first(self, **filters: Unpack[Filters]) -> Moment:
        """The first event that fits.

        Raises:
            NotFound: none fits; the message lists what is near.
        """
        return self._found("first", filters, self._ask("first", filters), 0)

    def last(self, **filters: Unpack[Filters]) -> Moment:
        """The last event that fits.

        Raises:
            NotFound: none fits; the message lists what is near.
        """
        return self._found("last", filters, self._ask("last", filters), -1)

    def all(self, **filters: Unpack[Filters]) -> list[Moment]:
        """All events that fit, in the order of the run; there may be none."""
        return [Moment(self, place) for place in self._ask("all", filters)]

    def count(self, **filters: Unpack[Filters]) -> int:
        """How many events fit."""
        return len(self._ask("count", filters))

    def never(self, **filters: Unpack[Filters]) -> bool:
        """Whether no event fits."""
        return not self._ask("never", filters)

    def state(self, name: str, *, after: Moment, function: str | None = None) -> str:
        """The state of a watched object as it was after a moment, in the lesson's word.

        Args:
            name: a local name that holds it, its number ("AsyncSession#1"), or its type where
                there is one of that type.
            after: the moment; what it changed counts.
            function: whose local name is meant; else the moment's own function, or the only
                one that has the name.

        Raises:
            NotFound: there is no such name, object or state at that moment.
        """
        place = self._place(after)
        now = replay(self._events, place)
        held: Held | None = None
        frame: FrameKey | None = None
        if name in now.states:
            thing = name
        elif alike := [t for t in now.states if t.partition("#")[0] == name]:
            if len(alike) > 1:
                raise NotFound(f"after {after!r} there are several: {', '.join(alike)}; name one")
            thing = alike[0]
        else:
            frame, held = self._variable(name, after, function)
            thing = held.value
        if thing not in now.states:
            raise NotFound(
                f"after {after!r}, `{name}` is {thing}, whose state is not watched"
                if held
                else f"after {after!r} there is no {name}"
            )
        state = now.states[thing]
        self._log.add(
            Replayed(self._scenario, "state", place, state.value, thing, state.setter, frame)
        )
        return state.value

    def value(self, name: str, *, after: Moment, function: str | None = None) -> str:
        """The value of a local name as it was after a moment, as `repr` would print it.

        Args:
            name: the local name.
            after: the moment; what it changed counts.
            function: whose local name is meant; else the moment's own function, or the only
                one that has the name.

        Raises:
            NotFound: there is no such name at that moment.
        """
        place = self._place(after)
        frame, held = self._variable(name, after, function)
        self._log.add(
            Replayed(self._scenario, "value", place, held.value, name, held.setter, frame)
        )
        return held.value

    def frame(self, function: str, *, after: Moment) -> str:
        """The state of a function's frame as it was after a moment.

        Args:
            function: its qualified name.
            after: the moment; its own effect counts.

        Returns:
            "not started", "running", "waiting" (at an await), "suspended" (at a yield),
            "finished" (it returned) or "raised" (it ended by an exception).

        Raises:
            NotFound: the app has no such function, or several of its frames are in different
                states.
        """
        place = self._place(after)
        _filters.check("frame", {"function": function}, self)
        frames = replay(self._events, place).frames
        request = self._events[place].get("request")
        mine = {k: h for k, h in frames.items() if k[1] == function and k[0] == request}
        mine = mine or {k: h for k, h in frames.items() if k[1] == function}
        states = {self._frame_word(held) for held in mine.values()} or {"not started"}
        if len(states) > 1:
            raise NotFound(
                f"after {after!r}, the frames of `{function}` are in different states: "
                f"{', '.join(sorted(states))}"
            )
        word = states.pop()
        key = next(iter(mine), (request, function, 1))
        setter = mine[key].setter if key in mine else None
        self._log.add(Replayed(self._scenario, "frame", place, word, function, setter, key))
        return word

    # ------------------------------------------------------------------ what it is not

    if not TYPE_CHECKING:

        def __getitem__(self, key: object) -> NoReturn:
            raise Misuse("a trace can't be indexed; ask it: trace.one(...), first, last or all")

        def __iter__(self) -> NoReturn:
            raise Misuse(
                "a trace can't be iterated; ask it: trace.all(...) gives the events that fit"
            )

        def __len__(self) -> NoReturn:
            raise Misuse("a trace has no length; ask it: trace.count(...)")

        def __contains__(self, item: object) -> NoReturn:
            raise Misuse("a trace holds no items; ask it: trace.count(...) or trace.never(...)")

        def __bool__(self) -> NoReturn:
            raise Misuse(
                "a trace is neither true nor false; ask it: trace.count(...) or never(...)"
            )

    # ------------------------------------------------------------------ inside

    def _ask(self, op: str, filters: Mapping[str, Any]) -> list[int]:
        bounds = _filters.check(op, filters, self)
        searched = {n: v for n, v in filters.items() if n not in _filters.BOUNDS}
        places = _filters.find(self._events, searched, bounds)
        self._log.add(Query(self._scenario, op, searched, tuple(places), bounds))
        return places

    def _found(self, op: str, filters: Mapping[str, Any], places: list[int], which: int) -> Moment:
        if not places:
            bounds = {n: filters[n]._place for n in _filters.BOUNDS if n in filters}
            if self._log.deferring:
                self._log.deferred = failure = NotFound("none")
                return Absent(failure)
            raise NotFound(
                f"{_filters.show(op, filters)} fits no event in {self!r}{self._near(filters)}",
                tuple((self._scenario, place) for place in sorted(bounds.values())),
            )
        return Moment(self, places[which])

    def _near(self, filters: Mapping[str, Any]) -> str:
        """What would have fitted with one filter less."""
        near: list[str] = []
        with self._log.pause():
            for name in filters:
                fewer = {n: v for n, v in filters.items() if n != name}
                if not fewer or (
                    name in {"resumed", "probe", "state"}
                    and {"at", "phase", "about", "of"} & set(fewer)
                ):
                    continue
                places = self._ask("all", fewer)
                if places:
                    shown = ", ".join(repr(Moment(self, p)) for p in places[:2])
                    more = f" and {len(places) - 2} more" if len(places) > 2 else ""
                    near.append(f"without {name}= it fits {shown}{more}")
        if not near and len(filters) == 1:
            near.extend(self._instead(*next(iter(filters.items()))))
        return "".join(f"; {n}" for n in near[:3])

    def _instead(self, name: str, word: Any) -> list[str]:
        """For a query with a single filter: what there is of that sort."""
        if name in _filters.SHORTHANDS or name == "function":
            kinds = sorted({e["kind"] for e in self._events if e.get("function") == word})
            return [
                f"of `{word}` there is: {', '.join(kinds)}" if kinds else f"`{word}` never runs"
            ]
        if name == "line":
            return ["that statement never runs"]
        there = {
            "asgi": {e["asgi"] for e in self._events if e.get("asgi")},
            "state": {s for e in self._events for s in e.get("states", {}).values()},
            "kind": {e["kind"] for e in self._events},
        }.get(name, set())
        near = closest(str(word), there)
        listed = ", ".join(f"`{t}`" for t in sorted(there)[:12])
        return ([f"did you mean `{near}`?"] if near else []) + (
            [f"there is {listed}"] if there else []
        )

    def _place(self, after: Moment) -> int:
        if not isinstance(after, Moment):
            raise Misuse(f"after={after!r}: after= takes a moment, which a query has found")
        if after._trace is not self:
            raise Misuse(
                f"after= is given {after!r} of the run `{after._trace._scenario}`, "
                f"but {self!r} is asked"
            )
        return after._place

    def _variable(self, name: str, after: Moment, function: str | None) -> tuple[FrameKey, Held]:
        """The frame that holds a name, and its value, after a moment."""
        variables = replay(self._events, after._place).variables
        own = frame_key(self._events[after._place])
        if function is None and own is not None and name in variables.get(own, {}):
            return own, variables[own][name]
        request = self._events[after._place].get("request")
        frames = {
            key: names[name]
            for key, names in variables.items()
            if name in names
            and (function is None or key[1] == function)
            and (request is None or key[0] in {None, request})
        }
        if not frames:
            there = {n for key, names in variables.items() for n in names}
            near = closest(name, there)
            listed = ", ".join(f"`{n}`" for n in sorted(there)[:12])
            told = f"; did you mean `{near}`?" if near else f"; there is {listed}" if there else ""
            within = f" in `{function}`" if function else ""
            raise NotFound(f"after {after!r} there is no `{name}`{within}{told}")
        if len({held.value for held in frames.values()}) > 1:
            told = "; ".join(f"{held.value} in `{key[1]}`" for key, held in frames.items())
            raise NotFound(f"after {after!r}, `{name}` is {told}; say function=")
        return next(iter(frames.items()))

    def _frame_word(self, held: Held) -> str:
        return FRAME_STATES.get(self._events[held.setter]["kind"], "running")
