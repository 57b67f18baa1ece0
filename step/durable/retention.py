"""Forget executions some time after their end, and give the disk back what they took, while the host runs.

A little at a time: nobody waits for the lock for long. Time is the host's, so a virtual month is one.
AWS: Step Functions developer guide, "Service quotas": 90 days after the end of an execution.
"""

from __future__ import annotations

import logging
import threading

from step.durable.host import Host
from step.durable.journal import StoreFull

DAY_MS = 24 * 3600 * 1000
DEFAULT_KEEP_MS = 90 * DAY_MS
# How long the lock is held at a time, and how long others have it in between.
_SLICE_SECONDS = 0.01
_BETWEEN_SECONDS = 0.01
# So many pages are given back at a time: 4 KB each.
_PAGES = 128
# It looks this often while an execution is kept, but within these bounds.
_LOOKS = 20
_SHORTEST_SECONDS, _LONGEST_SECONDS = 0.05, 60.0
# A virtual clock may jump at any time.
_VIRTUAL_SECONDS = 1.0
_log = logging.getLogger("step.durable")


class Retention:
    """Keeps a host's store within what is to be kept.

    Args:
        keep_ms: How long an execution is kept after its end.
    """

    def __init__(self, host: Host, keep_ms: int) -> None:
        self._host = host
        self._keep_ms = keep_ms
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._keep_within, name="step-retention", daemon=True)

    def open(self) -> None:
        """Begin; after whoever waits for ends was told of those that came before."""
        self._thread.start()

    def close(self) -> None:
        """Stop; before the host is closed."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def sweep(self) -> bool:
        """Do a little of what is due; say whether there is more.

        Raises:
            StoreFull: nothing can be written, not even that something is gone.
        """
        with self._host.lock:
            before_ms = self._host.clock.now_ms() - self._keep_ms
            has_more = self._host.journal.forget_ended(before_ms, _SLICE_SECONDS)
            return has_more or self._host.journal.shrink(_PAGES)

    def _keep_within(self) -> None:
        while not self._closing.wait(self._pause_seconds()):
            try:
                while not self._closing.is_set() and self.sweep():
                    self._closing.wait(_BETWEEN_SECONDS)
            except StoreFull as problem:
                _log.warning("%s", problem)
                self._closing.wait(_LONGEST_SECONDS)
            except Exception:  # a damaged store: what runs goes on
                _log.exception("nothing can be forgotten")
                self._closing.wait(_LONGEST_SECONDS)

    def _pause_seconds(self) -> float:
        clock = self._host.clock
        kept = clock.real_seconds_until(clock.now_ms() + self._keep_ms)
        if kept is None:
            return _VIRTUAL_SECONDS
        return min(max(kept / _LOOKS, _SHORTEST_SECONDS), _LONGEST_SECONDS)
