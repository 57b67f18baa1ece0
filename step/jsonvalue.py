"""JSON as Python values: types, strict copies, text and sizes.

Pure: no clock, no IO. A JSON value is exactly ``None``, ``bool``, ``int``, a finite ``float``, ``str``, a
``list`` of them or a ``dict`` with ``str`` keys. Inside the engine values are immutable by agreement and
shared; copies are made only where a foreign function could change them.
"""

from __future__ import annotations

import json
import marshal
import math
from typing import Any, TypeAlias

JSONValue: TypeAlias = "bool | int | float | str | list[JSONValue] | dict[str, JSONValue] | None"
JSONObject: TypeAlias = dict[str, JSONValue]

_SCALARS = frozenset({str, int, bool, type(None)})
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# Deep enough for every document AWS takes, shallow enough for Python's stack and json's.
MAX_DEPTH = 200


def copy_json(value: object, place: str = "$") -> JSONValue:
    """Copy a foreign value, strictly: anything that isn't JSON is refused.

    Raises:
        TypeError: names the place, as in ``$.bread.toppings[2]: set is not a JSON value``.
    """
    kind = type(value)
    if kind in _SCALARS:
        return value  # type: ignore[return-value]  # exactly one of the scalar types
    try:
        return _copy_quickly(value, 0)
    except TypeError:
        return _copy(value, [place], 0)


def _copy_quickly(value: Any, depth: int) -> JSONValue:
    """Copy without knowing the place; a TypeError here is looked into by ``_copy``."""
    kind = type(value)
    if depth > MAX_DEPTH:
        raise TypeError
    if kind is dict:
        copied: JSONObject = value.copy()
        for key, item in value.items():
            if type(key) is not str:
                raise TypeError
            kind = type(item)
            if kind in _SCALARS:
                continue
            if kind is list and depth < MAX_DEPTH and _SCALARS.issuperset(map(type, item)):
                copied[key] = item.copy()
            elif kind is not float or item - item != 0:  # not a number, or infinite
                copied[key] = _copy_quickly(item, depth + 1)
        return copied
    if kind is list:
        if _SCALARS.issuperset(map(type, value)):
            return list(value)
        return [item if type(item) in _SCALARS else _copy_quickly(item, depth + 1) for item in value]
    if kind is float and math.isfinite(value):
        return value  # type: ignore[no-any-return]  # kind is float
    raise TypeError


def _copy(value: object, place: list[str], depth: int) -> JSONValue:
    kind = type(value)
    if kind in _SCALARS:
        return value  # type: ignore[return-value]  # exactly one of the scalar types
    if depth > MAX_DEPTH:
        raise TypeError(f"{''.join(place)}: nested deeper than {MAX_DEPTH} levels")
    if kind is dict:
        copied: JSONObject = {}
        for key, item in value.items():  # type: ignore[attr-defined]  # kind is dict
            if type(key) is not str:
                raise TypeError(f"{''.join(place)}: key {key!r} is {type(key).__name__}, JSON keys are str")
            if type(item) in _SCALARS:
                copied[key] = item
                continue
            place.append(f".{key}")
            copied[key] = _copy(item, place, depth + 1)
            place.pop()
        return copied
    if kind is list:
        items: list[JSONValue] = []
        for index, item in enumerate(value):  # type: ignore[arg-type]  # kind is list
            if type(item) in _SCALARS:
                items.append(item)
                continue
            place.append(f"[{index}]")
            items.append(_copy(item, place, depth + 1))
            place.pop()
        return items
    if kind is float:
        if math.isfinite(value):  # type: ignore[arg-type]  # kind is float
            return value  # type: ignore[return-value]  # kind is float
        raise TypeError(f"{''.join(place)}: {value} is not a JSON number")
    raise TypeError(f"{''.join(place)}: {kind.__qualname__} is not a JSON value")


def clone(value: JSONValue) -> JSONValue:
    """Copy a value that is already known to be JSON, so that a handler may change its own."""
    kind = type(value)
    if kind in _SCALARS:
        return value
    if kind is dict:
        for item in value.values():  # type: ignore[union-attr]  # kind is dict
            if type(item) not in _SCALARS:
                break
        else:
            return value.copy()  # type: ignore[union-attr]  # kind is dict
    return marshal.loads(marshal.dumps(value))  # type: ignore[no-any-return]  # what went in comes out


def to_text(value: JSONValue) -> str:
    """Write compact JSON text, as AWS writes inputs and outputs into history."""
    return _encode(value)


def size_bytes(value: JSONValue, limit: float) -> int:
    """Measure the UTF-8 JSON text; exact only above ``limit``, else an upper bound that is not above it.

    UTF-8 JSON is never longer than six times the marshal format (an escaped control character is
    the worst case), so most values are settled without writing them.
    """
    bound = 6 * len(marshal.dumps(value, 2))
    if bound <= limit:
        return bound
    return len(to_text(value).encode("utf-8", "surrogatepass"))
