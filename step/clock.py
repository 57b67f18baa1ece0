"""Time as text and as numbers; the only module of step that reads the wall clock.

Pure but for ``now_ms``, ``elapsed`` and ``pause``; knows no other module of step.
"""

from __future__ import annotations

import re
import time
from datetime import date, datetime, timedelta

_NS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)


def now_ms() -> int:
    """Read the wall clock: milliseconds since 1970 in UTC."""
    return time.time_ns() // 1_000_000


def elapsed() -> float:
    """Read a clock that nobody sets, in seconds from some moment: for what a connection may take."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Let real time pass: between two looks at something that is far away."""
    time.sleep(seconds)


def parse_timestamp(text: str) -> int | None:
    """Read an RFC 3339 timestamp as nanoseconds since 1970 in UTC, or None where it isn't one.

    Spec: ASL "Timestamps": an uppercase T and Z or a numeric offset; a fraction of up to nine digits.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = found.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    minutes = days * 1440 + int(hour) * 60 + int(minute)
    if sign:
        offset = int(offset_hours) * 60 + int(offset_minutes)
        minutes += offset if sign == "-" else -offset
    return (minutes * 60 + int(second)) * _NS + (int(fraction.ljust(9, "0")) if fraction else 0)


def format_timestamp(time_ms: int) -> str:
    """Write milliseconds since 1970 as AWS does: ``2026-01-02T03:04:05.678Z``."""
    return (_EPOCH + timedelta(milliseconds=time_ms)).isoformat(timespec="milliseconds") + "Z"
