"""Randomness that is the same in every recording: each source of it is fed from one fixed seed."""

from __future__ import annotations

import os
import random
import sys
from typing import Any

_SEED = 2026


def install() -> None:
    """Replace the sources of randomness that Python code can reach; for the life of the process.

    Covers `random`, its `Random()` without a seed and `SystemRandom`, `os.urandom`, and with
    them `secrets`, `uuid` and `tempfile`. C code that asks the system itself is not covered.
    """
    source = random.Random(_SEED)

    def urandom(size: int) -> bytes:
        return source.randbytes(size)

    os.urandom = urandom
    random._urandom = urandom  # type: ignore[attr-defined]
    plain_seed = random.Random.seed

    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        # Given None, the C code would ask the operating system.
        plain_seed(self, source.getrandbits(64) if a is None else a, version)

    random.Random.seed = seed  # type: ignore[method-assign]
    random.seed(_SEED)
    if "uuid" in sys.modules:
        import uuid

        uuid._generate_time_safe = None  # type: ignore[attr-defined]  # uuid1 then uses time and random
        uuid._UuidCreate = None  # type: ignore[attr-defined]
        uuid._node = 0x0000_5E00_5300  # type: ignore[attr-defined]  # an address for documentation
        uuid._last_timestamp = None  # type: ignore[attr-defined]
    if "tempfile" in sys.modules:
        import tempfile

        tempfile._name_sequence = None  # type: ignore[attr-defined]
        tempfile.tempdir = None
