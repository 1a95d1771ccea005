"""Encoding of values: what `repr` would print, made stable, with as little foreign code as can be.

Exact builtin types, enums, pydantic models, dataclasses and exceptions are told by what they
hold; anything else by its type and a number, as in `AsyncSession#1`. What a lesson watches is
told in the lesson's words beside it. No method of a class that is not Python's own is called:
not `repr`, not `__class__`, not `__eq__`.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import functools
import itertools
import threading
import types
import uuid
import weakref
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any

MAX_TEXT = 120
MAX_ITEMS = 12
MAX_DEPTH = 4
MAX_NODES = 60
"""Values within one value: depth and items alone would allow for thousands."""
MAX_SORTED = 1_000
"""A larger set is told by its size: its order depends on the hash seed, and sorting takes time."""
MAX_BITS = 400
SECRET = "•••"
_SECRET_NAMES = (
    "password", "passwd", "secret", "token", "api_key", "apikey", "authorization", "credential",
)  # fmt: skip

# How the interpreter itself looks these up; a class cannot lie to them.
_mro = type.__dict__["__mro__"].__get__
_name = type.__dict__["__name__"].__get__
_namespace = type.__dict__["__dict__"].__get__
_exception_dict = BaseException.__dict__["__dict__"].__get__
_TOLD_BY_REPR = (
    bool, float, complex, dt.timedelta, dt.date, uuid.UUID, decimal.Decimal, range,
)  # fmt: skip
_CONTAINERS = (list, tuple, set, frozenset, dict)
_CALLABLES = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)


def is_secret(name: str) -> bool:
    """Whether a name says that its value must not be shown."""
    lowered = name.lower()
    return any(word in lowered for word in _SECRET_NAMES)


def shorten(text: str, limit: int = MAX_TEXT) -> str:
    """Text of at most `limit` characters; a cut shows as `…`."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def callable_name(call: Any) -> str:
    """A callable's name as its author says it: the function's, or the class's of an instance."""
    while type(call) is functools.partial:
        call = call.func
    if any(type(call) is c for c in _CALLABLES) or derives(_mro(type(call)), type):
        return str(call.__qualname__).rpartition("<locals>.")[2]
    return type_name(call)


def type_name(value: object) -> str:
    """The name of a value's class, whatever the class says of itself."""
    return str(_name(type(value)))


def instance_dict(value: object) -> dict[str, Any]:
    """What an instance holds in its `__dict__`, without asking its class; {} where it has none."""
    for base in _mro(type(value)):
        descriptor = _namespace(base).get("__dict__")
        if descriptor is not None:
            if type(descriptor) in (types.GetSetDescriptorType, types.MemberDescriptorType):
                held = descriptor.__get__(value, base)
                return held if type(held) is dict else {}
            return {}
    return {}


class Encoder:
    """Turns values into text, gives objects their numbers, and asks watched ones for their state.

    Args:
        watches: type name to a function that says the state of an object of that type.
        on_loop: whether the calling code runs on the event loop's thread; objects are asked
            for their state at any event there, elsewhere only when the frame holds them.
    """

    def __init__(
        self, watches: dict[str, Callable[[Any], str]], on_loop: Callable[[], bool]
    ) -> None:
        self._watches = watches
        self._on_loop = on_loop
        self._numbers: dict[str, int] = {}
        self._known: dict[int, tuple[Any, str]] = {}
        self._watched: dict[str, tuple[Any, Callable[[Any], str]]] = {}
        self._states: dict[str, str] = {}
        self._lock = threading.RLock()
        self._asking: set[int] = set()
        self.being_made: set[int] = set()
        """Addresses of objects whose `__init__` runs: they have no state to ask for yet."""
        self.failed: Callable[[Exception], None] = lambda error: None
        """Is told an error of the encoder itself; the value then shows as `…`."""
        self.stand_ins: dict[type, str] = {}
        """Types of the recorder that a snippet can hold; the attribute with what they stand for."""

    def asking(self) -> bool:
        """Whether the calling thread is inside a watch function: what that calls is no event."""
        return bool(self._asking) and threading.get_ident() in self._asking

    def watching(self) -> bool:
        """Whether a watched object has been seen."""
        return bool(self._watched)

    def encode(self, value: Any, name: str = "") -> str:
        """The value as text of at most `MAX_TEXT` characters.

        Args:
            value: anything.
            name: the name under which it is held; a secret's value shows as `•••`.
        """
        if name and is_secret(name) and value is not None and type(value) is not bool:
            return SECRET
        try:
            return shorten(_Text(self._reference).of(value, MAX_DEPTH))
        except Exception as error:  # noqa: BLE001 - it must not reach the app, which is all around
            self.failed(error)
            return "…"

    def names(self, variables: dict[str, Any]) -> dict[str, str]:
        """A frame's variables as text; names that begin with two underscores are left out."""
        return {k: self.encode(v, k) for k, v in variables.items() if not k.startswith(("__", "."))}

    def changed_states(self, variables: dict[str, Any] | None = None) -> dict[str, str]:
        """Watched objects whose state is new or changed since they were last asked.

        Args:
            variables: what the frame holds; off the event loop only that is asked, since
                another thread may be in the middle of changing the rest.
        """
        if not self._watched or self.asking():
            return {}
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
            if (here is not None and id(value) not in here) or id(value) in self.being_made:
                continue
            state = shorten(str(self._ask(say, value)), 40)
            if self._states.get(ref) != state:
                self._states[ref] = state
                changed[ref] = state
        return changed

    # -- private

    def _ask(self, say: Callable[[Any], str], value: Any) -> str:
        me = threading.get_ident()
        self._asking.add(me)
        try:
            return say(value)
        finally:
            self._asking.discard(me)

    def _reference(self, value: Any) -> str:
        while type(value) in self.stand_ins:
            value = getattr(value, self.stand_ins[type(value)])
        name = type_name(value)
        with self._lock:
            found = self._known.get(id(value))
            if found is not None and found[0]() is value:
                return found[1]
            n = self._numbers[name] = self._numbers.get(name, 0) + 1
            ref = f"{name}#{n}"
            try:
                get: Any = weakref.ref(value)
            except TypeError:
                # Without a weak reference it has to be kept, or its address may be another's.
                def get(kept: Any = value) -> Any:
                    return kept

            self._known[id(value)] = (get, ref)
            for base in _mro(type(value)):
                say = self._watches.get(_name(base))
                if say is not None:
                    self._watched[ref] = (get, say)
                    break
            return ref


class _Text:
    """One value as text.

    Args:
        reference: names what is not told by what it holds.
    """

    def __init__(self, reference: Callable[[Any], str]) -> None:
        self._reference = reference
        self._nodes = 0
        self._inside: list[int] = []

    def of(self, value: Any, depth: int) -> str:
        kind = type(value)
        if value is None or value is Ellipsis or value is NotImplemented:
            return repr(value)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            return "…"
        bases = _mro(kind)
        text = self._atom(value, kind, bases)
        if text is not None:
            return text
        if depth == 0 and (container_of(bases) or self._fields(value, bases)):
            return "…"
        if id(value) in self._inside:
            return "…"
        self._inside.append(id(value))
        try:
            return self._held(value, kind, bases, depth - 1)
        except RuntimeError:  # another thread changed it meanwhile
            return "…"
        finally:
            self._inside.pop()

    def _atom(self, value: Any, kind: type, bases: tuple[type, ...]) -> str | None:
        if derives(bases, enum.Enum):
            name = instance_dict(value).get("_name_")
            return f"{_name(kind)}.{name}" if type(name) is str else f"{_name(kind)}(…)"
        for exact in _TOLD_BY_REPR:
            if kind is exact:
                return repr(value)
        if kind is dt.datetime or kind is dt.time:
            zone = value.tzinfo
            foreign = zone is not None and type(zone) is not dt.timezone
            return repr(value.replace(tzinfo=None) if foreign else value)
        for base, tell in (
            (str, _str),
            (bytes, _bytes),
            (bytearray, _bytes),
            (int, _int),
            (float, _float),
        ):
            if derives(bases, base):
                text = tell(value)
                if kind is base:
                    return text if base is not bytearray else f"bytearray({text})"
                return f"{_name(kind)}({text})"
        if derives(bases, type):
            return f"<class {_name(value)}>"
        if any(kind is c for c in _CALLABLES):
            return f"<function {value.__name__}>"
        if kind is types.ModuleType:
            return f"<module {instance_dict(value).get('__name__', '?')}>"
        if derives(bases, PurePath):
            own = str(_namespace(kind).get("__module__", "")).startswith("pathlib")
            return f"Path({_str(str(value))})" if own else None
        secret = _name(kind).startswith("Secret")
        if secret and str(_namespace(kind).get("__module__", "")).startswith("pydantic"):
            return f"{_name(kind)}({SECRET})"
        return None

    def _held(self, value: Any, kind: type, bases: tuple[type, ...], depth: int) -> str:
        if derives(bases, BaseException):
            return self._exception(value, kind, bases, depth)
        fields = self._fields(value, bases)
        if fields is not None:
            return f"{_name(kind)}({self._pairs(fields.items(), '=', depth)})"
        base = container_of(bases)
        if base is None:
            return self._reference(value)
        text = self._container(value, base, depth)
        return text if kind is base else f"{_name(kind)}({text})"

    def _pairs(self, items: Iterable[tuple[Any, Any]], between: str, depth: int) -> str:
        texts = []
        for k, v in itertools.islice(items, MAX_ITEMS):
            key = k if between == "=" else self.of(k, depth)
            secret = type(k) is str and is_secret(k) and v is not None
            texts.append(f"{key}{between}{SECRET if secret else self.of(v, depth)}")
        return ", ".join(texts)

    def _container(self, value: Any, base: Any, depth: int) -> str:
        size: int = base.__len__(value)
        more = ", …" if size > MAX_ITEMS else ""
        if base is dict:
            return "{" + self._pairs(dict.items(value), ": ", depth) + more + "}"
        if base is set or base is frozenset:
            if size > MAX_SORTED:
                inside = f"{size} items"
            else:
                # The order of a set depends on the hash seed and on addresses.
                texts = [_Text(self._reference).of(v, depth) for v in base.__iter__(value)]
                inside = ", ".join(sorted(texts)[:MAX_ITEMS]) + more
            text = "{" + inside + "}"
            if base is frozenset:
                return f"frozenset({text if size else ''})"
            return text if size else "set()"
        texts = [self.of(v, depth) for v in itertools.islice(base.__iter__(value), MAX_ITEMS)]
        if base is list:
            return "[" + ", ".join(texts) + more + "]"
        return "(" + ", ".join(texts) + more + ("," if size == 1 else "") + ")"

    def _exception(
        self, value: BaseException, kind: type, bases: tuple[type, ...], depth: int
    ) -> str:
        held = _exception_dict(value)
        if "status_code" in held and "detail" in held:
            status, detail = self.of(held["status_code"], depth), self.of(held["detail"], depth)
            return f"{_name(kind)}({status}, {detail})"
        if derives(bases, BaseExceptionGroup):
            inside = ", ".join(self.of(e, depth) for e in value.exceptions[:MAX_ITEMS])  # type: ignore[attr-defined]
            return f"{_name(kind)}([{inside}])"
        if _namespace(kind).get("__module__", "builtins") in (
            "builtins",
            "app",
            "asyncio.exceptions",
        ):
            args = BaseException.__dict__["args"].__get__(value)
            return f"{_name(kind)}({', '.join(self.of(a, depth) for a in args[:MAX_ITEMS])})"
        # A library's wording differs between its releases.
        return f"{_name(kind)}(…)"

    def _fields(self, value: Any, bases: tuple[type, ...]) -> dict[str, Any] | None:
        """What a pydantic model, a dataclass or a named tuple holds, in the declared order."""
        for base in bases:
            spec = _namespace(base)
            if derives(bases, tuple) and type(spec.get("_fields")) is tuple:
                return dict(zip(spec["_fields"], tuple.__iter__(value), strict=False))
            declared = (
                spec.get("__pydantic_fields__")
                or ("__pydantic_core_schema__" in spec and spec.get("model_fields"))  # 2.0 to 2.9
                or spec.get("__fields__")
                or spec.get("__dataclass_fields__")
            )
            if type(declared) is dict:
                held = instance_dict(value)
                slots = {
                    k: spec[k] for k in declared if type(spec.get(k)) is types.MemberDescriptorType
                }
                return {
                    k: held[k] if k in held else _slot(slots[k], value)
                    for k in declared
                    if k in held or k in slots
                }
        return None


def derives(bases: tuple[type, ...], base: type) -> bool:
    """Whether `base` is among a class's bases; `in` would ask their metaclasses."""
    return any(b is base for b in bases)


def container_of(bases: tuple[type, ...]) -> type | None:
    """The builtin container that a class is or derives from, or None."""
    return next((b for b in bases if any(b is c for c in _CONTAINERS)), None)


def exception_status(value: BaseException) -> int | None:
    """The HTTP status that an exception carries, as `HTTPException` does; else None."""
    status = _exception_dict(value).get("status_code")
    return status if type(status) is int else None


def _slot(descriptor: Any, value: Any) -> Any:
    try:
        return descriptor.__get__(value, type(value))
    except AttributeError:
        return NotImplemented


def _str(value: str) -> str:
    return repr(shorten(str.__getitem__(value, slice(MAX_TEXT + 1))))


def _bytes(value: bytes | bytearray) -> str:
    return repr(bytes(memoryview(value)[:MAX_TEXT]))


def _int(value: int) -> str:
    bits = int.bit_length(value)
    return int.__repr__(value) if bits <= MAX_BITS else f"<{bits} bits>"


def _float(value: float) -> str:
    return float.__repr__(value)
