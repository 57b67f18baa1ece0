"""JSONata's functions over numbers.

Pure: no clock, no IO. Numbers are doubles, whole ones below 2^53 without a point.
Spec: JSONata documentation, "Numeric functions".
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from step.asl.jsonata.decimals import format_number
from step.asl.jsonata.environment import Evaluation
from step.asl.jsonata.integers import IntegerPicture
from step.asl.jsonata.operators import whole
from step.asl.jsonata.values import UNDEFINED, JsonataFault
from step.asl.jsonata.writing import as_double, write
from step.jsonvalue import to_text

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_BASES = {"0x": 16, "0o": 8, "0b": 2}
_CONTEXT = Context(prec=800, Emax=2_000, Emin=-2_000, rounding=ROUND_HALF_EVEN)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def total(numbers: list[Any]) -> Any:
    """Add numbers up, one after the other, as doubles."""
    if all(type(number) is int for number in numbers):
        return whole(sum(numbers))
    result = 0.0
    for number in numbers:
        result += as_double(number)
    return whole(result)


def quotient(number: Any, divisor: int) -> Any:
    return whole(as_double(number) / divisor)


def _number(run: Evaluation, _value: Any, value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return value
    run.touch(len(value))
    base = _BASES.get(value[:2].lower())
    try:
        if base is not None:
            if len(value) > 300:
                raise ValueError
            return whole(int(value[2:], base))
        if _NUMBER.fullmatch(value):
            number = float(value)
            if math.isfinite(number):
                return whole(number)
    except ValueError:
        pass
    raise JsonataFault("D3030", f"Unable to cast value to a number: {to_text(value)[:2000]}")


def _abs(_run: Evaluation, _value: Any, number: Any) -> Any:
    return UNDEFINED if number is UNDEFINED else abs(number)


def _floor(_run: Evaluation, _value: Any, number: Any) -> Any:
    return UNDEFINED if number is UNDEFINED else whole(math.floor(number))


def _ceil(_run: Evaluation, _value: Any, number: Any) -> Any:
    return UNDEFINED if number is UNDEFINED else whole(math.ceil(number))


def _round(_run: Evaluation, _value: Any, number: Any, precision: Any) -> Any:
    return (
        UNDEFINED if number is UNDEFINED else round_even(number, 0 if precision is UNDEFINED else precision)
    )


def round_even(number: Any, places: Any) -> Any:
    """Round to so many places behind the point, halves to the even neighbour."""
    digits = max(-400, min(400, math.trunc(places)))
    scaled = Decimal(repr(number)).scaleb(digits, _CONTEXT)
    rounded = scaled.to_integral_value(ROUND_HALF_EVEN, _CONTEXT).scaleb(-digits, _CONTEXT)
    return whole(float(rounded) + 0.0)


def _sqrt(_run: Evaluation, _value: Any, number: Any) -> Any:
    if number is UNDEFINED:
        return UNDEFINED
    if number < 0:
        raise JsonataFault("D3060", f"The sqrt function cannot be applied to a negative number: {number}")
    return whole(math.sqrt(as_double(number)))


def _power(_run: Evaluation, _value: Any, base: Any, exponent: Any) -> Any:
    if base is UNDEFINED:
        return UNDEFINED
    try:
        result = math.pow(as_double(base), as_double(exponent))
    except (OverflowError, ValueError):
        result = math.inf
    if not math.isfinite(result):
        said = "The power function has resulted in a value that cannot be represented as a JSON number"
        message = f"{said}: base={base}, exponent={exponent}"
        raise JsonataFault("D3061", message)
    return whole(result)


def _format_base(_run: Evaluation, _value: Any, number: Any, radix: Any) -> Any:
    if number is UNDEFINED:
        return UNDEFINED
    base = 10 if radix is UNDEFINED else math.trunc(round_even(radix, 0))
    if not 2 <= base <= 36:
        raise JsonataFault(
            "D3100", f"The radix of the formatBase function must be between 2 and 36. It was given {base}"
        )
    size = int(round_even(number, 0))
    digits, left = "", abs(size)
    while left or not digits:
        digits = _DIGITS[left % base] + digits
        left //= base
    return f"-{digits}" if size < 0 else digits


def _format_integer(run: Evaluation, _value: Any, number: Any, picture: Any) -> Any:
    if number is UNDEFINED:
        return UNDEFINED
    run.step(len(picture))
    # A double's shortest text, not the long integer that it is next to.
    size = math.floor(number) if abs(number) < 1 << 53 else int(Decimal(repr(number)))
    return IntegerPicture.from_text(picture).write(size)


def _parse_integer(run: Evaluation, _value: Any, text: Any, picture: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.step(len(picture) + len(text))
    try:
        return whole(IntegerPicture.from_text(picture).read(text))
    except (ValueError, KeyError, TypeError):
        said = "The argument of the parseInteger function can't be read as the picture says"
        raise JsonataFault("D3137", f"{said}: {write(text, run)[:200]}") from None


def _format_number(run: Evaluation, _value: Any, number: Any, picture: Any, options: Any) -> Any:
    if number is UNDEFINED:
        return UNDEFINED
    run.step(20 + len(picture))
    return format_number(number, picture, {} if options is UNDEFINED else options)


FUNCTIONS = {
    "number": ("<(nsb)-:n>", _number),
    "abs": ("<n-:n>", _abs),
    "floor": ("<n-:n>", _floor),
    "ceil": ("<n-:n>", _ceil),
    "round": ("<n-n?:n>", _round),
    "sqrt": ("<n-:n>", _sqrt),
    "power": ("<n-n:n>", _power),
    "formatBase": ("<n-n?:s>", _format_base),
    "formatInteger": ("<n-s:s>", _format_integer),
    "parseInteger": ("<s-s:n>", _parse_integer),
    "formatNumber": ("<n-so?:s>", _format_number),
}
