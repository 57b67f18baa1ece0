"""The loop around kernels: what it remembers of executions, and for how long."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass
from typing import Any

from step.runtime.drive import Agenda

YEAR_MS = 365 * 24 * 3600 * 1000


@dataclass
class Kernel:
    wake_at: int | None


class Run:
    """An execution that wants to be woken at a time."""

    def __init__(self, at: int) -> None:
        self.kernel = Kernel(at)
        self.woken_at: int | None = None
        self.is_running = True

    def is_due(self, at: int) -> bool:
        return self.woken_at == at == self.kernel.wake_at and self.is_running


def test_executions_that_have_ended_are_let_go_of_long_before_their_longest_time() -> None:
    agenda: Agenda[Any] = Agenda()
    ended: list[weakref.ref[Run]] = []
    waiting = [Run(YEAR_MS + number) for number in range(10)]
    for run in waiting:
        agenda.note(run)

    for number in range(20_000):
        run = Run(YEAR_MS + number)
        agenda.note(run)
        run.is_running = False
        ended.append(weakref.ref(run))
    del run

    gc.collect()
    assert sum(one() is not None for one in ended) < 3000
    assert [agenda.take_wake(2 * YEAR_MS) for _ in range(11)] == [*waiting, None]
