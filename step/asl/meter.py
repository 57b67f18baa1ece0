"""Count what an evaluation uses; past a limit it ends, at the same place on every machine.

Pure: no clock, no IO; knows nothing of what is counted. Time and Python's own stack decide nothing.

- A step is an evaluation of a node, a turn of a loop, a call, a character that a pattern is tried on.
- Built-in functions touch items at a sixteenth of a step each.
- Bytes are those of texts (four a character) and arrays (eight an item), counted before they are made.
- Depth is in Python frames, as the compiler knows them in advance.
"""

from __future__ import annotations

from typing import NamedTuple

# AWS's sentences, as public reports of causes have them; behind them stands the limit.
MEMORY_EXCEEDED = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
STACK_EXCEEDED = (
    "Stack overflow error: Check for non-terminating recursive function. "
    "Consider rewriting as tail-recursive."
)
TIME_EXCEEDED = "Expression evaluation timeout: Check for infinite loop"


class Exceeded(Exception):  # noqa: N818 - becomes an ASL error, never seen by users
    """An evaluation that used more than it may; the message says what. ``is_memory``: it made too much."""

    def __init__(self, message: str, *, is_memory: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.is_memory = is_memory


class Limits(NamedTuple):
    """What one evaluation may use."""

    steps: int = 1_000_000
    # Of all values that are made, and of each.
    total_bytes: int = 256 * 1024 * 1024
    value_bytes: int = 8 * 1024 * 1024
    # As public reports measured AWS's bounds: nested calls, numbers of a range.
    calls: int = 100
    numbers: int = 873_782
    frames: int = 760


LIMITS = Limits()


class Meter:
    """What is left of the limits of one evaluation."""

    __slots__ = ("bytes", "calls", "frames", "limits", "steps")

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self.steps = limits.steps
        self.bytes = limits.total_bytes
        self.calls = limits.calls
        self.frames = limits.frames

    def step(self, count: int = 1) -> None:
        """Count steps before they are made."""
        self.steps -= count
        if self.steps < 0:
            raise Exceeded(f"{TIME_EXCEEDED} (more than {self.limits.steps:,} steps)")

    def touch(self, items: int) -> None:
        """Count items that a built-in function looks at."""
        self.step((items >> 4) + 1)

    def make(self, size_bytes: int) -> None:
        """Count a value before it is made."""
        if size_bytes > self.limits.value_bytes:
            said = f"{MEMORY_EXCEEDED} (a value of more than {self.limits.value_bytes:,} bytes)"
            raise Exceeded(said, is_memory=True)
        self.bytes -= size_bytes
        if self.bytes < 0:
            raise Exceeded(f"{MEMORY_EXCEEDED} (more than {self.limits.total_bytes:,} bytes)", is_memory=True)

    def hold(self, length: int) -> None:
        """Look at how long an array has become, whose items have been counted."""
        if 8 * length > self.limits.value_bytes:
            self.make(8 * length)

    def make_text(self, length: int) -> None:
        """Count a text of so many characters before it is made."""
        self.make(4 * length)

    def make_array(self, length: int) -> None:
        """Count an array of so many items before it is made."""
        self.make(8 * length)
        self.step((length >> 4) + 1)
