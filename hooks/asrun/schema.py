"""The published JSON Schema of a trace."""

from __future__ import annotations

import json

from asrun.model import Trace


def trace_schema() -> str:
    """The JSON Schema (2020-12) of a trace's JSON file, as text.

    Each field of an event says by `x-compared` whether it is part of what is accepted.
    """
    schema = Trace.model_json_schema(by_alias=True, mode="validation")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A trace of FastAPI, as run",
    }
    return json.dumps(head | {k: v for k, v in schema.items() if k != "title"}, indent=1) + "\n"
