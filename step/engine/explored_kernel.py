"""A kernel that doesn't tell on which way it has come to where it is, so that ways can come together.

Pure: no clock, no IO.
"""

from __future__ import annotations

import random
from typing import Self

from step.asl.model import Retrier
from step.asl.retry import delay_ms
from step.engine.frames import Frame, Timer
from step.engine.kernel import Kernel
from step.engine.quotas import Quotas
from step.engine.vocabulary import Continue, Input, Start

_EVENTS = Quotas().history_events


class _Highest(random.Random):
    """Randomness that gives the most there is."""

    def randint(self, a: int, b: int) -> int:
        return b


HIGHEST = _Highest()


class ExploredKernel(Kernel):
    """A kernel whose texts have no ids and whose retries wait as long as jitter may make them."""

    __slots__ = ()

    def entry(self, frame: Frame) -> int:
        return 0

    def token(self, op: int) -> str:
        return "TOKEN"

    def retry_delay(self, frame: Frame, retrier: Retrier, attempt: int) -> int:
        return delay_ms(retrier, attempt, HIGHEST)

    def frame_at(self, path: tuple[int, ...]) -> Frame | None:
        """Find the branch at a place."""
        frame: Frame | None = self.root
        for index in path:
            group = frame.inner if frame is not None else None
            frame = next((child for child in group.live if child.index == index), None) if group else None
        return frame

    def fork(self) -> Self:
        """Copy the execution; a turn may have as many events as a whole execution, whatever has been."""
        twin = super().fork()
        twin.room = twin.count + _EVENTS - 1
        return twin

    def advance(self, item: Input, now: int) -> None:
        """Take an input, and go on until something is waited for.

        Raises:
            Exception: what is wrong inside step.
        """
        self.handle(item, now)
        while self.is_busy:
            self.handle(Continue(), now)
        if self.fault is not None:
            raise self.fault

    def order_timers(self, first: tuple[int, ...] | None = None) -> None:
        """Let timers of one instant go off in the order of their branches' places, or one branch's first."""
        timers = sorted(self.timers, key=lambda one: (one[0], one[3].path != first, one[3].path, one[4].name))
        # Fewer than have ever been set: none that comes has such a number.
        self.timers = [(at, n, op, frame, what) for n, (at, _, op, frame, what) in enumerate(timers)]

    def start(self, *, has_deadline: bool) -> None:
        """Start the execution; of its own timers only the machine's TimeoutSeconds is kept, if asked for."""
        self.advance(Start(self.info.input), self.info.start_ms)
        self.timers = sorted(
            timer for timer in self.timers if timer[2] or (has_deadline and timer[4] is Timer.EXECUTION)
        )

    def beat_to_the_end(self, op: int) -> None:
        """Let work be alive until its TimeoutSeconds are over."""
        ends = [at for at, _, of, _, what in self.timers if of == op and what is Timer.TIMEOUT]
        frame = self.ops[op].frame
        frame.heartbeat_at = max([frame.heartbeat_at, *ends])
