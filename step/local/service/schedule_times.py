"""When a schedule's expression comes next: ``rate``, ``cron`` and ``at``, as EventBridge has them.

Pure: no clock, no IO. AWS: EventBridge Scheduler user guide, "Schedule types".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from step.errors import StepError

_EXPRESSION = re.compile(r"\s*(rate|cron|at)\s*\((.*)\)\s*")
_RATE = re.compile(r"\s*(\d+)\s+(minute|hour|day)s?\s*")
_UNITS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MOST_DAYS = 366 * 12


def next_time(expression: str, after_ms: int, *, anchor_ms: int, timezone: str = "UTC") -> int | None:
    """Give the first moment of a schedule that is later than another, in ms since 1970; None: there is none.

    Args:
        expression: ``rate(1 hour)``, ``cron(0 2 * * ? *)`` or ``at(2026-01-01T02:00:00)``.
        after_ms: What it has to be later than.
        anchor_ms: What a rate counts from.
        timezone: Whose hours a cron and an at mean.

    Raises:
        StepError: it is no such expression.
    """
    found = _EXPRESSION.fullmatch(expression)
    if found is None:
        raise StepError(f"{expression}: expected rate(...), cron(...) or at(...)")
    kind, given = found.groups()
    zone = _zone(timezone)
    if kind == "rate":
        return _next_of_rate(given, after_ms, anchor_ms)
    if kind == "at":
        try:
            at_ms = _in_ms(datetime.fromisoformat(given.strip()).replace(tzinfo=zone))
        except ValueError:
            raise StepError(f"at({given}): expected yyyy-mm-ddThh:mm:ss") from None
        return at_ms if at_ms > after_ms else None
    cron = Cron(given)
    after = datetime.fromtimestamp(after_ms / 1000, UTC).astimezone(zone)
    return next((at_ms for at_ms in map(_in_ms, cron.times(after)) if at_ms > after_ms), None)


def _next_of_rate(given: str, after_ms: int, anchor_ms: int) -> int:
    found = _RATE.fullmatch(given)
    if found is None or int(found[1]) == 0:
        raise StepError(f"rate({given}): expected a number of minutes, hours or days")
    step = int(found[1]) * _UNITS[found[2]]
    return anchor_ms + max(1, (after_ms - anchor_ms) // step + 1) * step


class Cron:
    """Minutes, hours, days of the month, months, days of the week (1 is Sunday), years."""

    def __init__(self, text: str) -> None:
        fields = text.upper().split()
        if len(fields) != 6:
            raise StepError(f"cron({text}): expected six fields")
        minutes, hours, self._days, months, self._weekdays, years = fields
        self._minutes = sorted(_numbers(minutes, 0, 59))
        self._hours = sorted(_numbers(hours, 0, 23))
        self._months = _numbers(_named(months, _MONTHS), 1, 12)
        self._years = _numbers(years, 1970, 2199)
        self._weekdays = _named(self._weekdays, _DAYS)
        # Wrong ones are told before any time is asked for.
        self._is_day(date(2026, 1, 1))

    def times(self, after: datetime) -> Iterator[datetime]:
        """Go through its times, from the day of a moment on."""
        day = after.date()
        for _ in range(_MOST_DAYS):
            if day.year in self._years and day.month in self._months and self._is_day(day):
                for hour in self._hours:
                    for minute in self._minutes:
                        yield datetime(day.year, day.month, day.day, hour, minute, tzinfo=after.tzinfo)
            day += timedelta(days=1)

    def _is_day(self, day: date) -> bool:
        last = calendar.monthrange(day.year, day.month)[1]
        if self._days != "?":
            return day.day in _month_days(self._days, day, last)
        weekday = day.isoweekday() % 7 + 1
        if "#" in self._weekdays:
            wanted, nth = (_number(part) for part in self._weekdays.split("#", 1))
            return weekday == wanted and (day.day - 1) // 7 + 1 == nth
        if self._weekdays.endswith("L"):
            wanted = _number(self._weekdays[:-1] or "7")
            return weekday == wanted and (len(self._weekdays) == 1 or day.day > last - 7)
        return weekday in _numbers(self._weekdays.replace("?", "*"), 1, 7)


def _month_days(field: str, day: date, last: int) -> set[int]:
    if field == "L":
        return {last}
    if field.endswith("W"):
        wanted = last if field == "LW" else min(_number(field[:-1]), last)
        # The weekday that is nearest, within the month.
        near = sorted(range(1, last + 1), key=lambda one: (abs(one - wanted), one))
        return {next(one for one in near if day.replace(day=one).isoweekday() <= 5)}
    return _numbers(field, 1, 31)


def _numbers(field: str, first: int, last: int) -> set[int]:
    """Read a field: ``*``, numbers, ranges and steps, with commas between."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        start, _, end = span.partition("-")
        if span in ("*", "?"):
            low, high = first, last
        else:
            low = _number(start)
            high = _number(end) if end else last if step else low
        if not first <= low <= last or not first <= high <= last or (step and not _number(step)):
            raise StepError(f"cron: {part}: expected {first} to {last}")
        # A range of days may go over the end of the week.
        whole = range(low, high + 1) if low <= high else [*range(low, last + 1), *range(first, high + 1)]
        found.update(whole[:: _number(step) if step else 1])
    return found


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 4:
        raise StepError(f"cron: {text!r} is no number")
    return int(text)


def _named(field: str, names: tuple[str, ...]) -> str:
    for number, name in enumerate(names, start=1):
        field = field.replace(name, str(number))
    return field


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise StepError(f"{name}: no such time zone") from None


def _in_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
