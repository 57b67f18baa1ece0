"""The functions that AWS adds to JSONata: $partition $range $hash $random $uuid $parse.

Pure: no clock, no IO; randomness is the execution's.
AWS: Step Functions developer guide, "JSONata functions provided by Step Functions".
Observed: their signatures, from causes that recordings of the service hold.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from step.asl.intrinsic_functions import make_uuid
from step.asl.jsonata.environment import Evaluation
from step.asl.jsonata.values import UNDEFINED, JsonataFault
from step.asl.meter import MEMORY_EXCEEDED, Exceeded
from step.jsonvalue import MAX_DEPTH, JSONValue, is_deeper

_ALGORITHMS = {"SHA-1": "sha1", "SHA-384": "sha384", "SHA-256": "sha256", "SHA-512": "sha512", "MD5": "md5"}
_LONG_LIMIT = 1 << 63


def _partition(run: Evaluation, _value: Any, items: Any, size: Any) -> Any:
    if items is UNDEFINED:
        return UNDEFINED
    if size is UNDEFINED:
        return [items]
    step = math.trunc(size)
    if step < 0:
        raise JsonataFault("D3137", "Second argument must be zero or greater")
    if step == 0:
        return UNDEFINED
    run.make_array(len(items))
    run.make(64 * (len(items) // step + 1))
    run.step(len(items) // step + 1)
    return [list(items[start : start + step]) for start in range(0, len(items), step)]


def _range(run: Evaluation, _value: Any, first: Any, last: Any, step: Any) -> Any:
    """Count from ``first`` up to and including ``last``.

    AWS, as public reports measured it: arguments are rounded towards zero, and the 1,000 numbers of
    ``States.ArrayRange`` are no limit here.
    """
    if UNDEFINED in (first, last, step):
        return UNDEFINED
    start, end, increment = (math.trunc(number) for number in (first, last, step))
    if increment == 0:
        return UNDEFINED
    numbers = range(start, end + (1 if increment > 0 else -1), increment)
    if not numbers:
        return UNDEFINED
    if (numbers[-1] - start) // increment >= run.limits.numbers:
        raise Exceeded(f"{MEMORY_EXCEEDED} (more than {run.limits.numbers:,} numbers)")
    run.make_array(len(numbers))
    return list(numbers)


def _hash(run: Evaluation, _value: Any, content: Any, algorithm: Any) -> Any:
    if content is UNDEFINED or algorithm is UNDEFINED:
        return UNDEFINED
    name = _ALGORITHMS.get(algorithm)
    if name is None:
        raise JsonataFault("D3137", f"Hash algorithm '{algorithm}' must be one of {', '.join(_ALGORITHMS)}")
    run.touch(len(content))
    return hashlib.new(name, content.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _random(run: Evaluation, _value: Any, seed: Any) -> Any:
    """Draw a number in [0, 1); the same seed gives the same number as on AWS, which uses Java's generator."""
    return run.scope.random.random() if seed is UNDEFINED else _java_double(math.trunc(seed))


def _java_double(seed: int) -> float:
    # The linear congruential generator that java.util.Random documents, and its nextDouble.
    mask = (1 << 48) - 1
    state = (seed ^ 0x5DEECE66D) & mask
    draws = []
    for bits in (26, 27):
        state = (state * 0x5DEECE66D + 0xB) & mask
        draws.append(state >> (48 - bits))
    return ((draws[0] << 27) + draws[1]) / float(1 << 53)


def _uuid(run: Evaluation, _value: Any) -> Any:
    return make_uuid(run.scope.random)


def _parse(run: Evaluation, _value: Any, text: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    # A text of brackets alone makes arrays of some 60 bytes a character.
    run.make(4 * len(text))
    run.step((len(text) >> 6) + 1)
    if _nests_deeper(text):
        raise JsonataFault("D3137", f"Invalid JSON: nested deeper than {MAX_DEPTH} levels")
    try:
        value: JSONValue = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except ValueError:
        raise JsonataFault("D3137", "Invalid JSON") from None
    if is_deeper(value, MAX_DEPTH):
        raise JsonataFault("D3137", f"Invalid JSON: nested deeper than {MAX_DEPTH} levels")
    return value


def _nests_deeper(text: str) -> bool:
    """Say whether brackets outside of texts are open on more levels than are read: before reading recurs."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth, position, in_text = 0, 0, False
    while position < len(text):
        letter = text[position]
        if in_text:
            if letter == "\\":
                position += 1
            elif letter == '"':
                in_text = False
        elif letter == '"':
            in_text = True
        elif letter in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif letter in "]}":
            depth -= 1
        position += 1
    return False


def _refuse(text: str) -> JSONValue:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


FUNCTIONS = {
    "partition": ("<a<*>n?:a>", _partition),
    "range": ("<n?n?n?:a>", _range),
    "hash": ("<ss:s>", _hash),
    "random": ("<n?:n>", _random),
    "uuid": ("<:s>", _uuid),
    "parse": ("<s?:x>", _parse),
}
