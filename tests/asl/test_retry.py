"""Which errors match, and how long a retry waits."""

from __future__ import annotations

import random

import pytest

from step.asl.model import Catcher, Retrier
from step.asl.retry import delay_ms, match_error, match_first


@pytest.mark.parametrize(
    ("name", "error_equals", "expected"),
    [
        ("OvenBroke", ["OvenBroke"], True),
        ("OvenBroke", ["Oven", "OvenBrokeAgain"], False),
        ("OvenBroke", ["States.ALL"], True),
        ("OvenBroke", ["States.TaskFailed"], True),
        ("States.Permissions", ["States.TaskFailed"], True),
        ("States.Timeout", ["States.TaskFailed"], False),
        ("States.Timeout", ["States.Timeout"], True),
        ("States.Timeout", ["States.HeartbeatTimeout"], False),
        ("States.HeartbeatTimeout", ["States.HeartbeatTimeout"], True),
        ("States.HeartbeatTimeout", ["States.Timeout"], True),
        ("States.HeartbeatTimeout", ["States.TaskFailed"], False),
        ("States.Runtime", ["States.Runtime", "States.ALL", "States.TaskFailed"], False),
        ("States.DataLimitExceeded", ["States.ALL"], True),
        (None, ["States.ALL"], True),
        (None, ["OvenBroke"], False),
    ],
)
def test_error_matches(name: str | None, error_equals: list[str], expected: bool) -> None:
    assert match_error(name, error_equals) is expected


def test_first_entry_that_matches_wins() -> None:
    entries: list[Retrier | Catcher] = [
        Retrier(error_equals=("OvenBroke",)),
        Catcher(error_equals=("States.TaskFailed",), next="Eat"),
        Retrier(error_equals=("States.ALL",)),
    ]

    assert [match_first(entries, name) for name in ("OvenBroke", "Burnt", "States.Timeout")] == [0, 1, 2]
    assert match_first(entries[:1], "Burnt") is None


@pytest.mark.parametrize(
    ("retrier", "delays"),
    [
        (Retrier(error_equals=("E",)), [1000, 2000, 4000, 8000]),
        (Retrier(error_equals=("E",), interval_seconds=3, backoff_rate=1.5), [3000, 4500, 6750, 10125]),
        (Retrier(error_equals=("E",), interval_seconds=3, max_delay_seconds=7), [3000, 6000, 7000, 7000]),
    ],
)
def test_delay_grows_by_the_rate_up_to_the_maximum(retrier: Retrier, delays: list[int]) -> None:
    assert [delay_ms(retrier, attempt, random.Random(1)) for attempt in (1, 2, 3, 4)] == delays


def test_delay_without_a_maximum_still_has_one() -> None:
    assert delay_ms(Retrier(error_equals=("E",)), 99_999, random.Random(1)) == 31_622_400_000


def test_full_jitter_waits_anything_up_to_the_delay() -> None:
    retrier = Retrier(error_equals=("E",), interval_seconds=10, jitter_strategy="FULL")

    delays = [delay_ms(retrier, 1, random.Random(seed)) for seed in range(200)]

    assert min(delays) < 1000 < 9000 < max(delays) <= 10_000
    assert delays == [delay_ms(retrier, 1, random.Random(seed)) for seed in range(200)]
