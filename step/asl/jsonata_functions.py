"""The functions that AWS adds to JSONata: $partition $range $hash $random $uuid $parse.

Pure: no clock, no IO; those that need randomness take it as their first argument. Knows no JSONata library.
AWS: Step Functions developer guide, "JSONata functions provided by Step Functions".
"""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from step.asl.intrinsic_functions import make_uuid
from step.asl.jsonata_messages import MEMORY_EXCEEDED
from step.jsonvalue import MAX_DEPTH, JSONValue, is_deeper

_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
# As public reports measured AWS's memory bound.
MAX_NUMBERS = 873_782


class _Undefined:
    """JSONata's "nothing", as an argument or a result."""

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Any = _Undefined()


class FunctionFault(Exception):  # noqa: N818 - becomes States.QueryEvaluationError, never seen by users
    """A call that can't be answered; the message says why. ``code`` is JSONata's, where there is one."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class AWSFunction(NamedTuple):
    """A function with its signature in JSONata's notation: how many arguments it takes."""

    call: Callable[..., Any]
    signature: str
    needs_random: bool = False


def partition(items: Any = UNDEFINED, size: Any = UNDEFINED) -> Any:
    if items is UNDEFINED or size is UNDEFINED:
        return UNDEFINED
    # JSONata takes a single value for an array of one.
    items = items if isinstance(items, list) else [items]
    step = _whole("partition", 2, size)
    if step < 1:
        raise FunctionFault(f"The second argument of the partition function must be positive: {size}")
    return [items[start : start + step] for start in range(0, len(items), step)]


def number_range(first: Any = UNDEFINED, last: Any = UNDEFINED, step: Any = UNDEFINED) -> Any:
    """Count from ``first`` up to and including ``last``.

    AWS, as public reports measured it: arguments are rounded towards zero, and the 1,000 numbers of
    ``States.ArrayRange`` are no limit here.
    """
    if UNDEFINED in (first, last, step):
        return UNDEFINED
    start, end, increment = (
        _whole("range", place, value) for place, value in enumerate((first, last, step), 1)
    )
    if increment == 0:
        return UNDEFINED
    numbers = range(start, end + (1 if increment > 0 else -1), increment)
    if not numbers:
        return UNDEFINED
    if (numbers[-1] - start) // increment >= MAX_NUMBERS:
        raise FunctionFault(MEMORY_EXCEEDED)
    return list(numbers)


def hash_text(content: Any = UNDEFINED, algorithm: Any = UNDEFINED) -> Any:
    if content is UNDEFINED or algorithm is UNDEFINED:
        return UNDEFINED
    _text("hash", 1, content)
    name = _ALGORITHMS.get(_text("hash", 2, algorithm))
    if name is None:
        raise FunctionFault(f"The hash algorithm must be one of {', '.join(_ALGORITHMS)}: {algorithm}")
    return hashlib.new(name, content.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def random_number(source: random.Random, seed: Any = UNDEFINED) -> Any:
    """Draw a number in [0, 1); the same seed gives the same number as on AWS, which uses Java's generator."""
    return source.random() if seed is UNDEFINED else _java_double(_whole("random", 1, seed))


def shuffle(source: random.Random, items: Any = UNDEFINED) -> Any:
    """Order anew; JSONata's own function, from the execution's randomness."""
    if items is UNDEFINED:
        return UNDEFINED
    shuffled = list(items) if isinstance(items, list) else [items]
    source.shuffle(shuffled)
    return shuffled


def parse(text: Any = UNDEFINED) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    try:
        value: JSONValue = json.loads(_text("parse", 1, text), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        raise FunctionFault("The argument of the parse function must be valid JSON") from None
    if is_deeper(value, MAX_DEPTH):
        raise FunctionFault("The argument of the parse function is nested too deep")
    return value


def _whole(function: str, place: int, value: Any) -> int:
    """Round a number towards zero."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _mismatch(function, place)
    return math.trunc(value)


def _text(function: str, place: int, value: Any) -> str:
    if not isinstance(value, str):
        raise _mismatch(function, place)
    return value


def _mismatch(function: str, place: int) -> FunctionFault:
    return FunctionFault(
        f'Argument {place} of function "{function}" does not match function signature', "T0410"
    )


def _java_double(seed: int) -> float:
    # The linear congruential generator that java.util.Random documents, and its nextDouble.
    mask = (1 << 48) - 1
    state = (seed ^ 0x5DEECE66D) & mask
    draws = []
    for bits in (26, 27):
        state = (state * 0x5DEECE66D + 0xB) & mask
        draws.append(state >> (48 - bits))
    return ((draws[0] << 27) + draws[1]) / float(1 << 53)


def _refuse(text: str) -> JSONValue:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


FUNCTIONS = {
    "partition": AWSFunction(partition, "<x?x?:x>"),
    "range": AWSFunction(number_range, "<x?x?x?:x>"),
    "hash": AWSFunction(hash_text, "<x?x?:x>"),
    # The library's own $random takes no seed, and both draw from the process's randomness.
    "aws_random": AWSFunction(random_number, "<x?:x>", needs_random=True),
    "aws_shuffle": AWSFunction(shuffle, "<x?:x>", needs_random=True),
    "uuid": AWSFunction(make_uuid, "<:s>", needs_random=True),
    "parse": AWSFunction(parse, "<x?:x>"),
}
