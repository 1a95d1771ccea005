"""Encoding of values: what `repr` would print, made stable, running as little foreign code as can be.

Exact builtin types, enums, pydantic models, dataclasses and exceptions are told by what they
hold; anything else by its type and a number, as in `AsyncSession#1`. What a lesson watches is
told in the lesson's words beside it.
"""

from __future__ import annotations

import enum
import threading
import types
import weakref
from collections.abc import Callable
from typing import Any

MAX_TEXT = 120
MAX_ITEMS = 12
MAX_DEPTH = 4
SECRET = "•••"
_SECRET_NAMES = ("password", "passwd", "secret", "token", "api_key", "apikey", "authorization")
_ATOMS = (bool, int, float, complex, bytes, bytearray)


def is_secret(name: str) -> bool:
    """Whether a name says that its value must not be shown."""
    lowered = name.lower()
    return any(word in lowered for word in _SECRET_NAMES)


def shorten(text: str, limit: int = MAX_TEXT) -> str:
    """Text of at most `limit` characters; a cut shows as `…`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


class Encoder:
    """Turns values into text, gives objects their numbers, and asks watched ones for their state.

    Args:
        watches: type name to a function that says the state of an object of that type.
        on_loop: whether the calling code runs on the event loop's thread; objects are asked
            for their state at any event there, elsewhere only when the frame holds them.
    """

    def __init__(self, watches: dict[str, Callable[[Any], str]], on_loop: Callable[[], bool]) -> None:
        self._watches = watches
        self._on_loop = on_loop
        self._numbers: dict[str, int] = {}
        self._known: dict[int, tuple[Any, str]] = {}
        self._watched: dict[str, tuple[Any, Callable[[Any], str]]] = {}
        self._states: dict[str, str] = {}
        self._lock = threading.RLock()

    def encode(self, value: Any, name: str = "") -> str:
        """The value as text of at most `MAX_TEXT` characters.

        Args:
            value: anything.
            name: the name under which it is held; a secret's value shows as `•••`.
        """
        if name and is_secret(name) and not isinstance(value, (bool, type(None))):
            return SECRET
        return shorten(self._text(value, MAX_DEPTH))

    def names(self, variables: dict[str, Any]) -> dict[str, str]:
        """A frame's variables as text; names that begin with two underscores are left out."""
        return {k: self.encode(v, k) for k, v in variables.items() if not k.startswith(("__", "."))}

    def changed_states(self, variables: dict[str, Any] | None = None) -> dict[str, str]:
        """Watched objects whose state is new or changed since they were last asked.

        Args:
            variables: the frame's variables; off the event loop only these are asked, since
                another thread may be in the middle of changing the rest.
        """
        changed: dict[str, str] = {}
        with self._lock:
            asked = list(self._watched.items())
        here = None if self._on_loop() else {id(v) for v in (variables or {}).values()}
        for ref, (get, say) in asked:
            value = get()
            if value is None:
                with self._lock:
                    self._watched.pop(ref, None)
                continue
            if here is not None and id(value) not in here:
                continue
            state = shorten(str(say(value)), 40)
            if self._states.get(ref) != state:
                self._states[ref] = state
                changed[ref] = state
        return changed

    # -- private

    def _text(self, value: Any, depth: int) -> str:
        kind = type(value)
        if value is None or value is Ellipsis or value is NotImplemented:
            return repr(value)
        if kind in _ATOMS:
            return repr(value)
        if kind is str:
            return repr(shorten(value, MAX_TEXT))
        if isinstance(value, enum.Enum):
            return f"{kind.__name__}.{value.name}"
        if kind in (list, tuple, set, frozenset, dict):
            return "…" if depth == 0 else self._collection(value, kind, depth - 1)
        if isinstance(value, type):
            return f"<class {value.__name__}>"
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
            return f"<function {value.__name__}>"
        if isinstance(value, types.ModuleType):
            return f"<module {value.__name__}>"
        if isinstance(value, BaseException):
            return self._exception(value, depth)
        if kind.__name__.startswith("Secret") and kind.__module__.startswith("pydantic"):
            return f"{kind.__name__}({SECRET})"
        fields = self._fields(value, kind)
        if fields is not None:
            inside = ", ".join(
                f"{k}={SECRET if is_secret(k) else self._text(v, depth - 1) if depth else '…'}"
                for k, v in list(fields.items())[:MAX_ITEMS]
            )
            return f"{kind.__name__}({inside})"
        return self._reference(value, kind)

    def _collection(self, value: Any, kind: type, depth: int) -> str:
        more = ", …" if len(value) > MAX_ITEMS else ""
        if kind is dict:
            items = list(value.items())[:MAX_ITEMS]
            pairs = (
                f"{self._text(k, depth)}: {SECRET if isinstance(k, str) and is_secret(k) else self._text(v, depth)}"
                for k, v in items
            )
            return "{" + ", ".join(pairs) + more + "}"
        if kind in (set, frozenset):
            # The order of a set depends on the hash seed and on addresses.
            items = sorted(self._text(v, depth) for v in value)[:MAX_ITEMS]
            if kind is set:
                return "{" + ", ".join(items) + more + "}" if value else "set()"
            return "frozenset({" + ", ".join(items) + more + "})" if value else "frozenset()"
        texts = [self._text(v, depth) for v in value[:MAX_ITEMS]]
        if kind is list:
            return "[" + ", ".join(texts) + more + "]"
        return "(" + ", ".join(texts) + more + ("," if len(texts) == 1 else "") + ")"

    def _exception(self, value: BaseException, depth: int) -> str:
        kind = type(value)
        held = value.__dict__
        if "status_code" in held and "detail" in held:
            return f"{kind.__name__}({held['status_code']}, {self._text(held['detail'], max(depth - 1, 0))})"
        if kind.__module__ == "builtins" or kind.__module__ == "app":
            inside = ", ".join(self._text(a, max(depth - 1, 0)) for a in value.args)
            return f"{kind.__name__}({inside})"
        # A library's wording differs between its releases.
        return f"{kind.__name__}(…)"

    @staticmethod
    def _fields(value: Any, kind: type) -> dict[str, Any] | None:
        held = getattr(value, "__dict__", None)
        if not isinstance(held, dict):
            return None
        mro = type.mro(kind)
        declared: Any = None
        for base in mro:
            spec = vars(base)
            declared = spec.get("__pydantic_fields__") or spec.get("__fields__") or spec.get("__dataclass_fields__")
            if declared:
                break
        if not isinstance(declared, dict):
            return None
        return {k: held[k] for k in declared if k in held}

    def _reference(self, value: Any, kind: type) -> str:
        with self._lock:
            found = self._known.get(id(value))
            if found is not None and found[0]() is value:
                return found[1]
            n = self._numbers[kind.__name__] = self._numbers.get(kind.__name__, 0) + 1
            ref = f"{kind.__name__}#{n}"
            try:
                get: Any = weakref.ref(value)
            except TypeError:
                # Without a weak reference the object has to be kept, or its address may be another's.
                def get(kept: Any = value) -> Any:
                    return kept

            self._known[id(value)] = (get, ref)
            for base in type.mro(kind):
                say = self._watches.get(base.__name__)
                if say is not None:
                    self._watched[ref] = (get, say)
                    break
            return ref
