"""Give the interpreter as much of Python's stack as it may need, wherever it is called from.

Knows nothing of what is called. What an expression can need is known in advance (``Limits.frames``); where
the caller has less left, a thread of its own does the work, and the caller waits for it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from step.asl.meter import LIMITS

T = TypeVar("T")
# The interpreter's own frames above an expression, and those of what it calls below one.
_AROUND_FRAMES = 120


def with_room(do: Callable[[], T]) -> T:
    """Call a function where there is room for the deepest evaluation; what it raises is raised here."""
    taken = sys.getrecursionlimit() - LIMITS.frames - _AROUND_FRAMES
    try:
        sys._getframe(max(taken, 1))
    except ValueError:
        return do()
    results: list[T] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            results.append(do())
        except BaseException as fault:  # the caller hears of it, whatever it is
            raised.append(fault)

    thread = threading.Thread(target=copy_context().run, args=(work,), name="step: room")
    thread.start()
    thread.join()
    if raised:
        raise raised[0]
    return results[0]
