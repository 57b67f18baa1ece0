"""A running execution in memory: its kernel, and what is open in it.

Knows nothing of threads or of clocks: the same code runs when an input comes and when a
journal is replayed.
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
    CancelTask,
    Command,
    Fault,
    Input,
    ItemsRead,
    ReadItems,
    StartChild,
    StartTask,
    TaskFailed,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
    WriteResults,
)

# What ends a piece of work.
_ENDS = frozenset({TaskSucceeded, TaskFailed, ItemsRead})


class Turn(NamedTuple):
    """What came of an input: what is to be done, and what nobody waits for any more."""

    commands: list[Command]
    closed: list[StartTask]
    dropped: list[Live]


class Live:
    """A running execution.

    Attributes:
        tasks: Work that has been asked for and not been answered, by op.
        calling: Those of them with a token whose own call hasn't returned.
        held: Answers to tokens that came before that, by op.
        told: Those whose answer comes from outside in any case, as a replay saw: submitted jobs, activities
            that a worker has.
        children: Child executions of distributed Maps, by op: to be started, or running.
        errands: Reads of items and writes of results, by op.
        parent: Whose child execution this is, as which op.
    """

    __slots__ = (
        "calling",
        "children",
        "ended",
        "errands",
        "events",
        "held",
        "id",
        "info",
        "is_durable",
        "kernel",
        "number",
        "op",
        "parent",
        "pending",
        "release_at",
        "runs",
        "tasks",
        "told",
        "woken_at",
    )

    def __init__(
        self,
        key: int,
        info: ExecutionInfo,
        kernel: Kernel,
        *,
        is_durable: bool,
        parent: Live | None = None,
        op: int = 0,
    ) -> None:
        self.id = key
        self.info = info
        self.kernel = kernel
        self.is_durable = is_durable
        self.parent = parent
        self.op = op
        # How many inputs were taken, and how many more are in a transaction that isn't committed.
        self.number = 0
        self.pending = 0
        self.events: EventSum | None = EventSum()
        self.tasks: dict[int, StartTask] = {}
        self.calling: set[int] | None = None
        self.held: dict[int, Input] | None = None
        self.told: set[int] | None = None
        self.children: dict[int, StartChild | Live] = {}
        self.errands: dict[int, ReadItems | WriteResults] = {}
        self.runs = MapRuns() if kernel.program.children else None
        # When it wants to be woken, as far as the timers know; when held answers are let go.
        self.woken_at: int | None = None
        self.release_at: int | None = None
        self.ended = threading.Event()

    @property
    def is_running(self) -> bool:
        return self.kernel.status == "RUNNING"

    def sum_up(self) -> int:
        """Sum up the events so far, so that a replay can be compared with them."""
        return UNCHECKED if self.events is None else self.events.of(self.kernel.rows)

    def take(self, item: Input, now: int) -> Turn:
        """Let an input take effect; keep account of what is open."""
        self.number += 1
        turn = Turn([], [], [])
        kind = type(item)
        if kind in _ENDS:
            if self.runs is not None:
                self.runs.answered(item)
            self._forget(item.op, turn)  # type: ignore[union-attr]  # every end has one
            # Who has answered isn't to be stopped.
            turn.dropped.clear()
        elif kind is TaskSubmitted or kind is TaskStarted:
            self.told = self.told or set()
            self.told.add(item.op)  # type: ignore[union-attr]  # both have one
        elif kind is Fault:
            self.events = None
        for command in self.kernel.handle(item, now):
            if type(command) is CancelTask:
                if self.runs is not None:
                    self.runs.cancelled(command.op)
                self._forget(command.op, turn)
                continue
            turn.commands.append(command)
            if type(command) is StartTask:
                self.tasks[command.op] = command
            elif type(command) is StartChild:
                self.children[command.op] = command
            else:
                self.errands[command.op] = command  # type: ignore[assignment]  # one of the two left
        if self.runs is not None:
            self.runs.look(self.kernel, turn.commands)
        return turn

    def _forget(self, op: int, turn: Turn) -> None:
        task = self.tasks.pop(op, None)
        if task is not None:
            turn.closed.append(task)
            for ops in (self.calling, self.told):
                if ops is not None:
                    ops.discard(op)
            return
        child = self.children.pop(op, None)
        if isinstance(child, Live):
            turn.dropped.append(child)
        self.errands.pop(op, None)
