"""Run an execution in virtual time: waits and work take no real time, the clock jumps.

Knows no AWS and no wall clock; the start time is given. Child executions of distributed Maps share the clock,
and so does whatever else the executions start.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import NamedTuple, Protocol

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
    TaskFailed,
    TaskSucceeded,
    TimePassed,
    WriteResults,
)
from step.errors import HandlerError, NothingToWaitFor
from step.jsonvalue import JSONValue

# Does a task's work: gives what to tell the kernel, and after how many ms. Where that doesn't end the task,
# or is None, somebody may answer its token (``VirtualDriver.answer``); a Promise: somebody will keep it.
Perform = Callable[[StartTask], "tuple[list[Input], int] | Promise | None"]
# What ends a task.
_ENDS = frozenset({TaskSucceeded, TaskFailed})
# So many child executions are kept to be looked at; a Map Run may have millions.
KEPT_CHILDREN = 1000


class Items(Protocol):
    """Where a distributed Map's items come from and its results go; answers take no virtual time."""

    def read(self, command: ReadItems) -> Input: ...

    def write(self, command: WriteResults) -> Input: ...


class Deed(NamedTuple):
    """Something that happens at its time, outside all executions."""

    do: Callable[[], None]


class Promise:
    """An answer to a task that comes of something else that happens in virtual time."""

    __slots__ = ("_driver", "_op", "_run")

    def __init__(self) -> None:
        self._driver: VirtualDriver | None = None
        self._run: Run | None = None
        self._op = 0

    def bind(self, driver: VirtualDriver, run: Run, op: int) -> None:
        """Say whose answer it is; the driver does."""
        self._driver, self._run, self._op = driver, run, op

    @property
    def is_wanted(self) -> bool:
        """Whether the task still waits."""
        return self._run is not None and self._op in self._run.open

    def keep(self, make: Callable[[int], list[Input]]) -> bool:
        """Answer; ``make`` gets the op. False where nobody waits for it any more."""
        if self._driver is None or self._run is None or not self.is_wanted:
            return False
        self._driver.tell(self._run, self._op, make(self._op))
        return True


class Run:
    """One execution under the driver."""

    __slots__ = (
        "cancelled",
        "children",
        "ended",
        "items",
        "kept",
        "kernel",
        "op",
        "open",
        "parent",
        "perform",
        "woken_at",
    )

    def __init__(
        self,
        kernel: Kernel,
        perform: Perform,
        items: Items | None,
        kept: list[Kernel],
        *,
        parent: Run | None = None,
        op: int = 0,
    ) -> None:
        self.kernel = kernel
        self.perform = perform
        self.items = items
        # The kernels of child executions, for those who look at them afterwards.
        self.kept = kept
        # Hears of the end of an execution that another one started.
        self.ended: Callable[[Kernel], None] | None = None
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
    """Drives one execution to its end, with its child executions and those it started.

    Attributes:
        children: The kernels of the child executions that started first, at most ``KEPT_CHILDREN``.
        now: The time: milliseconds since 1970.
    """

    def __init__(self, kernel: Kernel, perform: Perform, items: Items | None = None) -> None:
        self.children: list[Kernel] = []
        self.now = kernel.now
        self._root = Run(kernel, perform, items, self.children)
        # What to do when nobody wants a task's answer any more, by its token.
        self._when_cancelled: dict[str, Callable[[], None]] = {}
        # Executions that run beside the first one.
        self._others: set[Run] = set()
        # Whose task a token answers.
        self._tokens: dict[str, tuple[Run, int]] = {}
        # What happens at this instant, in order; answers to come: (at, order, run, op, inputs); and when
        # child executions want to be woken: (at, order, run).
        self._now: deque[tuple[Run, Input | StartChild | Deed]] = deque()
        self._later: list[tuple[int, int, Run, int, list[Input] | Deed]] = []
        self._wakes: list[tuple[int, int, Run]] = []
        self._busy: deque[Run] = deque()
        self._order = 0

    def run(self, value: JSONValue) -> None:
        """Start the execution and drive it until it has ended, and what it started as far as that goes.

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
                elif type(item) is Deed:
                    item.do()
                else:
                    self._handle(run, item, now)  # type: ignore[arg-type]  # mypy doesn't narrow by type()
            elif kernel.status != "RUNNING" and not self._others:
                return
            elif busy:
                self._handle(busy.popleft(), Continue(), now)
            elif kernel.is_busy:
                self._handle(root, Continue(), now)
            else:
                now = self.now = self._pass_time()

    # ------------------------------------------------------------ for those who do the work

    def start(
        self,
        kernel: Kernel,
        perform: Perform,
        items: Items | None,
        value: JSONValue,
        ended: Callable[[Kernel], None],
    ) -> list[Kernel]:
        """Start another execution on the same clock; ``ended`` hears of its end.

        Returns:
            The kernels of its child executions, as they come.
        """
        run = Run(kernel, perform, items, [])
        run.ended = ended
        self._others.add(run)
        self._now.append((run, Start(value)))
        return run.kept

    def stop(self, kernel: Kernel, error: str | None, cause: str | None) -> None:
        """Abort an execution that was started beside the first one."""
        for run in self._others:
            if run.kernel is kernel:
                self._now.append((run, Stop(error, cause)))

    def is_open(self, token: str) -> bool:
        """Whether a task waits for an answer to this token."""
        run, op = self._tokens.get(token, (self._root, 0))
        return op in run.open

    def answer(self, token: str, make: Callable[[int], Input]) -> bool:
        """Answer a task by its token; ``make`` gets the op. False where no task waits for it."""
        if not self.is_open(token):
            return False
        run, op = self._tokens[token]
        self.tell(run, op, [make(op)])
        return True

    def when_cancelled(self, token: str, do: Callable[[], None]) -> None:
        """Do something where a task ends without an answer to its token."""
        self._when_cancelled[token] = do

    def tell(self, run: Run, op: int, inputs: list[Input]) -> None:
        """Tell an execution of one of its tasks."""
        if inputs and type(inputs[-1]) in _ENDS:
            run.open.pop(op, None)
        self._now.extend((run, item) for item in inputs)

    def later(self, delay_ms: int, do: Callable[[], None]) -> None:
        """Do something so much later; 0: when all that happens now has happened."""
        if delay_ms == 0:
            self._now.append((self._root, Deed(do)))
        else:
            self._order += 1
            heappush(self._later, (self.now + delay_ms, self._order, self._root, 0, Deed(do)))

    def _handle(self, run: Run, item: Input, now: int) -> None:
        commands = run.kernel.handle(item, now)
        if run.kernel.fault is not None:
            raise run.kernel.fault
        if commands:
            self._carry_out(run, commands, now)
        if run is not self._root:
            self._follow(run)

    def _follow(self, run: Run) -> None:
        """Tell another execution's end to who waits for it, or note when it wants to go on."""
        kernel = run.kernel
        if kernel.status != "RUNNING":
            parent = run.parent
            if parent is None:
                if run in self._others and run.ended is not None:
                    self._others.remove(run)
                    run.ended(kernel)
            elif parent.children.pop(run.op, None) is not None:
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
                _, _, run, op, what = heappop(later)
                if type(what) is Deed:
                    self._now.append((run, what))
                elif op in run.open:
                    self.tell(run, op, what)  # type: ignore[arg-type]  # mypy doesn't narrow by type()
                run.cancelled.discard(op)
            return at
        if self._root.kernel.status != "RUNNING" and (wake_at is None or self._waits_in_vain(run)):
            # What goes on after the end of the first execution is no reason to complain.
            self._others.clear()
            return self.now
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
                done = run.perform(command)
                if type(done) is tuple and done[1] == 0 and type(done[0][-1]) in _ENDS:
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
                self._now.append((run, _attached(run).read(command)))
            elif isinstance(command, WriteResults):
                self._now.append((run, _attached(run).write(command)))

    def _wait_for(
        self, run: Run, task: StartTask, done: tuple[list[Input], int] | Promise | None, now: int
    ) -> None:
        run.open[task.op] = task
        if task.token is not None:
            self._tokens[task.token] = (run, task.op)
        if isinstance(done, Promise):
            done.bind(self, run, task.op)
        elif done is not None:
            inputs, delay_ms = done
            if delay_ms == 0:
                self.tell(run, task.op, inputs)
                return
            # That work has begun is told at once.
            self.tell(run, task.op, inputs[:-1])
            self._order += 1
            heappush(self._later, (now + delay_ms, self._order, run, task.op, inputs[-1:]))

    def _start_child(self, run: Run, command: StartChild, now: int) -> None:
        if command.op in run.cancelled or run.kernel.status != "RUNNING":
            run.cancelled.discard(command.op)
            return
        kernel = child_kernel(run.kernel, command, now)
        if len(run.kept) < KEPT_CHILDREN:
            run.kept.append(kernel)
        child = run.children[command.op] = Run(
            kernel, run.perform, run.items, run.kept, parent=run, op=command.op
        )
        self._handle(child, Start(command.input), now)

    def _cancel(self, run: Run, op: int, now: int) -> None:
        child = run.children.pop(op, None)
        if child is not None:
            self._handle(child, Stop(None, None), now)
        else:
            task = run.open.pop(op, None)
            run.cancelled.add(op)
            if task is not None and task.token in self._when_cancelled:
                self._when_cancelled.pop(task.token)()


def _is_due(at: int, order: int, run: Run) -> bool:
    """Whether a noted time is still the one at which a kernel wants to be woken."""
    return run.woken_at == at and run.kernel.status == "RUNNING" and run.kernel.wake_at == at


def _attached(run: Run) -> Items:
    if run.items is None:
        raise HandlerError("a distributed Map has a reader or a writer, and nothing that does their work")
    return run.items


def _open_tasks(run: Run) -> list[StartTask]:
    return [*run.open.values(), *(task for child in run.children.values() for task in _open_tasks(child))]
