"""The intrinsic functions as they were until November 2026: executions that began before keep them.

Pure: no clock, no IO. Their failures were States.IntrinsicFailure, which a Catch sees, and their causes
step's own. Nothing new belongs here; see ``intrinsic_functions`` for what AWS does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import random
from collections.abc import Callable
from typing import Any

from step.asl.intrinsic_functions import (
    ALGORITHMS,
    MAX_RANGE,
    MAX_TEXT,
    ArgumentFault,
    finite_float,
    is_same,
    refuse_constant,
)
from step.asl.java_text import to_java_text
from step.jsonvalue import MAX_DEPTH, JSONValue, is_deeper, to_text

_LONG_LIMIT = 1 << 63
_LONGEST_INTEGER: int = 10**1000


# -- arrays


def array_partition(items: JSONValue, size: JSONValue) -> JSONValue:
    whole, step = _list(items), _integer(size)
    if step < 1:
        raise ArgumentFault(f"the chunk size must be positive, not {step}")
    return [whole[start : start + step] for start in range(0, len(whole), step)]


def array_contains(items: JSONValue, wanted: JSONValue) -> JSONValue:
    return any(is_same(item, wanted) for item in _list(items))


def array_range(first: JSONValue, last: JSONValue, step: JSONValue) -> JSONValue:
    start, end, increment = _integer(first), _integer(last), _integer(step)
    if increment == 0:
        raise ArgumentFault("the increment must not be 0")
    numbers = range(start, end + (1 if increment > 0 else -1), increment)
    if numbers and (numbers[-1] - start) // increment >= MAX_RANGE:
        raise ArgumentFault(f"a range holds at most {MAX_RANGE} numbers")
    return list(numbers)


def array_get_item(items: JSONValue, index: JSONValue) -> JSONValue:
    whole, place = _list(items), _integer(index)
    if not 0 <= place < len(whole):
        raise ArgumentFault(f"index {place} is outside of an array of {len(whole)}")
    return whole[place]


def array_length(items: JSONValue) -> JSONValue:
    return len(_list(items))


def array_unique(items: JSONValue) -> JSONValue:
    unique: list[JSONValue] = []
    seen: set[tuple[bool, Any]] = set()
    for item in _list(items):
        if isinstance(item, list | dict):
            if not any(is_same(item, other) for other in unique):
                unique.append(item)
        elif (key := (isinstance(item, bool), item)) not in seen:
            seen.add(key)
            unique.append(item)
    return unique


# -- text and JSON


def format_text(template: JSONValue, *values: JSONValue) -> JSONValue:
    parts = split_template(_text(template))
    if len(parts) != len(values) + 1:
        raise ArgumentFault(f"the template has {len(parts) - 1} places and {len(values)} values for them")
    texts = (to_java_text(value) for value in values)
    return parts[0] + "".join(text + part for text, part in zip(texts, parts[1:], strict=True))


def split_template(template: str) -> list[str]:
    r"""Split a format template at its ``{}``, and resolve ``\'``, ``\\``, ``\{`` and ``\}``."""
    parts = [""]
    position = 0
    while position < len(template):
        if template.startswith("{}", position):
            parts.append("")
            position += 2
            continue
        if template[position] == "\\" and template[position + 1 : position + 2] in ("'", "\\", "{", "}"):
            position += 1
        parts[-1] += template[position]
        position += 1
    return parts


def string_to_json(text: JSONValue) -> JSONValue:
    # Observed: string_to_json, where "" and " " give null.
    source = _text(text)
    if not source.strip():
        return None
    try:
        value: JSONValue = json.loads(source, parse_constant=refuse_constant, parse_float=finite_float)
    except (ValueError, RecursionError):
        raise ArgumentFault("the text is not JSON") from None
    if is_deeper(value, MAX_DEPTH):
        raise ArgumentFault(f"the text is nested deeper than {MAX_DEPTH} levels")
    return value


def json_merge(first: JSONValue, second: JSONValue, is_deep: JSONValue) -> JSONValue:
    if not isinstance(first, dict) or not isinstance(second, dict):
        raise ArgumentFault("only objects can be merged")
    if is_deep is not False:
        raise ArgumentFault("the third argument must be false: only shallow merging is supported")
    return {**first, **second}


def string_split(text: JSONValue, delimiters: JSONValue) -> JSONValue:
    # Observed: string_split. Each character of the second text delimits; empty parts are dropped.
    source, letters = _text(text), _text(delimiters)
    if not letters:
        return [source] if source else []
    first = letters[0]
    unified = source.translate(dict.fromkeys(map(ord, letters), first))
    return [part for part in unified.split(first) if part]


# -- encoding and hashing


def base64_encode(text: JSONValue) -> JSONValue:
    return base64.b64encode(_short_text(text).encode("utf-8", "surrogatepass")).decode("ascii")


def base64_decode(text: JSONValue) -> JSONValue:
    try:
        return base64.b64decode(_short_text(text), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise ArgumentFault("the text is not Base64") from None


def hash_text(data: JSONValue, algorithm: JSONValue) -> JSONValue:
    name = ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if name is None:
        raise ArgumentFault(f"the algorithm must be one of {', '.join(ALGORITHMS)}")
    text = _short_text(data if isinstance(data, str) else to_text(data))
    return hashlib.new(name, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


# -- numbers and randomness


def math_add(left: JSONValue, right: JSONValue) -> JSONValue:
    total = _integer(left) + _integer(right)
    # AWS doesn't say where it ends; the JSON reader that it uses takes no more than 1,000 digits.
    if abs(total) >= _LONGEST_INTEGER:
        raise ArgumentFault("the sum has more than 1,000 digits")
    return total


def math_random(source: random.Random, start: JSONValue, end: JSONValue, seed: JSONValue = None) -> JSONValue:
    low, high = _integer(start), _integer(end)
    if low >= high:
        raise ArgumentFault(f"the start {low} must be below the end {high}")
    generator = source if seed is None else random.Random(_integer(seed))
    return generator.randrange(low, high)


def _list(value: JSONValue) -> list[JSONValue]:
    if isinstance(value, list):
        return value
    raise ArgumentFault(f"expected an array, not {to_text(value)}")


def _text(value: JSONValue) -> str:
    if isinstance(value, str):
        return value
    raise ArgumentFault(f"expected a string, not {to_text(value)}")


def _short_text(value: JSONValue) -> str:
    text = _text(value)
    if len(text) > MAX_TEXT:
        raise ArgumentFault(f"the text is longer than {MAX_TEXT} characters")
    return text


def _integer(value: JSONValue) -> int:
    # Observed: math_add. Each argument is rounded by itself, halves up: -1.5 is -1.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArgumentFault(f"expected a number, not {to_text(value)}")
    if isinstance(value, int):
        return value
    return max(-_LONG_LIMIT, min(_LONG_LIMIT - 1, math.floor(value + 0.5)))


FORMER: dict[str, Callable[..., JSONValue]] = {
    "States.ArrayContains": array_contains,
    "States.ArrayGetItem": array_get_item,
    "States.ArrayLength": array_length,
    "States.ArrayPartition": array_partition,
    "States.ArrayRange": array_range,
    "States.ArrayUnique": array_unique,
    "States.Base64Decode": base64_decode,
    "States.Base64Encode": base64_encode,
    "States.Format": format_text,
    "States.Hash": hash_text,
    "States.JsonMerge": json_merge,
    "States.MathAdd": math_add,
    "States.MathRandom": math_random,
    "States.StringSplit": string_split,
    "States.StringToJson": string_to_json,
}
