"""When schedules come: a table of expressions, with AWS's own examples among them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from step.errors import StepError
from step.local.service.schedule_times import next_time


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def times(expression: str, after: str, count: int = 3, timezone: str = "UTC") -> list[str]:
    found, now = [], at(after)
    for _ in range(count):
        moment = next_time(expression, now, anchor_ms=at(after), timezone=timezone)
        if moment is None:
            break
        found.append(datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M"))
        now = moment
    return found


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("rate(1 minute)", "2026-01-01T00:00", ["2026-01-01T00:01", "2026-01-01T00:02", "2026-01-01T00:03"]),
        ("rate(5 hours)", "2026-01-01T00:30", ["2026-01-01T05:30", "2026-01-01T10:30", "2026-01-01T15:30"]),
        ("rate(7 days)", "2026-02-26T00:00", ["2026-03-05T00:00", "2026-03-12T00:00", "2026-03-19T00:00"]),
        (
            "cron(0 10 * * ? *)",
            "2026-01-01T10:00",
            ["2026-01-02T10:00", "2026-01-03T10:00", "2026-01-04T10:00"],
        ),
        (
            "cron(15 12 * * ? *)",
            "2026-01-01T10:00",
            ["2026-01-01T12:15", "2026-01-02T12:15", "2026-01-03T12:15"],
        ),
        # Friday is the second of January.
        (
            "cron(0 18 ? * MON-FRI *)",
            "2026-01-02T17:00",
            ["2026-01-02T18:00", "2026-01-05T18:00", "2026-01-06T18:00"],
        ),
        (
            "cron(0 8 1 * ? *)",
            "2026-01-01T08:00",
            ["2026-02-01T08:00", "2026-03-01T08:00", "2026-04-01T08:00"],
        ),
        (
            "cron(0/25 * * * ? *)",
            "2026-01-01T00:30",
            ["2026-01-01T00:50", "2026-01-01T01:00", "2026-01-01T01:25"],
        ),
        (
            "cron(0 0/12 L * ? *)",
            "2026-02-01T00:00",
            ["2026-02-28T00:00", "2026-02-28T12:00", "2026-03-31T00:00"],
        ),
        (
            "cron(0 0 ? * 6L *)",
            "2026-01-01T00:00",
            ["2026-01-30T00:00", "2026-02-27T00:00", "2026-03-27T00:00"],
        ),
        (
            "cron(0 0 ? * 3#2 *)",
            "2026-01-01T00:00",
            ["2026-01-13T00:00", "2026-02-10T00:00", "2026-03-10T00:00"],
        ),
        # The first of February and March 2026 are Sundays, the first of August a Saturday.
        (
            "cron(0 0 1W 2,3,8 ? *)",
            "2026-01-01T00:00",
            ["2026-02-02T00:00", "2026-03-02T00:00", "2026-08-03T00:00"],
        ),
        (
            "cron(0 0 ? JAN SAT-MON 2027)",
            "2026-01-01T00:00",
            ["2027-01-02T00:00", "2027-01-03T00:00", "2027-01-04T00:00"],
        ),
        (
            "cron(0 0 29 2 ? *)",
            "2026-01-01T00:00",
            ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"],
        ),
        ("cron(0 0 1 1 ? 2020)", "2026-01-01T00:00", []),
        ("at(2026-01-01T02:00:00)", "2026-01-01T00:00", ["2026-01-01T02:00"]),
        ("at(2026-01-01T02:00:00)", "2026-01-01T02:00", []),
    ],
)
def test_a_schedule_comes_when_aws_says(expression: str, after: str, expected: list[str]) -> None:
    assert times(expression, after) == expected


def test_hours_are_those_of_the_time_zone_in_summer_and_winter() -> None:
    nightly = "cron(0 2 * * ? *)"

    assert times(nightly, "2026-01-01T12:00", 1, "Europe/Berlin") == ["2026-01-02T01:00"]
    assert times(nightly, "2026-07-01T12:00", 1, "Europe/Berlin") == ["2026-07-02T00:00"]
    assert times("at(2026-07-01T12:00:00)", "2026-01-01T00:00", 1, "America/New_York") == ["2026-07-01T16:00"]


@pytest.mark.parametrize(
    "expression",
    [
        *("", "cron", "hourly", "rate(0 minutes)", "rate(1 week)", "rate(-1 day)", "at(tomorrow)", "at()"),
        *(
            "cron(0 0 * * *)",
            "cron(60 0 * * ? *)",
            "cron(a 0 * * ? *)",
            "cron(0 0 0 * ? *)",
            "cron(0 0 * 13 ? *)",
        ),
        *(
            "cron(0/0 0 * * ? *)",
            "cron(0 0 ? * 9 *)",
            "cron(0 0 ? * #2 *)",
            "cron(0 0 W * ? *)",
            "cron(0 0 * * ? 99999)",
        ),
    ],
)
def test_what_is_no_expression_is_told(expression: str) -> None:
    with pytest.raises(StepError):
        next_time(expression, 0, anchor_ms=0)


def test_a_time_zone_that_isn_t_one_is_told() -> None:
    with pytest.raises(StepError, match="no such time zone"):
        next_time("cron(0 2 * * ? *)", 0, anchor_ms=0, timezone="../etc")
