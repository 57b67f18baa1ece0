"""A running execution in memory, as the durable host has it: what it has taken and what its journal knows.

What is open in it is its kernel's account. Knows nothing of threads or of clocks: the same code runs when an
input comes and when a journal is replayed.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from step.durable.journal import UNCHECKED
from step.durable.map_runs import MapRuns
from step.engine.event_sum import EventSum
from step.engine.frames import ExecutionInfo
from step.engine.kernel import Kernel
from step.engine.vocabulary import (
    Command,
    Fault,
    Input,
    ItemsRead,
    OpenWork,
    StartTask,
    TaskFailed,
    TaskSucceeded,
)
from step.runtime.drive import Run

# What ends a piece of work.
_ENDS = frozenset({TaskSucceeded, TaskFailed, ItemsRead})


class LiveTurn(NamedTuple):
    """What came of an input: what is to be done, and which work it ended."""

    commands: list[Command]
    ended: OpenWork | None


class Live(Run):
    """A running execution.

    Attributes:
        number: How many inputs were taken.
        pending: How many more are in a transaction that isn't committed.
        runs: Its Map Runs; None: its machine has no distributed Map.
        parent: Whose child execution this is.
        is_written: Whether the journal has its end already, if it has come.
    """

    __slots__ = (
        "ended",
        "events",
        "id",
        "is_durable",
        "is_written",
        "number",
        "parent",
        "pending",
        "runs",
    )

    def __init__(
        self, key: int, kernel: Kernel, *, is_durable: bool, parent: Live | None = None, op: int = 0
    ) -> None:
        super().__init__(kernel, op)
        self.id = key
        self.is_durable = is_durable
        self.parent = parent
        self.number = 0
        self.pending = 0
        self.is_written = False
        # None: it isn't compared any more.
        self.events: EventSum | None = EventSum()
        self.runs = MapRuns() if kernel.program.children else None
        self.ended = threading.Event()

    @property
    def info(self) -> ExecutionInfo:
        return self.kernel.info

    @property
    def tasks(self) -> dict[int, StartTask]:
        """Tasks that have been asked for and not been answered, by op."""
        open_work = self.kernel.ops.items()
        return {op: work.command for op, work in open_work if isinstance(work.command, StartTask)}

    def sum_up(self) -> int:
        """Sum up the events so far, so that a replay can be compared with them."""
        return UNCHECKED if self.events is None else self.events.of(self.kernel.rows)

    def first_sum(self) -> int:
        """Sum up what came of the start; nobody goes on with an execution that has ended with it."""
        return self.sum_up() if self.is_running else UNCHECKED

    def take(self, item: Input, now: int) -> LiveTurn:
        """Let an input take effect."""
        self.number += 1
        ops, kind = self.kernel.ops, type(item)
        ended = ops.get(item.op) if kind in _ENDS else None  # type: ignore[union-attr]  # every end has one
        commands = self.kernel.handle(item, now)
        if ended is not None and item.op in ops:  # type: ignore[union-attr]  # every end has one
            ended = None
        if kind is Fault:
            self.events = None
        if self.runs is not None:
            self.runs.look(self.kernel, item, ended, commands)
        return LiveTurn(commands, ended)
