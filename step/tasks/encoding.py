"""From Python values to JSON: what a handler returns, strictly.

Pure: no clock, no IO.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from step.jsonvalue import MAX_DEPTH, JSONObject, JSONValue

_SCALARS = frozenset({str, int, bool, type(None)})
# The key of a dataclass field's metadata that holds its name in JSON.
ALIAS = "json"


def encode(value: object) -> JSONValue:
    """Write a value as JSON, as a copy that shares nothing with it.

    Beside JSON's own types it takes dataclasses (their ``__init__`` fields), enums (their values), aware
    datetimes and dates (RFC 3339), mappings, tuples, and pydantic and msgspec objects.

    Raises:
        TypeError: anything else; the message names the place, as in ``$.sizes[2]: set is not a JSON value``.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from step.tasks import encode
        >>> encode({"at": datetime(2026, 1, 1, 5, tzinfo=UTC), "sizes": (1, 2)})
        {'at': '2026-01-01T05:00:00Z', 'sizes': [1, 2]}
    """
    if type(value) in _SCALARS:
        return value  # type: ignore[return-value]  # exactly one of the scalar types
    return _encode(value, ["$"], 0)


def _encode(value: Any, place: list[str], depth: int) -> JSONValue:
    if depth > MAX_DEPTH:
        raise TypeError(f"{''.join(place)}: nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    if kind is dict:
        return _encode_object(value, place, depth)
    if kind is list or kind is tuple:
        items: list[JSONValue] = []
        for index, item in enumerate(value):
            if type(item) in _SCALARS:
                items.append(item)
                continue
            place.append(f"[{index}]")
            items.append(_encode(item, place, depth + 1))
            place.pop()
        return items
    if kind in _SCALARS:
        return value  # type: ignore[no-any-return]  # exactly one of the scalar types
    if kind is float:
        if math.isfinite(value):
            return value  # type: ignore[no-any-return]  # a float
        raise TypeError(f"{''.join(place)}: {value} is not a JSON number")
    return _encode(_unwrap(value, place), place, depth + 1)


def _encode_object(value: dict[Any, Any], place: list[str], depth: int) -> JSONObject:
    members: JSONObject = {}
    for key, item in value.items():
        name = key if type(key) is str else _key(key, place)
        if type(item) in _SCALARS:
            members[name] = item
            continue
        place.append(f".{name}")
        members[name] = _encode(item, place, depth + 1)
        place.pop()
    return members


def _key(key: object, place: list[str]) -> str:
    plain = key.value if isinstance(key, Enum) else key
    if isinstance(plain, str):
        return str.__str__(plain)
    raise TypeError(f"{''.join(place)}: key {key!r} is {type(key).__name__}, JSON keys are str")


def _unwrap(value: Any, place: list[str]) -> object:
    """Take one layer off a value that isn't exactly of a JSON type."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return _timestamp(value, place)
    if isinstance(value, date):
        return value.isoformat()
    kind = type(value)
    if hasattr(kind, "__pydantic_serializer__") and hasattr(kind, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if hasattr(kind, "__struct_fields__") and "msgspec" in sys.modules:
        return sys.modules["msgspec"].to_builtins(value, str_keys=True)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.metadata.get(ALIAS, f.name): getattr(value, f.name) for f in fields(value) if f.init}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | list):
        return list(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    raise TypeError(f"{''.join(place)}: {kind.__qualname__} is not a JSON value")


def _timestamp(value: datetime, place: list[str]) -> str:
    offset = value.utcoffset()
    if offset is None:
        raise TypeError(f"{''.join(place)}: a datetime without a time zone is no point in time")
    if offset.total_seconds() % 60:
        raise TypeError(f"{''.join(place)}: the offset {offset} can't be written; RFC 3339 has no seconds")
    text = value.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
