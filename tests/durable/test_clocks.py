"""The service's clocks."""

from __future__ import annotations

import pytest

from step.clock import now_ms
from step.durable.clocks import Clock, RealClock, VirtualClock

HOUR = 3_600_000


def test_a_faster_clock_runs_through_an_hour_in_a_minute() -> None:
    clock = RealClock(speed=60)

    seconds = clock.real_seconds_until(clock.now_ms() + HOUR)

    assert seconds == pytest.approx(60, abs=1)


def test_the_real_clock_is_the_wall_clock_and_cant_jump() -> None:
    clock = RealClock()

    clock.jump(clock.now_ms() + HOUR)

    assert abs(clock.now_ms() - now_ms()) < 1000


def test_the_virtual_clock_jumps_and_goes_on_from_there() -> None:
    clock = VirtualClock()
    at = clock.now_ms() + HOUR

    assert clock.real_seconds_until(at) is None
    clock.jump(at)
    clock.jump(at - HOUR)

    assert at <= clock.now_ms() < at + 1000


@pytest.mark.parametrize("clock", [RealClock(), RealClock(speed=60), VirtualClock()])
def test_a_clock_goes_on_from_what_is_recorded(clock: Clock) -> None:
    recorded = clock.now_ms() + HOUR

    clock.not_before(recorded)
    clock.not_before(recorded - HOUR)

    assert recorded <= clock.now_ms() < recorded + HOUR
