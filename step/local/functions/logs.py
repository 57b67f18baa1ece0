"""What functions wrote, until somebody asks CloudWatch Logs for it.

An invocation must not load the emulation of CloudWatch Logs; so its lines wait in a file, which survives a
restart, and are handed over when the first request for logs comes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import IO, NamedTuple

# What is written beyond this, and never asked for, is dropped: the older half first.
_MOST_BYTES = 32 * 1024 * 1024


class Written(NamedTuple):
    """Lines of one invocation."""

    account: str
    region: str
    group: str
    stream: str
    time_ms: int
    text: str


class Logs:
    """Lines in a file. Threads may share it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        self._size = file.stat().st_size if file.exists() else 0
        # Open from the first line until the lines are taken: an invocation must not wait for a look-up.
        self._sink: IO[bytes] | None = None

    def write(self, written: Written) -> None:
        """Keep the lines of an invocation; they are lost where the disk is full."""
        line = json.dumps(written).encode() + b"\n"
        try:
            with self._lock:
                if self._sink is None:
                    self._sink = self._file.open("ab", buffering=0)
                self._size += self._sink.write(line)
                if self._size > _MOST_BYTES:
                    self._halve()
        except OSError:
            pass

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._let_go()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._size == 0

    def take(self) -> Iterator[Written]:
        """Give what waits, once."""
        with self._lock:
            self._let_go()
            lines = self._file.read_bytes().splitlines() if self._file.exists() else []
            self._file.unlink(missing_ok=True)
            self._size = 0
        for line in lines:
            try:
                yield Written(*json.loads(line))
            except (ValueError, TypeError):  # cut off by a crash
                continue

    def _let_go(self) -> None:
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def _halve(self) -> None:
        self._let_go()
        lines = self._file.read_bytes().splitlines(keepends=True)
        kept = lines[len(lines) // 2 :]
        self._file.write_bytes(b"".join(kept))
        self._size = sum(map(len, kept))
