"""Pictures of decimal numbers: ``$formatNumber(1234.5, '#,##0.00')``.

Pure: no clock, no IO. Spec: XPath and XQuery Functions and Operators, "fn:format-number".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from step.asl.jsonata.integers import regular_distance
from step.asl.jsonata.values import JsonataFault

_DEFAULTS = {
    "decimal-separator": ".",
    "grouping-separator": ",",
    "exponent-separator": "e",
    "infinity": "Infinity",
    "minus-sign": "-",
    "NaN": "NaN",
    "percent": "%",
    "per-mille": "\u2030",
    "zero-digit": "0",
    "digit": "#",
    "pattern-separator": ";",
}
_LONGEST_PICTURE = 1_000
_CONTEXT = Context(prec=2_500, Emax=4_000, Emin=-4_000, rounding=ROUND_HALF_EVEN)


@dataclass(slots=True)
class _Picture:
    prefix: str
    suffix: str
    integer: str
    fraction: str
    exponent: str | None
    active: str


def format_number(number: Any, picture: str, options: Mapping[str, Any]) -> str:
    """Write a number as a picture says.

    Raises:
        Fault: D3080 to D3093, what is wrong with the picture.
    """
    given = {
        key: value for key, value in options.items() if key in _DEFAULTS and isinstance(value, str) and value
    }
    signs = _DEFAULTS | given
    if len(picture) > _LONGEST_PICTURE:
        raise JsonataFault(None, f"a picture has at most {_LONGEST_PICTURE:,} characters")
    zero = signs["zero-digit"]
    digits = [chr(ord(zero[0]) + each) for each in range(10)]
    parts = picture.split(signs["pattern-separator"])
    if len(parts) > 2:
        raise JsonataFault(
            "D3080",
            "The second argument of the formatNumber function must contain a maximum of two sub-pictures",
        )
    pictures = [_read(part, signs, digits) for part in parts]
    for each, text in zip(pictures, parts, strict=True):
        _check(each, text, signs, digits)
    chosen = pictures[-1] if number < 0 and len(pictures) == 2 else pictures[0]
    text = _write(Decimal(repr(abs(number))), chosen, signs, digits)
    minus = signs["minus-sign"] if number < 0 and len(pictures) == 1 else ""
    return f"{minus}{chosen.prefix}{text}{chosen.suffix}"


def _read(text: str, signs: Mapping[str, str], digits: list[str]) -> _Picture:
    begins = {*digits, signs["decimal-separator"], signs["grouping-separator"], signs["digit"]}
    start = next((at for at, letter in enumerate(text) if letter in begins), len(text))
    end = next((at + 1 for at in range(len(text) - 1, -1, -1) if text[at] in begins), start)
    active = text[start:end]
    mantissa, separator, exponent = active.partition(signs["exponent-separator"])
    integer, _, fraction = mantissa.partition(signs["decimal-separator"])
    return _Picture(text[:start], text[end:], integer, fraction, exponent if separator else None, active)


def _check(picture: _Picture, text: str, signs: Mapping[str, str], digits: list[str]) -> None:
    point, group, digit = signs["decimal-separator"], signs["grouping-separator"], signs["digit"]
    percent, mille = text.count(signs["percent"]), text.count(signs["per-mille"])
    mantissa = picture.active.partition(signs["exponent-separator"])[0]
    allowed = {*digits, point, group, digit, signs["exponent-separator"]}
    problems = [
        (text.count(point) > 1, "D3081", "more than one instance of the 'decimal-separator' character"),
        (percent > 1, "D3082", "more than one instance of the 'percent' character"),
        (mille > 1, "D3083", "more than one instance of the 'per-mille' character"),
        (bool(percent and mille), "D3084", "both a 'percent' and a 'per-mille' character"),
        (
            not any(letter in digits or letter == digit for letter in mantissa),
            "D3085",
            "no 'digit' or 'decimal digit' character in its mantissa part",
        ),
        (
            not set(picture.active) <= allowed,
            "D3086",
            "a passive character preceded and followed by active ones",
        ),
        (
            group + point in picture.active or point + group in picture.active,
            "D3087",
            "a 'grouping-separator' character that appears adjacent to a 'decimal-separator' character",
        ),
        (
            point not in picture.active and picture.integer.endswith(group),
            "D3088",
            "a 'grouping-separator' at the end of the integer part",
        ),
        (
            group * 2 in picture.active,
            "D3089",
            "two adjacent instances of the 'grouping-separator' character",
        ),
        (
            _out_of_order(picture.integer, digits, digit),
            "D3090",
            "a 'decimal digit' character in the integer part followed by a 'digit' character",
        ),
        (
            _out_of_order(picture.fraction[::-1], digits, digit),
            "D3091",
            "a 'digit' character in the fractional part followed by a 'decimal digit' character",
        ),
        (
            picture.exponent is not None and bool(percent or mille),
            "D3092",
            "a 'percent' or 'per-mille' character beside an 'exponent-separator' character",
        ),
        (
            picture.exponent is not None
            and (not picture.exponent or not set(picture.exponent) <= set(digits)),
            "D3093",
            "an exponent part that isn't one or more 'decimal digit' characters",
        ),
    ]
    for holds, code, what in problems:
        if holds:
            raise JsonataFault(code, f"The sub-picture of the formatNumber function must not contain {what}")


def _out_of_order(part: str, digits: list[str], digit: str) -> bool:
    seen = False
    for letter in part:
        seen = seen or letter in digits
        if seen and letter == digit:
            return True
    return False


def _write(number: Decimal, picture: _Picture, signs: Mapping[str, str], digits: list[str]) -> str:
    least_whole, least_fraction = (
        sum(letter in digits for letter in part) for part in (picture.integer, picture.fraction)
    )
    most_fraction = least_fraction + picture.fraction.count(signs["digit"])
    scale = least_whole
    if least_whole == 0 and most_fraction == 0:
        if picture.exponent is None:
            least_whole = 1
        else:
            least_fraction = most_fraction = 1
    if picture.exponent is not None and least_whole == 0 and signs["digit"] in picture.integer:
        least_whole = 1
    if least_whole == 0 and least_fraction == 0:
        least_fraction = 1
    passive = picture.prefix + picture.suffix
    if signs["percent"] in passive:
        number = number.scaleb(2, _CONTEXT)
    elif signs["per-mille"] in passive:
        number = number.scaleb(3, _CONTEXT)
    exponent = 0
    if picture.exponent is not None and number:
        exponent = number.adjusted() - scale + 1
        number = number.scaleb(-exponent, _CONTEXT)
    rounded = number.quantize(Decimal(1).scaleb(-most_fraction, _CONTEXT), ROUND_HALF_EVEN, _CONTEXT)
    whole, _, fraction = f"{rounded:f}".partition(".")
    whole = whole.lstrip("0").rjust(least_whole, "0")
    fraction = fraction.rstrip("0").ljust(least_fraction, "0")
    group = signs["grouping-separator"]
    whole = _grouped(whole, _from_right(picture.integer, group), group)
    fraction = _grouped_fraction(fraction, picture.fraction, group)
    text = whole + (signs["decimal-separator"] + fraction if fraction else "")
    if picture.exponent is not None:
        sign = signs["minus-sign"] if exponent < 0 else ""
        text += signs["exponent-separator"] + sign + str(abs(exponent)).rjust(len(picture.exponent), "0")
    if digits[0] != "0":
        text = "".join(digits[int(letter)] if letter in "0123456789" else letter for letter in text)
    return text


def _from_right(part: str, group: str) -> list[int]:
    positions = []
    digits_behind = 0
    for letter in reversed(part):
        if letter == group:
            positions.append(digits_behind)
        else:
            digits_behind += 1
    return positions


def _grouped(digits: str, positions: list[int], group: str) -> str:
    every = regular_distance([(position, group) for position in positions])
    if every:
        positions = list(range(every, len(digits), every))
    pieces, at = [], 0
    for position in sorted(positions, reverse=True):
        if position < len(digits):
            pieces.append(digits[at : len(digits) - position])
            at = len(digits) - position
    return group.join([*pieces, digits[at:]])


def _grouped_fraction(digits: str, part: str, group: str) -> str:
    before = 0
    positions = []
    for letter in part:
        if letter == group:
            positions.append(before)
        else:
            before += 1
    pieces, at = [], 0
    for position in positions:
        if position < len(digits):
            pieces.append(digits[at:position])
            at = position
    return group.join([*pieces, digits[at:]])
