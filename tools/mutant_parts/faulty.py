"""In the recording child: change the framework, then record. Imported by the zygote, by its name.

A fault is a change of the framework's source, made in memory: the function's source with one piece
of text replaced is compiled, and the function is given the code. So whoever has imported the function
has the fault, too, and nothing on disk or in a lesson knows of it.
"""

from __future__ import annotations
import __future__

import importlib
import inspect
import textwrap
from types import CodeType, FunctionType
from typing import Any

from asrun.record import child

Data = dict[str, Any]
_ANNOTATIONS = __future__.annotations.compiler_flag


def main(request: Data) -> Data:
    """Record one scenario on a framework with a fault.

    Args:
        request: as `asrun.record.child.main` takes it; and `fault`, a list of changes, each
            `[module, function, old, new]`.

    Returns:
        As `asrun.record.child.main` does.
    """
    for module, function, old, new in request["fault"]:
        put_in(module, function, old, new)
    return child.main(request)


def put_in(module: str, name: str, old: str, new: str) -> None:
    """Change a function, for the life of the process.

    Args:
        module: where it is.
        name: its qualified name in the module.
        old: a text that its source holds.
        new: what stands there instead, wherever it does.

    Raises:
        LookupError: the function, or the text in it, is not there.
    """
    function, code = changed(module, name, old, new)
    function.__code__ = code


def changed(module: str, name: str, old: str, new: str) -> tuple[FunctionType, CodeType]:
    """A function, and its changed code; takes and raises what `put_in` does."""
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = vars(found).get(part)
        if found is None:
            raise LookupError(f"{module} has no {name}")
    function: FunctionType = inspect.unwrap(found)
    source = textwrap.dedent(inspect.getsource(function))
    if old not in source:
        raise LookupError(f"{module}.{name} has no text {old!r}")
    own = function.__code__
    flags = own.co_flags & _ANNOTATIONS
    made = compile(source.replace(old, new), own.co_filename, "exec", flags, dont_inherit=True)
    for code in made.co_consts:
        if (
            isinstance(code, CodeType)
            and code.co_name == function.__name__
            and code.co_freevars == own.co_freevars
        ):
            return function, code
    raise LookupError(f"{module}.{name} is not a plain function, and can't be given other code")
