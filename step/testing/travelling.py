"""Let all of a process have an execution's time while one of its handlers runs, by time-machine.

Knows nothing of pytest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from step.errors import MissingExtra
from step.runtime.handler_clock import TRAVELS


@contextmanager
def travelling() -> Iterator[None]:
    """Let handlers see virtual time in the block.

    Raises:
        MissingExtra: time-machine isn't installed.
    """
    try:
        import time_machine
    except ImportError as error:
        raise MissingExtra("clock", "handlers in virtual time", "time-machine") from error

    def travel(now_ms: int) -> Any:
        return time_machine.travel(now_ms / 1000, tick=False)

    TRAVELS.append(travel)
    try:
        yield
    finally:
        TRAVELS.remove(travel)
