"""Run an execution in virtual time: waits and work take no real time, the clock jumps.

Knows no AWS and no wall clock; the start time is given.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

from step.engine.kernel import Kernel
from step.engine.vocabulary import CancelTask, Command, Continue, Input, Start, StartTask, TimePassed
from step.errors import NothingToWaitFor
from step.jsonvalue import JSONValue

# Does a task's work: gives what to tell the kernel, and after how many ms; None: nobody will ever answer.
Perform = Callable[[StartTask], "tuple[list[Input], int] | None"]


class VirtualDriver:
    """Drives one kernel to its end."""

    def __init__(self, kernel: Kernel, perform: Perform) -> None:
        self._kernel = kernel
        self._perform = perform
        # Answers of this instant, in the order of the work; and answers to come: (at, order, op, inputs).
        self._now: deque[Input] = deque()
        self._later: list[tuple[int, int, int, list[Input]]] = []
        self._cancelled: set[int] = set()
        self._open: dict[int, StartTask] = {}
        self._order = 0

    def run(self, value: JSONValue) -> None:
        """Start the execution and drive it until it has ended.

        Raises:
            NothingToWaitFor: a task waits for an answer that nobody can give, and no timer ends it.
        """
        kernel = self._kernel
        now = kernel.now
        commands = kernel.handle(Start(value), now)
        pending = self._now
        while True:
            if commands:
                self._carry_out(commands, now)
            if pending:
                commands = kernel.handle(pending.popleft(), now)
            elif kernel.status != "RUNNING":
                return
            elif kernel.is_busy:
                commands = kernel.handle(Continue(), now)
            else:
                now = self._pass_time()
                commands = [] if pending else kernel.handle(TimePassed(), now)

    def _pass_time(self) -> int:
        """Jump to the next instant at which something happens; an answer comes before a timer."""
        later, wake_at = self._later, self._kernel.wake_at
        while later and later[0][2] in self._cancelled:
            self._cancelled.discard(heappop(later)[2])
        if later and (wake_at is None or later[0][0] <= wake_at):
            at, _, op, inputs = heappop(later)
            self._open.pop(op, None)
            self._now.extend(inputs)
            return at
        if wake_at is None or (self._open and self._kernel.only_quota_wakes):
            raise NothingToWaitFor(self._explain())
        return wake_at

    def _explain(self) -> str:
        states = ", ".join(repr(task.state) for task in self._open.values())
        return (
            f"state {states} waits for an answer that nobody can give: attach a function, a value or an "
            "exception to it, or give it a TimeoutSeconds"
        )

    def _carry_out(self, commands: list[Command], now: int) -> None:
        for command in commands:
            if type(command) is StartTask:
                done = self._perform(command)
                if done is None:
                    self._open[command.op] = command
                    continue
                inputs, delay_ms = done
                if delay_ms == 0:
                    self._now.extend(inputs)
                else:
                    self._open[command.op] = command
                    self._order += 1
                    heappush(self._later, (now + delay_ms, self._order, command.op, inputs))
            elif type(command) is CancelTask and self._open.pop(command.op, None) is not None:
                self._cancelled.add(command.op)
