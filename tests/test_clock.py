"""Timestamps as text and as numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step.clock import format_timestamp, now_ms, parse_timestamp

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", SECOND * 3 // 2),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1969-12-31T23:59:59Z", -SECOND),
        ("1970-01-01T01:30:00+01:30", 0),
        ("1969-12-31T22:00:00-02:00", 0),
        ("2000-02-29T00:00:00Z", 951_782_400 * SECOND),
    ],
)
def test_timestamp_is_read_to_the_nanosecond(text: str, nanoseconds: int) -> None:
    assert parse_timestamp(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    ["", "2026-01-02", "2026-01-02t03:04:05Z", "2026-01-02T03:04:05z", "2026-01-02 03:04:05Z",
     "2026-01-02T03:04:05", "2026-01-02T03:04Z", "2026-13-02T03:04:05Z", "2026-02-29T03:04:05Z",
     "2026-01-02T24:04:05Z", "2026-01-02T03:04:60Z", "2026-01-02T03:04:05+0100", "2026-01-02T03:04:05.Z",
     "2026-01-02T03:04:05Z\n", "٢٠٢٦-01-02T03:04:05Z", "0000-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    assert parse_timestamp(text) is None


def test_timestamp_is_written_with_milliseconds() -> None:
    assert format_timestamp(0) == "1970-01-01T00:00:00.000Z"
    assert format_timestamp(1_767_323_045_678) == "2026-01-02T03:04:05.678Z"


@given(st.integers(-2_000_000_000_000, 4_000_000_000_000))
def test_written_timestamp_reads_as_itself(time_ms: int) -> None:
    assert parse_timestamp(format_timestamp(time_ms)) == time_ms * 1_000_000


def test_wall_clock_counts_milliseconds() -> None:
    assert now_ms() > 1_700_000_000_000
