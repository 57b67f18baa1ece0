"""When executions want to be woken: a heap, whatever their number.

Knows no clock and no threads.
"""

from __future__ import annotations

from heapq import heappop, heappush

from step.durable.live import Live


class Timers:
    """The next moments at which executions have something to do."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Live]] = []
        self._order = 0

    def note(self, live: Live) -> None:
        """Take notice of when an execution wants to be woken next."""
        at = live.kernel.wake_at
        if at is not None and at != live.woken_at:
            live.woken_at = at
            self._push(at, live)

    def note_release(self, live: Live) -> None:
        """Take notice of when an execution's held answers are let go."""
        if live.release_at is not None:
            self._push(live.release_at, live)

    def _push(self, at: int, live: Live) -> None:
        self._order += 1
        heappush(self._heap, (at, self._order, live))

    def first(self) -> int | None:
        """Say when the next one is to be woken; None: none is."""
        heap = self._heap
        while heap and not _is_current(*heap[0]):
            heappop(heap)
        return heap[0][0] if heap else None

    def due(self, now: int) -> list[Live]:
        """Take out those that are to be woken by now."""
        found: dict[Live, None] = {}
        while (at := self.first()) is not None and at <= now:
            live = heappop(self._heap)[2]
            if live.woken_at == at:
                live.woken_at = None
            found[live] = None
        return list(found)


def _is_current(at: int, order: int, live: Live) -> bool:
    if not live.is_running:
        return False
    return at == live.kernel.wake_at or at == live.release_at
