"""What time it is for the service: real, faster, or jumping.

Reads the wall clock through ``step.clock`` only.
"""

from __future__ import annotations

from typing import Protocol

from step.clock import now_ms


class Clock(Protocol):
    """The service's time, in ms since 1970."""

    def now_ms(self) -> int: ...

    def real_seconds_until(self, at_ms: int) -> float | None:
        """Say how long to wait for a moment, in real seconds; None: it can be jumped to."""

    def jump(self, at_ms: int) -> None:
        """Make it that moment, where the clock can."""

    def not_before(self, at_ms: int) -> None:
        """Go on from a moment that is recorded already, where the clock is behind it."""


class RealClock:
    """The wall clock, or ``speed`` times it from its start on: at 60 an hour is a minute."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._start = now_ms()
        self._ahead = 0

    def now_ms(self) -> int:
        real = now_ms()
        if self._speed == 1:
            return real + self._ahead
        return self._start + round((real - self._start) * self._speed) + self._ahead

    def real_seconds_until(self, at_ms: int) -> float | None:
        return max(0.0, (at_ms - self.now_ms()) / 1000 / self._speed)

    def jump(self, at_ms: int) -> None:
        """Stay: this clock goes by itself."""

    def not_before(self, at_ms: int) -> None:
        self._ahead += max(0, at_ms - self.now_ms())


class VirtualClock:
    """A clock that follows the wall clock and jumps over waits."""

    def __init__(self) -> None:
        self._ahead = 0

    def now_ms(self) -> int:
        return now_ms() + self._ahead

    def real_seconds_until(self, at_ms: int) -> float | None:
        return None

    def jump(self, at_ms: int) -> None:
        self._ahead += max(0, at_ms - self.now_ms())

    def not_before(self, at_ms: int) -> None:
        self.jump(at_ms)
