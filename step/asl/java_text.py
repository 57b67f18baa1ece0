"""Values as AWS's service, which is written in Java, puts them into texts: ``States.Format``, causes.

Pure: no clock, no IO.
"""

from __future__ import annotations

from step.jsonvalue import JSONValue

_INT_LIMIT = 1 << 31
_LONG_LIMIT = 1 << 63


def to_java_text(value: JSONValue) -> str:
    """Write a value as Java's ``toString`` does: ``{a=1, b=[x, null]}``.

    Observed: intrinsics, States.Format with objects.
    """
    kind = type(value)
    if kind is str:
        return value  # type: ignore[return-value]  # kind is str
    if kind is int:
        return str(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _double_text(value)
    if isinstance(value, list):
        return f"[{', '.join(map(to_java_text, value))}]"
    assert isinstance(value, dict)
    return f"{{{', '.join(f'{key}={to_java_text(item)}' for key, item in value.items())}}}"


def name_java_type(value: JSONValue) -> str:
    """Name the Java class that holds the value in AWS's JSON library."""
    if isinstance(value, int) and not isinstance(value, bool):
        if -_INT_LIMIT <= value < _INT_LIMIT:
            return "java.lang.Integer"
        return "java.lang.Long" if -_LONG_LIMIT <= value < _LONG_LIMIT else "java.math.BigInteger"
    names = {
        type(None): "null",
        bool: "java.lang.Boolean",
        float: "java.lang.Double",
        str: "java.lang.String",
        list: "java.util.ArrayList",
        dict: "java.util.LinkedHashMap",
    }
    return names[type(value)]


def _double_text(value: float) -> str:
    # Java: plain notation from 1e-3 up to 1e7, else one digit before the point and E.
    text = repr(value)
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return text
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    power = int(exponent or 0) + len(digits) - len(fraction) - 1
    digits = digits.rstrip("0")
    return f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:] or '0'}E{power}"
