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

_PLAIN = frozenset({str, bool, type(None)})
_SCALARS = _PLAIN | {int}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# Deep enough for every document AWS takes, shallow enough for Python's stack and json's.
MAX_DEPTH = 200
# Python neither writes nor reads the text of a longer integer.
_LAST_INTEGER: int = 10**4300 - 1
_FIRST_INTEGER = -_LAST_INTEGER
_CONTAINERS = frozenset({dict, list})


def copy_json(value: object, place: str = "$") -> JSONValue:
    """Copy a foreign value, strictly: anything that isn't JSON is refused.

    Raises:
        TypeError: names the place, as in ``$.bread.toppings[2]: set is not a JSON value``.
    """
    kind = type(value)
    if kind in _SCALARS and kind is not int:
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
            if kind in _PLAIN:
                continue
            if kind is int:
                if item > _LAST_INTEGER or item < _FIRST_INTEGER:
                    raise TypeError
                continue
            if kind is list and depth < MAX_DEPTH and _are_scalars(item):
                copied[key] = item.copy()
            elif kind is not float or item - item != 0:  # not a number, or infinite
                copied[key] = _copy_quickly(item, depth + 1)
        return copied
    if kind is list:
        if _are_scalars(value):
            return list(value)
        return [item if type(item) in _PLAIN else _copy_quickly(item, depth + 1) for item in value]
    if kind in _SCALARS:
        if kind is not int or _FIRST_INTEGER <= value <= _LAST_INTEGER:
            return value  # type: ignore[no-any-return]  # exactly one of the scalar types
    elif kind is float and math.isfinite(value):
        return value  # type: ignore[no-any-return]  # kind is float
    raise TypeError


def _are_scalars(items: list[Any]) -> bool:
    """Say whether a list has nothing but scalars of JSON that aren't floats."""
    if _PLAIN.issuperset(map(type, items)):
        return True
    if not _SCALARS.issuperset(map(type, items)):
        return False
    # In marshal's format a longer integer than that takes some 1,900 bytes.
    if len(marshal.dumps(items, 2)) < 1_000:
        return True
    whole = [item for item in items if type(item) is int]
    return bool(min(whole) >= _FIRST_INTEGER and max(whole) <= _LAST_INTEGER)


def _copy(value: object, place: list[str], depth: int) -> JSONValue:
    kind = type(value)
    if kind in _SCALARS:
        if kind is int and not _FIRST_INTEGER <= value <= _LAST_INTEGER:  # type: ignore[operator]  # an int
            raise TypeError(f"{''.join(place)}: an integer of more than 4,300 digits")
        return value  # type: ignore[return-value]  # exactly one of the scalar types
    if depth > MAX_DEPTH:
        raise TypeError(f"{''.join(place)}: nested deeper than {MAX_DEPTH} levels")
    if kind is dict:
        copied: JSONObject = {}
        for key, item in value.items():  # type: ignore[attr-defined]  # kind is dict
            if type(key) is not str:
                raise TypeError(f"{''.join(place)}: key {key!r} is {type(key).__name__}, JSON keys are str")
            place.append(f".{key}")
            copied[key] = _copy(item, place, depth + 1)
            place.pop()
        return copied
    if kind is list:
        items: list[JSONValue] = []
        for index, item in enumerate(value):  # type: ignore[arg-type]  # kind is list
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


def is_deeper(value: JSONValue, levels: int) -> bool:
    """Say whether arrays and objects are nested in each other on more than so many levels."""
    level: list[Any] = [value] if type(value) in _CONTAINERS else []
    while level:
        if levels == 0:
            return True
        levels -= 1
        level = [
            item
            for container in level
            for item in (container.values() if type(container) is dict else container)
            if type(item) in _CONTAINERS
        ]
    return False
