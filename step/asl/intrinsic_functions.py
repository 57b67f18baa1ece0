"""The 18 intrinsic functions as plain functions over JSON values.

Pure: no clock, no IO; the two that need randomness take it as their first argument.
AWS: Step Functions developer guide, "Intrinsics for JSONPath states".
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from step.asl.java_json import explain
from step.asl.java_text import to_java_text
from step.asl.java_values import JavaRandom, hash_set
from step.jsonvalue import MAX_DEPTH, JSONValue, is_deeper, to_text

MAX_TEXT = 10_000
MAX_RANGE = 1_000
# What AWS adds and draws are Java's Integers.
INT_LIMIT = 1 << 31
_NO_JSON = "Cannot convert String to Json in States.StringToJson, caused by"
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_FROM_URL_SAFE = str.maketrans("-_", "+/")
ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


class ArgumentFault(Exception):  # noqa: N818 - becomes States.Runtime, never seen by users
    """Arguments that the function can't take. The text is AWS's reason, without it "Invalid arguments"."""


class IntrinsicFunction(NamedTuple):
    """A function with its number of arguments (``most`` None: any number).

    ``arity`` is what AWS adds to its reason where the number is wrong.
    """

    call: Callable[..., JSONValue]
    least: int
    most: int | None
    needs_random: bool = False
    arity: str = ""

    def takes(self, count: int) -> bool:
        """Say whether the function takes so many arguments."""
        return count >= self.least and (self.most is None or count <= self.most)


# -- arrays


def array(*items: JSONValue) -> JSONValue:
    return list(items)


def array_partition(items: JSONValue, size: JSONValue) -> JSONValue:
    whole, step = _list(items), _integer(size)
    if step < 1:
        raise ArgumentFault
    return [whole[start : start + step] for start in range(0, len(whole), step)]


def array_contains(items: JSONValue, wanted: JSONValue) -> JSONValue:
    return any(_is_found(item, wanted) for item in _list(items))


def array_range(first: JSONValue, last: JSONValue, step: JSONValue) -> JSONValue:
    start, end, increment = _integer(first), _integer(last), _integer(step)
    if increment == 0:
        raise ArgumentFault
    numbers = range(start, end + (1 if increment > 0 else -1), increment)
    if numbers and (numbers[-1] - start) // increment >= MAX_RANGE:
        raise ArgumentFault
    return list(numbers)


def array_get_item(items: JSONValue, index: JSONValue) -> JSONValue:
    # Published: an index past the end gives null.
    whole, place = _list(items), _integer(index)
    if place < 0:
        raise ArgumentFault
    return whole[place] if place < len(whole) else None


def array_length(items: JSONValue) -> JSONValue:
    return len(_list(items))


def array_unique(items: JSONValue) -> JSONValue:
    # Published: [true, false] gives [false, true], which is the order of Java's HashSet.
    return hash_set(_list(items))


# -- text and JSON


def format_text(template: JSONValue, *values: JSONValue) -> JSONValue:
    parts = split_template(_text(template))
    if len(parts) != len(values) + 1:
        raise ArgumentFault
    texts = (to_java_text(value) for value in values)
    return parts[0] + "".join(text + part for text, part in zip(texts, parts[1:], strict=True))


def split_template(template: str) -> list[str]:
    r"""Split a format template at its ``{}``, and resolve ``\'``, ``\\``, ``\{`` and ``\}``.

    Raises:
        ArgumentFault: a brace stands without the other one.
    """
    parts = [""]
    position = 0
    while position < len(template):
        letter = template[position]
        if letter == "{":
            if not template.startswith("{}", position):
                raise ArgumentFault("Invalid template in States.Format: matching '}' not found for '{'.")
            parts.append("")
            position += 2
            continue
        if letter == "}":
            raise ArgumentFault("Invalid template in States.Format: matching '{' not found for '}'.")
        if letter == "\\" and template[position + 1 : position + 2] in ("'", "\\", "{", "}"):
            position += 1
        parts[-1] += template[position]
        position += 1
    return parts


def string_to_json(text: JSONValue) -> JSONValue:
    # Observed: string_to_json, where "" and " " give null. Jackson reads the first value and no more.
    source = _text(text).lstrip(" \t\r\n")
    if not source:
        return None
    try:
        value: JSONValue = _DECODER.raw_decode(source)[0]
    except (ValueError, RecursionError):
        reason = explain(str(text))
        raise ArgumentFault(f"{_NO_JSON}: {reason}" if reason else "") from None
    if is_deeper(value, MAX_DEPTH):
        raise ArgumentFault
    return value


def json_to_string(value: JSONValue) -> JSONValue:
    return to_text(value)


def json_merge(first: JSONValue, second: JSONValue, is_deep: JSONValue) -> JSONValue:
    # AWS: only shallow merging is supported.
    if not isinstance(first, dict) or not isinstance(second, dict) or is_deep is not False:
        raise ArgumentFault
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
    """Decode what is Base64 in a text, up to its first padding, as Commons Codec does.

    Published: "abc" and "ab==cd" are taken.
    """
    digits = _NO_BASE64.sub("", _short_text(text).partition("=")[0].translate(_FROM_URL_SAFE))
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return base64.b64decode(digits + "=" * (-len(digits) % 4)).decode("utf-8", "replace")


def hash_text(data: JSONValue, algorithm: JSONValue) -> JSONValue:
    name = ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if name is None:
        raise ArgumentFault
    text = _short_text(data if isinstance(data, str) else to_text(data))
    return hashlib.new(name, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


# -- numbers and randomness


def math_add(left: JSONValue, right: JSONValue) -> JSONValue:
    total = _rounded(left) + _rounded(right)
    if not -INT_LIMIT <= total < INT_LIMIT:
        raise ArgumentFault
    return total


def math_random(source: random.Random, start: JSONValue, end: JSONValue, *seed: JSONValue) -> JSONValue:
    # Observed: MathRandom(1, 100, 42) is 63, as Java's generator draws it.
    low, high = _integer(start), _integer(end)
    if low >= high or high - low >= INT_LIMIT:
        raise ArgumentFault
    if not seed:
        return source.randrange(low, high)
    return low + JavaRandom(_integer(seed[0])).next_int(high - low)


def make_uuid(source: random.Random, *_: JSONValue) -> JSONValue:
    # Observed: arguments are taken and ignored. Version 4, variant 1, as in RFC 9562.
    bits = source.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (0x4 << 76) | (0x2 << 62)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _is_found(item: Any, wanted: Any) -> bool:
    """Compare as the filters of Jayway's JSONPath do, with which AWS looks for an item.

    Published: a number is found among texts. The item's kind decides how the two are compared.
    """
    if _is_number(item) and isinstance(wanted, str):
        return bool(_number_of(wanted) == item)
    if isinstance(item, str) and _is_number(wanted):
        return bool(item == to_java_text(wanted))
    return is_same(item, wanted)


def is_same(left: Any, right: Any) -> bool:
    """Compare two JSON values; ``true`` isn't ``1``, ``1`` is ``1.0``."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(is_same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(is_same(left[key], right[key]) for key in left)
    return bool(left == right)


def _list(value: JSONValue) -> list[JSONValue]:
    if isinstance(value, list):
        return value
    raise ArgumentFault


def _text(value: JSONValue) -> str:
    if isinstance(value, str):
        return value
    raise ArgumentFault


def _short_text(value: JSONValue) -> str:
    text = _text(value)
    if len(text) > MAX_TEXT:
        raise ArgumentFault
    return text


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number_of(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _rounded(value: JSONValue) -> int:
    # Observed: math_add. Each argument is rounded by itself, halves up: -1.5 is -1.
    return _int32(math.floor(value + 0.5) if isinstance(value, float) and math.isfinite(value) else value)


def _integer(value: JSONValue) -> int:
    # Published: what MathAdd rounds the other functions cut off; the documentation says that all round.
    return _int32(math.trunc(value) if isinstance(value, float) and math.isfinite(value) else value)


def _int32(value: JSONValue) -> int:
    if type(value) is int and -INT_LIMIT <= value < INT_LIMIT:
        return value
    raise ArgumentFault


def refuse_constant(text: str) -> JSONValue:
    raise ValueError(text)


def finite_float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


_DECODER = json.JSONDecoder(parse_constant=refuse_constant, parse_float=finite_float)
_ONE = ": only a single argument is allowed."
FUNCTIONS: dict[str, IntrinsicFunction] = {
    "States.Array": IntrinsicFunction(array, 0, None),
    "States.ArrayContains": IntrinsicFunction(array_contains, 2, 2),
    "States.ArrayGetItem": IntrinsicFunction(array_get_item, 2, 2),
    "States.ArrayLength": IntrinsicFunction(array_length, 1, 1),
    "States.ArrayPartition": IntrinsicFunction(array_partition, 2, 2),
    "States.ArrayRange": IntrinsicFunction(array_range, 3, 3),
    "States.ArrayUnique": IntrinsicFunction(array_unique, 1, 1),
    "States.Base64Decode": IntrinsicFunction(base64_decode, 1, 1),
    "States.Base64Encode": IntrinsicFunction(base64_encode, 1, 1),
    "States.Format": IntrinsicFunction(format_text, 1, None),
    "States.Hash": IntrinsicFunction(hash_text, 2, 2),
    "States.JsonMerge": IntrinsicFunction(json_merge, 3, 3),
    "States.JsonToString": IntrinsicFunction(json_to_string, 1, 1, arity=_ONE),
    "States.MathAdd": IntrinsicFunction(math_add, 2, 2),
    "States.MathRandom": IntrinsicFunction(math_random, 2, 3, needs_random=True),
    "States.StringSplit": IntrinsicFunction(string_split, 2, 2),
    # Assumed of its sibling: no recording has its wrong number of arguments.
    "States.StringToJson": IntrinsicFunction(string_to_json, 1, 1, arity=_ONE),
    "States.UUID": IntrinsicFunction(make_uuid, 0, None, needs_random=True),
}
