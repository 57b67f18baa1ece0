"""Instants and the parts of a date, over all years that ECMAScript knows.

Pure: no clock, no IO. Spec: ECMA-262, "Time Values and Time Range"; ISO 8601, weeks.
"""

from __future__ import annotations

from typing import NamedTuple

DAY = 86_400_000
# ECMA-262: a time value is at most so many milliseconds from 1970.
LAST = 8_640_000_000_000_000


class Date(NamedTuple):
    year: int
    month: int
    day: int


def days_from(year: int, month: int, day: int) -> int:
    """Count the days from 1970-01-01; a month beyond 12 and a day beyond the month's end go on."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    # Years that begin in March have their leap day at the end; 400 of them have 146,097 days.
    shifted = year - (month <= 2)
    era, of_era = divmod(shifted, 400)
    of_year = (153 * ((month - 3) % 12) + 2) // 5
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468 + day - 1


def date_of(days: int) -> Date:
    """Give the date so many days after 1970-01-01."""
    era, of_era = divmod(days + 719_468, 146_097)
    year_of_era = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return Date(era * 400 + year_of_era + (month <= 2), month, day)


def weekday(days: int) -> int:
    """Give the day of the week: Monday is 1, Sunday 7."""
    return (days + 3) % 7 + 1


def first_week(year: int, month: int) -> int:
    """Give the Monday of a month's (or a year's) first week, which has its Thursday in it."""
    first = days_from(year, month, 1)
    day = weekday(first)
    return first + 8 - day if day > 4 else first - day + 1


class Instant(NamedTuple):
    """An instant as a clock shows it."""

    days: int
    millis: int

    @classmethod
    def of(cls, millis: int) -> Instant:
        return cls(*divmod(millis, DAY))

    @property
    def date(self) -> Date:
        return date_of(self.days)

    def part(self, component: str) -> int:
        """Give the part that a component's letter names."""
        year, month, day = self.date
        match component:
            case "Y":
                return year
            case "M":
                return month
            case "D":
                return day
            case "d":
                return self.days - days_from(year, 1, 1) + 1
            case "F":
                return weekday(self.days)
            case "W":
                return self._week(1, 12)
            case "w":
                return self._week(month, 1)
            case "X":
                if self.days < first_week(year, 1):
                    return year - 1
                return year + 1 if self.days >= first_week(year + 1, 1) else year
            case "x":
                if self.days < first_week(year, month):
                    return (month - 2) % 12 + 1
                return month % 12 + 1 if self.days >= first_week(year, month + 1) else month
            case "H":
                return self.millis // 3_600_000
            case "h":
                return (self.millis // 3_600_000 - 1) % 12 + 1
            case "m":
                return self.millis // 60_000 % 60
            case "s":
                return self.millis // 1_000 % 60
            case "f":
                return self.millis % 1_000
        raise AssertionError(component)

    def _week(self, month: int, months: int) -> int:
        year = self.date.year
        start = first_week(year, month)
        if self.days < start:
            start = first_week(year, month - months)
        elif self.days >= first_week(year, month + months):
            return 1
        return (self.days - start) // 7 + 1
