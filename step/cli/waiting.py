"""What a terminal shows where a command says nothing for two seconds: that it works, and since when.

A timer of the operating system writes it, so that no command has to think of it; where there is no terminal
or no such timer, nothing is written.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TextIO

from step.clock import elapsed

_CLEAR = "\r\x1b[2K"


class _Clearing:
    """A stream of the same terminal: what is written there replaces the line that says what goes on."""

    def __init__(self, stream: TextIO, line: _Line) -> None:
        self._stream = stream
        self._line = line

    def write(self, text: str) -> int:
        self._line.clear()
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Line:
    def __init__(self, told: str, terminal: TextIO) -> None:
        self._told = told
        self._terminal = terminal
        self._began = elapsed()
        self._is_there = False

    def draw(self, number: int, frame: FrameType | None) -> None:
        # The command may be in the middle of writing there itself: then nobody has to be told.
        with suppress(RuntimeError):
            self._terminal.write(f"{_CLEAR}{self._told}: {elapsed() - self._began:.0f} s\r")
            self._terminal.flush()
            self._is_there = True

    def clear(self) -> None:
        if self._is_there:
            self._is_there = False
            self._terminal.write(_CLEAR)
            self._terminal.flush()


@contextmanager
def shown_while_waiting(told: str, *, after: float = 2.0, every: float = 1.0) -> Iterator[None]:
    """Say on a terminal what goes on, from ``after`` seconds on, until the context ends."""
    terminal = sys.stderr
    if not terminal.isatty() or not hasattr(signal, "setitimer"):
        yield
        return
    line = _Line(told, terminal)
    try:
        before = signal.signal(signal.SIGALRM, line.draw)
    except ValueError:
        # Not the main thread: nobody's signals.
        yield
        return
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Clearing(stream, line) for stream in streams)
    signal.setitimer(signal.ITIMER_REAL, after, every)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.stdout, sys.stderr = streams
        line.clear()
