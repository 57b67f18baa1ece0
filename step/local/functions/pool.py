"""Warm workers: kept per version, so many at most, and idle ones ended.

Threads may share it. Knows workers by a key and how to start one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Timer
from typing import NamedTuple

from step.clock import now_ms
from step.local.functions.worker import Worker

_MOST_AT_ONCE = 32
_MOST_IDLE = _MOST_AT_ONCE
_IDLE_MS = 300_000
# Functions that wait for functions could wait for ever where every worker is taken.
_PATIENCE_SECONDS = 5.0


class _Idle(NamedTuple):
    key: str
    worker: Worker
    since_ms: int


class Pool:
    """Workers that run functions, or wait to."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._idle: list[_Idle] = []
        self._busy: set[Worker] = set()
        self._timer: Timer | None = None
        self._is_closed = False

    @contextmanager
    def worker(self, key: str, start: Callable[[], Worker]) -> Iterator[Worker]:
        """Give a worker of a version for one invocation: a warm one or a new one.

        It is kept for the next unless it died, or the block ended in an exception.
        """
        self._sweep()
        worker = self._taken(key) or self._started(start)
        try:
            yield worker
        except BaseException:
            self._end(worker)
            raise
        self._give_back(key, worker)

    def forget(self, prefix: str) -> None:
        """End the idle workers whose keys begin so: of a function that is deleted."""
        self._drop(lambda idle: idle.key.startswith(prefix))

    def close(self) -> None:
        """Kill every worker."""
        with self._changed:
            self._is_closed = True
            if self._timer is not None:
                self._timer.cancel()
            workers = [*self._busy, *(idle.worker for idle in self._idle)]
            self._idle.clear()
        for worker in workers:
            worker.close()

    def _taken(self, key: str) -> Worker | None:
        dead = []
        try:
            with self._changed:
                while True:
                    for idle in reversed(self._idle):
                        if idle.key != key:
                            continue
                        self._idle.remove(idle)
                        if idle.worker.is_alive:
                            self._busy.add(idle.worker)
                            return idle.worker
                        dead.append(idle.worker)
                        break
                    else:
                        if len(self._busy) < _MOST_AT_ONCE or not self._changed.wait(_PATIENCE_SECONDS):
                            return None
        finally:
            for worker in dead:
                worker.close()

    def _started(self, start: Callable[[], Worker]) -> Worker:
        worker = start()
        with self._changed:
            if not self._is_closed:
                self._busy.add(worker)
                return worker
        worker.close()
        raise RuntimeError("the pool is closed")

    def _give_back(self, key: str, worker: Worker) -> None:
        with self._changed:
            self._busy.discard(worker)
            is_kept = worker.is_alive and not self._is_closed
            if is_kept:
                self._idle.append(_Idle(key, worker, now_ms()))
                self._sweep_later()
            self._changed.notify()
        if not is_kept:
            worker.close()

    def _end(self, worker: Worker) -> None:
        with self._changed:
            self._busy.discard(worker)
            self._changed.notify()
        worker.close()

    def _sweep_later(self) -> None:
        if self._timer is None:
            self._timer = Timer(_IDLE_MS / 1000, self._sweep_again)
            self._timer.daemon = True
            self._timer.start()

    def _sweep_again(self) -> None:
        with self._changed:
            self._timer = None
        self._sweep()
        with self._changed:
            if self._idle and not self._is_closed:
                self._sweep_later()

    def _sweep(self) -> None:
        """End what waited for too long, and the longest waiting of too many."""
        oldest_ms = now_ms() - _IDLE_MS
        with self._changed:
            surplus = self._idle[: max(0, len(self._idle) - _MOST_IDLE)]
        self._drop(lambda idle: idle.since_ms < oldest_ms or idle in surplus)

    def _drop(self, is_wanted: Callable[[_Idle], bool]) -> None:
        with self._changed:
            dropped = [idle for idle in self._idle if is_wanted(idle)]
            self._idle = [idle for idle in self._idle if idle not in dropped]
        for idle in dropped:
            idle.worker.close()
