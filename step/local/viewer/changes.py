"""News for browsers: server-sent events that say which executions have changed.

A message holds no data of an execution, only ARNs; who shows one asks for what is new. What changes within a
moment is told at once, so that ten thousand executions make no more messages than one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

from step.local.viewer.source import Listener

# So many ARNs are told by name; of more it is only said that there are changes.
MOST_NAMED = 200
_TOGETHER_SECONDS = 0.15
# A comment now and then: who has gone is found out by writing to him.
_BEAT_SECONDS = 15.0
_FIRST = b"retry: 1000\n: changes follow\n\n"


class _News:
    # What a browser hasn't heard of yet.
    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._arns: set[str] = set()
        self._is_over = False

    def add(self, arn: str) -> None:
        with self._changed:
            self._arns.add(arn)
            self._changed.notify()

    def end(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify()

    def take(self) -> set[str] | None:
        """Wait for news, or for a beat; None: there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._arns) or self._is_over, _BEAT_SECONDS)
            if self._arns:
                self._changed.wait_for(lambda: self._is_over, _TOGETHER_SECONDS)
            if self._is_over:
                return None
            taken, self._arns = self._arns, set()
            return taken


class Changes:
    """Everybody who listens."""

    def __init__(self, subscribe: Callable[[Listener], Callable[[], None]]) -> None:
        self._subscribe = subscribe
        self._listening: set[_News] = set()
        self._lock = threading.Lock()

    def stream(self, arn: str | None) -> Iterator[bytes]:
        """Yield messages until the browser goes or the viewer closes; of one execution, or of all."""
        news = _News()
        with self._lock:
            self._listening.add(news)
        end = self._subscribe(lambda changed: news.add(changed) if arn in (None, changed) else None)
        try:
            yield _FIRST
            while (arns := news.take()) is not None:
                yield _message(arns)
        finally:
            end()
            with self._lock:
                self._listening.discard(news)

    def close(self) -> None:
        """End all streams."""
        with self._lock:
            for news in self._listening:
                news.end()


def _message(arns: set[str]) -> bytes:
    if not arns:
        return b": still here\n\n"
    named = sorted(arns) if len(arns) <= MOST_NAMED else []
    return b"data: " + json.dumps({"arns": named}).encode() + b"\n\n"
