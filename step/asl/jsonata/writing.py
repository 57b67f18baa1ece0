"""Write values as texts: what ``$string`` and ``&`` make of them.

Pure: no clock, no IO. No recursion: what values are nested in each other waits in a list.
Spec: JSONata documentation, "String functions", "$string()"; numbers as ECMAScript writes them.
"""

from __future__ import annotations

import json
import math
from typing import Any

from step.asl.jsonata.values import UNDEFINED, JsonataFault, JsonataFunction
from step.asl.meter import Meter

_encode = json.JSONEncoder(ensure_ascii=False).encode
_EXACT = 1 << 53


def write_number(number: int | float) -> str:
    """Write a number; one that isn't whole with at most 15 digits that count."""
    if type(number) is int:
        return str(number) if -_EXACT <= number <= _EXACT else ecma_text(as_double(number))
    if not math.isfinite(number):
        raise JsonataFault("D1001", f"Number out of range: {number}")
    double = float(number)
    return ecma_text(double if double.is_integer() else float(f"{double:.15g}"))


def as_double(number: int | float) -> float:
    """Give a number as a double.

    Raises:
        Fault: D1001, it is too large for one.
    """
    try:
        return float(number)
    except OverflowError:
        raise JsonataFault("D1001", "Number out of range") from None


def ecma_text(value: float) -> str:
    """Write a double as ECMAScript does: plain from 1e-6 up to 1e21. Spec: ECMA-262, "Number::toString"."""
    if value == 0:
        return "0"
    if math.isinf(value) or value != value:
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    sign = "-" if value < 0 else ""
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = point - 1
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if power > 0 else '-'}{abs(power)}"


def write(value: Any, meter: Meter, *, is_pretty: bool = False) -> str:
    """Write a value: a text as it is, anything else as JSON.

    Raises:
        Fault: D3001, a number that is infinite or none.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]  # kind is str
    if kind is int:
        return write_number(value)
    if value is True or value is False:
        return "true" if value else "false"
    if value is None:
        return "null"
    if value is UNDEFINED or isinstance(value, JsonataFunction):
        return ""
    if kind is float and not math.isfinite(value):
        raise JsonataFault("D3001", "Attempting to invoke string function on Infinity or NaN")
    parts: list[str] = []
    length = 0
    # What is still to be written: values, and texts that are ready.
    pending: list[Any] = [(value, "")]
    while pending:
        item, indent = pending.pop()
        if indent is None:
            text = item
        elif isinstance(item, list | dict):
            _open(item, indent, pending, meter, is_pretty=is_pretty)
            continue
        else:
            text = _scalar(item)
        length += len(text)
        if len(parts) & 1023 == 1023:
            meter.touch(1 << 10)
            meter.make_text(length)
            meter.bytes += 4 * length
        parts.append(text)
    meter.make_text(length)
    return "".join(parts)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _encode(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return write_number(value)
    return '""' if isinstance(value, JsonataFunction) else "null"


def _open(value: Any, indent: str, pending: list[Any], meter: Meter, *, is_pretty: bool) -> None:
    meter.step((len(value) >> 2) + 1)
    is_object = isinstance(value, dict)
    first, last = ("{", "}") if is_object else ("[", "]")
    items = [item for item in value.items() if item[1] is not UNDEFINED] if is_object else value
    if not items:
        pending.append((first + last, None))
        return
    inner = indent + "  " if is_pretty else indent
    before, between = (f"\n{inner}", f",\n{inner}") if is_pretty else ("", ",")
    pending.append(((f"\n{indent}" if is_pretty else "") + last, None))
    if is_pretty and len(inner) > 400:
        raise JsonataFault(None, "a value is nested too deep to be written")
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        if is_object:
            key, item = item
            pending.append((item, inner))
            pending.append((f"{_encode(key)}{': ' if is_pretty else ':'}", None))
        else:
            pending.append((item, inner))
        pending.append((between if index else before, None))
    pending.append((first, None))
