"""What Java makes of JSON values where AWS's service shows it: hash codes, sets, seeded random numbers.

Pure: no clock, no IO. Values are what Jackson reads JSON as: Integer, Long, BigInteger, Double, String, ...
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

from step.jsonvalue import JSONValue

_MASK = 0xFFFFFFFF
_INT_LIMIT = 1 << 31
_LONG_LIMIT = 1 << 63


class JavaRandom:
    """The linear congruential generator that ``java.util.Random`` documents."""

    def __init__(self, seed: int) -> None:
        self._state = (seed ^ 0x5DEECE66D) & ((1 << 48) - 1)

    def _next(self, bits: int) -> int:
        self._state = (self._state * 0x5DEECE66D + 0xB) & ((1 << 48) - 1)
        return self._state >> (48 - bits)

    def next_int(self, bound: int) -> int:
        """Draw a whole number in [0, bound)."""
        drawn = self._next(31)
        if bound & -bound == bound:
            return (bound * drawn) >> 31
        while drawn - drawn % bound + (bound - 1) >= _INT_LIMIT:
            drawn = self._next(31)
        return drawn % bound

    def next_double(self) -> float:
        """Draw a number in [0, 1)."""
        return ((self._next(26) << 27) + self._next(27)) / float(1 << 53)


def is_java_equal(left: Any, right: Any) -> bool:
    """Compare as ``equals`` does: an Integer is no Double, ``1`` isn't ``1.0``."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_java_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_java_equal(left[key], right[key]) for key in left)
    return type(left) is type(right) and bool(left == right)


def hash_code(value: JSONValue) -> int:
    """Compute ``hashCode``, as 32 bits without a sign."""
    match value:
        case None:
            return 0
        case bool():
            return 1231 if value else 1237
        case int():
            return _hash_integer(value)
        case float():
            bits: int = struct.unpack(">Q", struct.pack(">d", value))[0]
            return (bits ^ bits >> 32) & _MASK
        case str():
            return _hash_text(value)
        case list():
            code = 1
            for item in value:
                code = (31 * code + hash_code(item)) & _MASK
            return code
        case _:
            return sum(_hash_text(key) ^ hash_code(item) for key, item in value.items()) & _MASK


def _hash_integer(value: int) -> int:
    if -_INT_LIMIT <= value < _INT_LIMIT:
        return value & _MASK
    if -_LONG_LIMIT <= value < _LONG_LIMIT:
        bits = value & ((1 << 64) - 1)
        return (bits ^ bits >> 32) & _MASK
    code, rest, words = 0, abs(value), []
    while rest:
        words.append(rest & _MASK)
        rest >>= 32
    for word in reversed(words):
        code = (31 * code + word) & _MASK
    return code if value > 0 else -code & _MASK


def _hash_text(text: str) -> int:
    code = 0
    units = text.encode("utf-16-be", "surrogatepass")
    for place in range(0, len(units), 2):
        code = (31 * code + (units[place] << 8 | units[place + 1])) & _MASK
    return code


def hash_set(items: Iterable[JSONValue]) -> list[JSONValue]:
    """List distinct items in the order in which ``new HashSet<>(items)`` gives them."""
    items = list(items)
    capacity = 16
    while capacity < len(items) / 0.75 + 1:
        capacity *= 2
    buckets: dict[int, list[JSONValue]] = {}
    for item in items:
        code = hash_code(item)
        bucket = buckets.setdefault((code ^ code >> 16) & (capacity - 1), [])
        if not any(is_java_equal(item, other) for other in bucket):
            bucket.append(item)
    return [item for place in sorted(buckets) for item in buckets[place]]
