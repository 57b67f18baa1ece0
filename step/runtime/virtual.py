"""Run an execution in virtual time: waits and work take no real time, the clock jumps.

Knows no AWS and no wall clock; the start time is given. Child executions of distributed Maps share the clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Protocol

from step.engine.children import child_answer, child_kernel
from step.engine.kernel import Kernel
from step.engine.vocabulary import (
    CancelTask,
    Command,
    Continue,
    Input,
    ReadItems,
    Start,
    StartChild,
    StartTask,
    Stop,
    TimePassed,
    WriteResults,
)
from step.errors import HandlerError, NothingToWaitFor
from step.jsonvalue import JSONValue

# Does a task's work: gives what to tell the kernel, and after how many ms; None: nobody will ever answer.
Perform = Callable[[StartTask], "tuple[list[Input], int] | None"]
# So many child executions are kept to be looked at; a Map Run may have millions.
KEPT_CHILDREN = 1000


class Items(Protocol):
    """Where a distributed Map's items come from and its results go; answers take no virtual time."""

    def read(self, command: ReadItems) -> Input: ...

    def write(self, command: WriteResults) -> Input: ...


class Run:
    """One execution under the driver."""

    __slots__ = ("cancelled", "children", "kernel", "op", "open", "parent", "woken_at")

    def __init__(self, kernel: Kernel, parent: Run | None = None, op: int = 0) -> None:
        self.kernel = kernel
        # Where it is a child execution: who waits for it, by which op.
        self.parent = parent
        self.op = op
        self.children: dict[int, Run] = {}
        # Tasks whose answers are still to come, and whose answers nobody wants any more.
        self.open: dict[int, StartTask] = {}
        self.cancelled: set[int] = set()
        # The time for which the driver has noted to wake it.
        self.woken_at: int | None = None


class VirtualDriver:
    """Drives one execution to its end, with its child executions.

    Attributes:
        children: The kernels of the child executions that started first, at most ``KEPT_CHILDREN``.
    """

    def __init__(self, kernel: Kernel, perform: Perform, items: Items | None = None) -> None:
        self.children: list[Kernel] = []
        self._root = Run(kernel)
        self._perform = perform
        self._items = items
        # What happens at this instant, in order; answers to come: (at, order, run, op, inputs); and when
        # child executions want to be woken: (at, order, run).
        self._now: deque[tuple[Run, Input | StartChild]] = deque()
        self._later: list[tuple[int, int, Run, int, list[Input]]] = []
        self._wakes: list[tuple[int, int, Run]] = []
        self._busy: deque[Run] = deque()
        self._order = 0

    def run(self, value: JSONValue) -> None:
        """Start the execution and drive it until it has ended.

        Raises:
            NothingToWaitFor: a task waits for an answer that nobody can give, and no timer ends it.
        """
        root, pending, busy = self._root, self._now, self._busy
        kernel = root.kernel
        now = kernel.now
        self._handle(root, Start(value), now)
        while True:
            if pending:
                run, item = pending.popleft()
                if type(item) is StartChild:
                    self._start_child(run, item, now)
                else:
                    self._handle(run, item, now)  # type: ignore[arg-type]  # mypy doesn't narrow by type()
            elif kernel.status != "RUNNING":
                return
            elif busy:
                self._handle(busy.popleft(), Continue(), now)
            elif kernel.is_busy:
                self._handle(root, Continue(), now)
            else:
                now = self._pass_time()

    def _handle(self, run: Run, item: Input, now: int) -> None:
        commands = run.kernel.handle(item, now)
        if commands:
            self._carry_out(run, commands, now)
        if run.parent is not None:
            self._follow(run, run.parent)

    def _follow(self, run: Run, parent: Run) -> None:
        """Tell a child execution's end to who waits for it, or note when it wants to go on."""
        kernel = run.kernel
        if kernel.status != "RUNNING":
            if parent.children.pop(run.op, None) is not None:
                self._now.append((parent, child_answer(kernel, run.op)))
        elif kernel.is_busy:
            self._busy.append(run)
        else:
            wake_at = kernel.wake_at
            if wake_at is not None and wake_at != run.woken_at:
                run.woken_at = wake_at
                self._order += 1
                heappush(self._wakes, (wake_at, self._order, run))

    # ------------------------------------------------------------ time

    def _pass_time(self) -> int:
        """Jump to the next instant at which something happens; an answer comes before a timer."""
        later, wakes = self._later, self._wakes
        while later and later[0][3] in later[0][2].cancelled:
            _, _, run, op, _ = heappop(later)
            run.cancelled.discard(op)
        while wakes and not _is_due(*wakes[0]):
            heappop(wakes)
        run, wake_at = self._root, self._root.kernel.wake_at
        if wakes and (wake_at is None or wakes[0][0] < wake_at):
            wake_at, _, run = wakes[0]
        if later and (wake_at is None or later[0][0] <= wake_at):
            at = later[0][0]
            # What is due at one instant comes in the order in which it was asked for, before what follows
            # from it; an answer that a sibling's makes needless is ignored by the kernel.
            while later and later[0][0] == at:
                _, _, run, op, inputs = heappop(later)
                if run.open.pop(op, None) is not None:
                    self._now.extend((run, item) for item in inputs)
                run.cancelled.discard(op)
            return at
        if wake_at is None or self._waits_in_vain(run):
            raise NothingToWaitFor(self._explain())
        run.woken_at = None
        self._now.append((run, TimePassed()))
        return wake_at

    def _waits_in_vain(self, run: Run) -> bool:
        """Whether only the longest duration of an execution would end what a task waits for."""
        if not run.kernel.only_quota_wakes:
            return False
        return bool(run.open) or any(map(self._waits_in_vain, run.children.values()))

    def _explain(self) -> str:
        states = ", ".join(repr(task.state) for task in _open_tasks(self._root))
        return (
            f"state {states} waits for an answer that nobody can give: attach a function, a value or an "
            "exception to it, or give it a TimeoutSeconds"
        )

    # ------------------------------------------------------------ commands

    def _carry_out(self, run: Run, commands: list[Command], now: int) -> None:
        for command in commands:
            if type(command) is StartTask:
                done = self._perform(command)
                if done is not None and done[1] == 0:
                    for item in done[0]:
                        self._now.append((run, item))
                else:
                    self._wait_for(run, command, done, now)
            elif type(command) is CancelTask:
                self._cancel(run, command.op, now)
            elif type(command) is StartChild:
                # Its kernel is made when its turn comes: most end in their first turn.
                self._now.append((run, command))
            elif isinstance(command, ReadItems):
                self._now.append((run, self._attached.read(command)))
            elif isinstance(command, WriteResults):
                self._now.append((run, self._attached.write(command)))

    @property
    def _attached(self) -> Items:
        if self._items is None:
            raise HandlerError("a distributed Map has a reader or a writer, and nothing that does their work")
        return self._items

    def _wait_for(self, run: Run, task: StartTask, done: tuple[list[Input], int] | None, now: int) -> None:
        run.open[task.op] = task
        if done is not None:
            inputs, delay_ms = done
            self._order += 1
            heappush(self._later, (now + delay_ms, self._order, run, task.op, inputs))

    def _start_child(self, run: Run, command: StartChild, now: int) -> None:
        if command.op in run.cancelled or run.kernel.status != "RUNNING":
            run.cancelled.discard(command.op)
            return
        kernel = child_kernel(run.kernel, command, now)
        if len(self.children) < KEPT_CHILDREN:
            self.children.append(kernel)
        child = run.children[command.op] = Run(kernel, run, command.op)
        self._handle(child, Start(command.input), now)

    def _cancel(self, run: Run, op: int, now: int) -> None:
        child = run.children.pop(op, None)
        if child is not None:
            self._handle(child, Stop(None, None), now)
        else:
            run.open.pop(op, None)
            run.cancelled.add(op)


def _is_due(at: int, order: int, run: Run) -> bool:
    """Whether a noted time is still the one at which a kernel wants to be woken."""
    return run.woken_at == at and run.kernel.status == "RUNNING" and run.kernel.wake_at == at


def _open_tasks(run: Run) -> list[StartTask]:
    return [*run.open.values(), *(task for child in run.children.values() for task in _open_tasks(child))]
