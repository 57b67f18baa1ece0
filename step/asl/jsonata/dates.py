"""JSONata's functions over instants, and pictures of dates: both ways.

Pure: no clock, no IO; the time is the execution's.
Spec: JSONata documentation, "Date/Time functions"; XPath Functions and Operators, "fn:format-dateTime".
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, NamedTuple

from step.asl.jsonata.calendar import DAY, LAST, Instant, date_of, days_from
from step.asl.jsonata.environment import Evaluation
from step.asl.jsonata.integers import IntegerPicture
from step.asl.jsonata.values import UNDEFINED, JsonataFault
from step.asl.regex import compile_regex
from step.jsonvalue import to_text

_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTHS = ["January", "February", "March", "April", "May", "June"]
_MONTHS += ["July", "August", "September", "October", "November", "December"]
_DEFAULTS = {
    **{"Y": "1", "M": "1", "D": "1", "d": "1", "F": "n", "W": "1", "w": "1", "X": "1", "x": "1", "H": "1"},
    **{"h": "1", "P": "n", "m": "01", "s": "01", "f": "1", "Z": "01:01", "z": "01:01", "C": "n", "E": "n"},
}
_ISO = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"
_NUMBERS = "YMDdFWwXxHhmsf"
_LONGEST_PICTURE = 500
_TIMESTAMP = re.compile(
    r"(\d{4})(?:-([01]\d))?(?:-([0-3]\d))?(?:T([0-2]\d):([0-5]\d)(?::([0-5]\d))?)?(?:\.(\d+))?([+-][0-2]\d:?[0-5]\d|Z)?"
)


class _Marker(NamedTuple):
    """A part of a picture: a literal text, or a component with how it is written."""

    literal: str | None = None
    component: str = ""
    names: str = ""
    second: str = ""
    integer: IntegerPicture | None = None
    most: int | None = None
    # A year's last digits; 0: all of them.
    digits: int = 0


@lru_cache(maxsize=256)
def _read(picture: str) -> tuple[_Marker, ...]:
    if len(picture) > _LONGEST_PICTURE:
        raise JsonataFault(None, f"a picture has at most {_LONGEST_PICTURE:,} characters")
    parts: list[_Marker] = []
    literal = ""
    position = 0
    while position < len(picture):
        letter = picture[position]
        if letter != "[" or picture.startswith("[[", position):
            # Doubled brackets stand for themselves.
            literal += letter
            position += 2 if picture[position : position + 2] in ("[[", "]]") else 1
            continue
        if literal:
            parts.append(_Marker(literal))
            literal = ""
        end = picture.find("]", position)
        if end < 0:
            raise JsonataFault("D3135", "No matching closing bracket ']' in date/time picture string")
        parts.append(_marker("".join(picture[position + 1 : end].split()), parts))
        position = end + 1
    if literal:
        parts.append(_Marker(literal))
    return tuple(parts)


def _marker(text: str, before: list[_Marker]) -> _Marker:
    component, rest = text[:1], text[1:]
    modifier, comma, width = rest.rpartition(",")
    if not comma:
        modifier, width = rest, ""
    least, most = _widths(width)
    if component not in _DEFAULTS or not component:
        raise JsonataFault(
            "D3132", f"Unknown component specifier {to_text(component)} in date/time picture string"
        )
    second = ""
    if len(modifier) > 1 and modifier[-1] in "atco":
        modifier, second = modifier[:-1], modifier[-1]
    presentation = modifier or _DEFAULTS[component]
    if presentation[0] in "nN":
        names = "lower" if presentation[0] == "n" else "title" if presentation[1:2] == "n" else "upper"
        return _Marker(component=component, names=names, second=second, most=most)
    integer = IntegerPicture.from_text(presentation + (";o" if second == "o" else ""))
    digits = 0
    if component in _NUMBERS:
        if least is not None:
            integer.least_digits = max(integer.least_digits, min(least, _LONGEST_PICTURE))
        if component == "Y":
            wanted = integer.least_digits + integer.optional_digits
            digits = wanted if wanted >= 2 else 0
            if most is not None:
                digits = integer.least_digits = most
        last = before[-1] if before else None
        if last is not None and last.literal is None and last.integer is not None:
            # Numbers without a sign between them are as long as their pictures say.
            last.integer.width = last.integer.least_digits
    return _Marker(component=component, second=second, integer=integer, most=most, digits=digits)


def _widths(text: str) -> tuple[int | None, int | None]:
    least, dash, most = text.partition("-")
    numbers = []
    for part in (least, most if dash else ""):
        numbers.append(min(int(part), _LONGEST_PICTURE) if part.isdecimal() else None)
    return numbers[0], numbers[1]


# ---------------------------------------------------------------- writing


def format_instant(millis: int, picture: str | None, zone: str | None) -> str:
    """Write an instant as a picture says, at an offset such as "+0100".

    Raises:
        Fault: what is wrong with the picture.
    """
    hours = minutes = 0
    if zone:
        found = re.match(r"[+-]?\d{1,6}", zone)
        offset = int(found.group()) if found else 0
        hours, minutes = math.floor(offset / 100), int(math.fmod(offset, 100))
    shifted = millis + (60 * hours + minutes) * 60_000
    if abs(shifted) > LAST:
        raise JsonataFault(None, f"there is no date {millis} milliseconds from 1970")
    instant = Instant.of(shifted)
    return "".join(
        part.literal if part.literal is not None else _write(part, instant, hours, minutes)
        for part in _read(_ISO if picture is None else picture)
    )


def _write(part: _Marker, instant: Instant, hours: int, minutes: int) -> str:
    match part.component:
        case "Z" | "z":
            return _write_zone(part, hours, minutes)
        case "P":
            text = "am" if instant.part("H") < 12 else "pm"
            return text.upper() if part.names == "upper" else text
        case "C" | "E":
            return "ISO"
    number = instant.part(part.component)
    if part.component == "Y" and part.digits:
        number %= 10**part.digits
    if not part.names:
        assert part.integer is not None
        return part.integer.write(number)
    if part.component in "Mx":
        name = _MONTHS[number - 1]
    elif part.component == "F":
        name = _DAYS[number - 1]
    else:
        raise _no_name(part.component)
    name = name.upper() if part.names == "upper" else name.lower() if part.names == "lower" else name
    return name[: part.most]


def _no_name(component: str) -> JsonataFault:
    message = "The 'name' modifier can only be applied to months and days in the date/time picture string"
    return JsonataFault("D3133", f"{message}, not {component}")


def _write_zone(part: _Marker, hours: int, minutes: int) -> str:
    offset = hours * 100 + minutes
    picture = part.integer
    if picture is None:
        picture = IntegerPicture.from_text("01:01")
    if picture.every:
        text = picture.write(offset)
    elif picture.least_digits in (1, 2):
        text = picture.write(hours)
        if minutes:
            text += ":" + IntegerPicture.from_text("00").write(minutes)
    elif picture.least_digits in (3, 4):
        text = picture.write(offset)
    else:
        raise JsonataFault("D3134", "The timezone integer format specifier cannot have more than four digits")
    if offset >= 0:
        text = "+" + text
    if part.component == "z":
        text = "GMT" + text
    return "Z" if offset == 0 and part.second == "t" else text


# ---------------------------------------------------------------- reading


def _pattern(part: _Marker) -> str:
    if part.literal is not None:
        return "".join(f"\\u{ord(letter):04x}" if not letter.isalnum() else letter for letter in part.literal)
    if part.component in "Zz":
        separator = part.integer.separators[0][1] if part.integer and part.integer.separators else ""
        behind = f"\\u{ord(separator):04x}[0-9]+" if separator else ""
        return f"{'GMT' if part.component == 'z' else ''}[-+][0-9]+{behind}"
    if part.names or part.component == "P":
        if part.component not in "MxFPCE":
            raise _no_name(part.component)
        return "[a-zA-Z]+"
    assert part.integer is not None
    return part.integer.pattern()


def _value(part: _Marker, text: str) -> int:
    if part.component in "Zz":
        return _zone_minutes(part, text.removeprefix("GMT"))
    if part.component == "P":
        return {"am": 0, "AM": 0, "pm": 1, "PM": 1}[text]
    if part.names:
        names = _DAYS if part.component == "F" else _MONTHS
        short = [name[: part.most].lower() for name in names]
        return short.index(text.lower()) + 1
    assert part.integer is not None
    return part.integer.read(text)


def _zone_minutes(part: _Marker, text: str) -> int:
    separator = part.integer.separators[0][1] if part.integer and part.integer.separators else ""
    if separator:
        hours, _, minutes = text.partition(separator)
    elif len(text) <= 3:
        hours, minutes = text, "0"
    else:
        hours, minutes = text[:3], text[3:]
    size = abs(int(hours)) * 60 + int(minutes)
    return -size if text.startswith("-") else size


def read_instant(run: Evaluation, text: str, picture: str) -> Any:
    """Read a text that a picture describes; give milliseconds since 1970, or nothing where it doesn't fit.

    Raises:
        Fault: what is wrong with the picture, or D3136: parts are missing in between.
    """
    parts = _read(picture)
    pattern = "^" + "".join(f"({_pattern(part)})" for part in parts) + "$"
    found = compile_regex(pattern, "i").search(text, 0, run)
    if found is None:
        return UNDEFINED
    components: dict[str, int] = {}
    try:
        for part, group in zip(parts, found.groups, strict=True):
            if part.literal is None and part.component not in "CE":
                components[part.component] = _value(part, group or "")
    except (KeyError, ValueError):
        return UNDEFINED
    return _millis(components, run.scope.now) if components else UNDEFINED


def _millis(components: dict[str, int], now: int) -> int:
    """Put the parts together; what is larger than all of them is of today, what is smaller is the first."""
    given = set(components)
    # The year is needed for the day of the year; the year of a week stands with weeks.
    by_day = "d" in given and not given & set("MD")
    by_week = "X" in given
    if by_week:
        raise JsonataFault(
            "D3136", "The date/time picture string is missing specifiers required to parse the timestamp"
        )
    by_half = bool(given & set("Ph")) and "H" not in given
    order = ("Yd" if by_day else "YMD") + ("Phmsf" if by_half else "Hmsf")
    has_started = has_ended = False
    today = Instant.of(now)
    for component in order:
        if component in components:
            has_started = True
            if has_ended:
                message = "The date/time picture string is missing specifiers required to parse the timestamp"
                raise JsonataFault("D3136", message)
        elif has_started:
            components[component] = 1 if component in "MDd" else 0
            has_ended = True
        else:
            components[component] = 0 if component == "P" else today.part(component)
    if by_half:
        components["H"] = components["h"] % 12 + 12 * components["P"]
    year = components["Y"]
    days = (
        days_from(year, 1, components["d"]) if by_day else days_from(year, components["M"], components["D"])
    )
    clock = (components["H"] * 60 + components["m"]) * 60_000 + components["s"] * 1_000 + components["f"]
    zone = components.get("Z", components.get("z", 0))
    return days * DAY + clock - zone * 60_000


def _read_iso(text: str) -> int:
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    date = int(year), int(month or 1), int(day or 1)
    days = days_from(*date)
    if date_of(days) != date or int(hour or 0) > 24:
        raise ValueError(text)
    millis = int(((fraction or "") + "000")[:3])
    offset = 0
    if zone and zone != "Z":
        offset = int(zone[:3]) * 60 + int(zone[0] + zone[-2:])
    clock = ((int(hour or 0) * 60 + int(minute or 0) - offset) * 60 + int(second or 0)) * 1_000
    return days * DAY + clock + millis


# ---------------------------------------------------------------- functions


def _now(run: Evaluation, _value: Any, picture: Any, zone: Any) -> Any:
    return _from_millis(run, UNDEFINED, run.scope.now, picture, zone)


def _millis_now(run: Evaluation, _value: Any) -> Any:
    return run.scope.now


def _from_millis(run: Evaluation, _value: Any, number: Any, picture: Any, zone: Any) -> Any:
    if number is UNDEFINED:
        return UNDEFINED
    run.step(30)
    if not abs(number) <= LAST:
        raise JsonataFault(None, f"there is no date {number} milliseconds from 1970")
    given = None if picture is UNDEFINED else picture
    return format_instant(math.floor(number), given, None if zone is UNDEFINED else zone)


def _to_millis(run: Evaluation, _value: Any, text: Any, picture: Any) -> Any:
    if text is UNDEFINED:
        return UNDEFINED
    run.step(30 + len(text))
    if picture is not UNDEFINED:
        return read_instant(run, text, picture)
    try:
        return _read_iso(text)
    except ValueError:
        said = "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given"
        raise JsonataFault("D3110", f"{said} {to_text(text)[:2000]}") from None


FUNCTIONS = {
    "now": ("<s?s?:s>", _now),
    "millis": ("<:n>", _millis_now),
    "fromMillis": ("<n-s?s?:s>", _from_millis),
    "toMillis": ("<s-s?:n>", _to_millis),
}
