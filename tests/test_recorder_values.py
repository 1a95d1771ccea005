"""Values as text: anything can be held by a variable, and none of its code runs."""

from __future__ import annotations

import enum
import threading
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from asrun.record.values import (
    MAX_TEXT,
    SECRET,
    Encoder,
    callable_name,
    exception_status,
    instance_dict,
    is_secret,
)


class Ran(BaseException):
    """A value's own code ran. Not an Exception, so that nothing swallows it."""


def encoder(**watches: Any) -> Encoder:
    made = Encoder(watches, lambda: True)

    def failed(error: Exception) -> NoReturn:
        raise error

    made.failed = failed
    return made


def text(value: Any, name: str = "") -> str:
    return encoder().encode(value, name)


atoms = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
hashable = st.booleans() | st.integers() | st.text() | st.binary()
values = st.recursive(
    atoms,
    lambda inside: st.one_of(
        st.lists(inside),
        st.tuples(inside, inside),
        st.dictionaries(hashable, inside),
        st.sets(hashable),
        st.frozensets(hashable),
    ),
    max_leaves=40,
)


@given(values)
def test_any_value_has_a_text_of_bounded_length(value: Any) -> None:
    assert 0 < len(text(value)) <= MAX_TEXT


@given(atoms)
def test_an_atom_that_fits_is_told_as_repr_does(value: Any) -> None:
    if len(repr(value)) <= MAX_TEXT and not (isinstance(value, int) and abs(value) >= 1 << 400):
        assert text(value) == repr(value)


@given(st.lists(st.integers(0, 999), max_size=12))
def test_a_short_list_is_told_as_repr_does(value: list[int]) -> None:
    assert text(value) == repr(value)


@given(st.sets(st.text(max_size=3), max_size=8))
def test_the_order_of_a_set_does_not_show(value: set[str]) -> None:
    again = set[str]()
    for item in sorted(value, key=hash, reverse=True):
        again.add(item)
    assert text(value) == text(again)


@given(values)
def test_the_same_value_has_the_same_text_in_another_process(value: Any) -> None:
    assert encoder().encode(value) == encoder().encode(value)


@given(
    st.dictionaries(
        st.sampled_from(["password", "api_key", "Authorization"]),
        st.text(min_size=9, max_size=9),
        min_size=1,
    )
)
def test_a_secret_never_shows(value: dict[str, str]) -> None:
    for told in (text(value), text([value]), text({"inside": value})):
        assert SECRET in told
        assert not any(secret in told for secret in value.values())


def hostile(*bases: type) -> Any:
    """An instance whose every method says that it ran."""

    def ran(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
        raise Ran

    methods = (
        "__repr__", "__str__", "__eq__", "__ne__", "__bool__", "__len__", "__iter__", "__getitem__",
        "__contains__", "__getattr__", "__getattribute__", "__format__", "__index__", "__int__", "__float__",
        "__bytes__", "__call__", "__enter__", "__lt__", "__instancecheck__", "items", "keys", "values", "name",
    )  # fmt: skip
    namespace: dict[str, Any] = dict.fromkeys(methods, ran)
    namespace |= {
        "__class__": property(ran),
        "__dict__": property(ran),
        "__hash__": object.__hash__,
    }
    return type("Hostile", bases or (object,), namespace)


@pytest.mark.parametrize(
    "base", [object, str, int, float, bytes, list, tuple, dict, set, frozenset, ValueError]
)
def test_no_code_of_a_value_runs(base: type) -> None:
    value = hostile(base)()
    assert text(value).startswith("Hostile")
    assert text([value, {"k": value}]).startswith("[Hostile")


class LyingMeta(type):
    @property
    def __mro__(cls) -> NoReturn:
        raise Ran

    @property
    def __name__(cls) -> NoReturn:  # type: ignore[override]
        raise Ran

    def __eq__(cls, other: object) -> NoReturn:
        raise Ran

    def mro(cls) -> list[type]:
        return type.mro(cls)

    __hash__ = type.__hash__


class Lies(metaclass=LyingMeta):
    pass


def test_a_class_cannot_lie_of_its_name() -> None:
    assert text(Lies()) == "Lies#1"
    assert text(Lies) == "<class Lies>"


def test_a_hanging_repr_is_never_called() -> None:
    class Hangs:
        def __repr__(self) -> str:
            threading.Event().wait()
            return ""

    assert text({"a": [Hangs()]}) == "{'a': [Hangs#1]}"


class Color(enum.Enum):
    RED = "r"


Point = namedtuple("Point", "x y")  # noqa: PYI024


@dataclass
class Box:
    size: int
    password: str = "hunter2"
    inside: Any = None


@dataclass(slots=True)
class Slots:
    a: int
    b: int = field(init=False)


class User(BaseModel):
    name: str
    key: SecretStr = SecretStr("k")


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("nan"), "nan"),
        (10**5000, "<16610 bits>"),
        (Color.RED, "Color.RED"),
        (Point(1, "b"), "Point(x=1, y='b')"),
        (Box(1, inside=Box(2)), "Box(size=1, password=•••, inside=Box(size=2, password=•••, inside=None))"),
        (Slots(1), "Slots(a=1, b=NotImplemented)"),
        (User(name="ann"), "User(name='ann', key=SecretStr(•••))"),
        (Text("a"), "Text('a')"),
        (bytearray(b"a"), "bytearray(b'a')"),
        (set(), "set()"),
        (frozenset(), "frozenset()"),
        (frozenset({2, 1}), "frozenset({1, 2})"),
        ((1,), "(1,)"),
        (OrderedDict(a=1), "OrderedDict({'a': 1})"),
        (defaultdict(int, a=1), "defaultdict({'a': 1})"),
        (list(range(20)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …]"),
        (set(range(2000)), "{2000 items}"),
        (datetime(2026, 1, 1, tzinfo=UTC), "datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)"),
        (timedelta(seconds=1), "datetime.timedelta(seconds=1)"),
        (Decimal("1.5"), "Decimal('1.5')"),
        (UUID(int=0), "UUID('00000000-0000-0000-0000-000000000000')"),
        (Path("a") / "b", "Path('a/b')"),
        (ValueError("a", 1), "ValueError('a', 1)"),
        (HTTPException(404, "no"), "HTTPException(404, 'no')"),
        (ExceptionGroup("g", [ValueError(1)]), "ExceptionGroup([ValueError(1)])"),
        (text, "<function text>"),
        (Box, "<class Box>"),
        (enum, "<module enum>"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else type(value).__name__,
)  # fmt: skip
def test_what_is_told_of(value: Any, told: str) -> None:
    assert text(value) == told


def test_a_structure_that_holds_itself_ends() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    mapping: dict[str, Any] = {}
    mapping["self"] = mapping
    assert text(loop) == "[1, …]"
    assert text(mapping) == "{'self': …}"


def test_a_broad_and_deep_structure_is_cut() -> None:
    broad: Any = 1
    for _ in range(8):
        broad = [broad] * 12
    assert text(broad).endswith("…")


def test_a_time_zone_of_the_apps_own_does_not_run() -> None:
    class Zone(tzinfo):
        def utcoffset(self, when: datetime | None) -> NoReturn:
            raise Ran

        def tzname(self, when: datetime | None) -> NoReturn:
            raise Ran

        def dst(self, when: datetime | None) -> NoReturn:
            raise Ran

    assert text(datetime(2026, 1, 1, tzinfo=Zone())) == "datetime.datetime(2026, 1, 1, 0, 0)"


def test_objects_are_numbered_as_first_seen() -> None:
    class Session:
        pass

    a, b = Session(), Session()
    made = encoder()
    assert [made.encode(x) for x in (b, a, b)] == ["Session#1", "Session#2", "Session#1"]


def test_a_new_object_at_an_old_address_has_a_number_of_its_own() -> None:
    class Session:
        pass

    made = encoder()
    told = [made.encode(Session()) for _ in range(5)]
    assert told == [f"Session#{n}" for n in range(1, 6)]


def test_a_watched_object_is_asked_when_it_changes() -> None:
    class Base:
        state = "open"

    class Session(Base):
        pass

    made = encoder(Base=lambda s: s.state)
    session = Session()
    made.encode(session)
    assert made.changed_states() == {"Session#1": "open"}
    assert made.changed_states() == {}
    session.state = "closed"
    assert made.changed_states() == {"Session#1": "closed"}


def test_off_the_event_loop_only_what_the_frame_holds_is_asked() -> None:
    class Session:
        state = "open"

    made = Encoder({"Session": lambda s: s.state}, lambda: False)
    a, b = Session(), Session()
    made.names({"a": a, "b": b})
    assert made.changed_states({"a": a}) == {"Session#1": "open"}


def test_the_encoders_own_error_is_told_and_shows_as_a_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    made, errors = encoder(), list[Exception]()
    made.failed = errors.append
    monkeypatch.setattr(made, "_reference", lambda value: 1 // 0)
    assert made.encode(object()) == "…"
    assert [type(e) for e in errors] == [ZeroDivisionError]


def test_names() -> None:
    assert [n for n in ("password", "API_KEY", "access_token", "n", "passing") if is_secret(n)] == [
        "password", "API_KEY", "access_token",
    ]  # fmt: skip
    assert text("x", "user_password") == SECRET
    assert text(None, "password") == "None"
    assert encoder().names({"__class__": 1, ".0": 2, "n": 3}) == {"n": "3"}
    assert callable_name(Box) == "Box"
    assert callable_name(hostile()()) == "Hostile"
    assert exception_status(HTTPException(404)) == 404
    assert exception_status(ValueError()) is None
    assert instance_dict(hostile()()) == {}
