"""JSON as it goes over the wire."""

from __future__ import annotations

from typing import Any

import orjson


def encode(value: Any) -> bytes:
    """JSON of any value; half characters (lone surrogates) become question marks."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(_whole(value))


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_whole(key): _whole(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(each) for each in value]
    return value
