"""What the bytecode says that an event does not: `yield` or `await`, end or exception.

Measured on CPython 3.11 to 3.13: after YIELD_VALUE comes RESUME, whose argument says what was
suspended. 3.13 already points at RESUME when it reports, and keeps a flag in higher bits.
"""

from __future__ import annotations

import dis
from types import CodeType
from typing import Any, Literal

YIELD_VALUE = dis.opmap["YIELD_VALUE"]
RESUME = dis.opmap["RESUME"]
SUSPENDS = {YIELD_VALUE, RESUME}
RETURNS = {
    dis.opmap[name]
    for name in ("RETURN_VALUE", "RETURN_CONST", "RETURN_GENERATOR")
    if name in dis.opmap
}
_DELEGATES = {
    dis.opmap[name]
    for name in ("SEND", "END_SEND", "FOR_ITER", "END_FOR", "END_ASYNC_FOR", "GET_ANEXT")
    if name in dis.opmap
}
_END_ASYNC_FOR = dis.opmap["END_ASYNC_FOR"]
_CACHE = dis.opmap.get("CACHE", -1)
_AFTER_AWAIT = 3


class Bytecode:
    """The instructions of code objects, each read once."""

    def __init__(self) -> None:
        # By address: hashing a code object hashes all that is in it. The code object is kept,
        # so that its address stays its own.
        self._read: dict[int, tuple[CodeType, bytes]] = {}

    def op(self, code: CodeType, offset: int) -> int:
        """The instruction at an offset, which may point into the cache that follows it."""
        ops = self._of(code)
        while ops[offset] == _CACHE and offset:
            offset -= 2
        return ops[offset]

    def suspension(self, code: CodeType, offset: int) -> Literal["yield", "await"]:
        """What the suspension at an offset is: a `yield` (or `yield from`), or an `await`."""
        ops = self._of(code)
        if ops[offset] != RESUME:
            offset += 2
        is_await = ops[offset] == RESUME and ops[offset + 1] & 3 == _AFTER_AWAIT
        return "await" if is_await else "yield"

    def is_noise(self, code: CodeType, offset: int, error: BaseException) -> bool:
        """Whether this is only how a loop or an await is told that the other side has ended."""
        if isinstance(error, StopAsyncIteration):
            return self._ends_loop(code, offset)
        if not isinstance(error, StopIteration):
            return False
        op = self.op(code, offset)
        return op in _DELEGATES or (op in SUSPENDS and self.suspension(code, offset) == "await")

    @staticmethod
    def _ends_loop(code: CodeType, offset: int) -> bool:
        """Whether what is raised at an offset ends an `async for`, by the code's exception table.

        At which instruction it is reported differs: CPython 3.13 may name one before SEND.
        """
        read: Any = dis.Bytecode(code)
        handlers = [e.target for e in read.exception_entries if e.start <= offset < e.end]
        return any(code.co_code[target] == _END_ASYNC_FOR for target in handlers)

    def _of(self, code: CodeType) -> bytes:
        found = self._read.get(id(code))
        if found is None:
            found = self._read[id(code)] = (code, code.co_code)
        return found[1]
