"""Run an execution in virtual time: waits and work take no real time, the clock jumps.

Knows no AWS and no wall clock; the start time is given. Child executions of distributed Maps share the clock,
and so does whatever else the executions start.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from step.engine.children import child_answer, child_kernel
from step.engine.kernel import Kernel
from step.engine.vocabulary import (
    CancelTask,
    Command,
    Continue,
    Input,
    OpenWork,
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
from step.runtime.drive import Drive, Run
from step.runtime.handler_clock import TRAVELS
from step.runtime.stack import with_room

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


class Happening(NamedTuple):
    """Something that happens at its time, outside all executions."""

    do: Callable[[], None]

    def is_due(self, at: int) -> bool:
        return True

    def happen(self) -> None:
        self.do()


class Answer(NamedTuple):
    """The end of a task's work, at its time."""

    driver: VirtualDriver
    run: VirtualRun
    op: int
    inputs: list[Input]

    def is_due(self, at: int) -> bool:
        return self.run.open(self.op) is not None

    def happen(self) -> None:
        self.driver.tell(self.run, self.op, self.inputs)


class Promise:
    """An answer to a task that comes of something else that happens in virtual time."""

    __slots__ = ("_driver", "_op", "_run")

    def __init__(self) -> None:
        self._driver: VirtualDriver | None = None
        self._run: VirtualRun | None = None
        self._op = 0

    def bind(self, driver: VirtualDriver, run: VirtualRun, op: int) -> None:
        """Say whose answer it is; the driver does."""
        self._driver, self._run, self._op = driver, run, op

    @property
    def is_wanted(self) -> bool:
        """Whether the task still waits."""
        return self._run is not None and self._run.open(self._op) is not None

    def keep(self, make: Callable[[int], list[Input]]) -> bool:
        """Answer; ``make`` gets the op. False where nobody waits for it any more."""
        if self._driver is None or self._run is None or not self.is_wanted:
            return False
        self._driver.tell(self._run, self._op, make(self._op))
        return True


class VirtualRun(Run):
    """An execution in virtual time."""

    __slots__ = ("ended", "items", "kept", "parent", "perform")

    def __init__(
        self,
        kernel: Kernel,
        perform: Perform,
        items: Items | None,
        kept: list[Kernel],
        *,
        parent: VirtualRun | None = None,
        op: int = 0,
    ) -> None:
        super().__init__(kernel, op)
        self.perform = perform
        self.items = items
        # The kernels of child executions, for those who look at them afterwards.
        self.kept = kept
        # Hears of the end of an execution that another one started.
        self.ended: Callable[[Kernel], None] | None = None
        self.parent = parent

    def open(self, op: int) -> OpenWork | None:
        """Find work whose end hasn't come."""
        work = self.kernel.ops.get(op)
        return None if work is None or work.is_answered else work

    def open_tasks(self) -> list[StartTask]:
        """The tasks that wait for an answer, those of child executions too."""
        found: list[StartTask] = []
        for work in self.kernel.ops.values():
            if isinstance(work.child, VirtualRun):
                found += work.child.open_tasks()
            elif isinstance(work.command, StartTask) and not work.is_answered:
                found.append(work.command)
        return found

    @property
    def waits_in_vain(self) -> bool:
        """Whether only the longest duration of an execution would end what a task waits for."""
        return self.kernel.only_quota_wakes and any(map(_is_stuck, self.kernel.ops.values()))


def _is_stuck(work: OpenWork) -> bool:
    if isinstance(work.child, VirtualRun):
        return work.child.waits_in_vain
    return isinstance(work.command, StartTask) and not work.is_answered


class VirtualDriver(Drive[VirtualRun]):
    """Drives one execution to its end, with its child executions and those it started.

    Attributes:
        children: The kernels of the child executions that started first, at most ``KEPT_CHILDREN``.
        now: The time: milliseconds since 1970.
    """

    def __init__(self, kernel: Kernel, perform: Perform, items: Items | None = None) -> None:
        super().__init__()
        self.children: list[Kernel] = []
        self.now = kernel.now
        self._root = VirtualRun(kernel, perform, items, self.children)
        # What to do when nobody wants a task's answer any more, by its token.
        self._when_cancelled: dict[str, Callable[[], None]] = {}
        # Executions that run beside the first one.
        self._others: set[VirtualRun] = set()
        # Whose task a token answers.
        self._tokens: dict[str, tuple[VirtualRun, int]] = {}
        # What happens at this instant, in order; and whose turn goes on after that.
        self._now: deque[tuple[VirtualRun, Input | StartChild | Happening]] = deque()
        self._busy: deque[VirtualRun] = deque()

    def run(self, value: JSONValue) -> None:
        """Start the execution and drive it until it has ended, and what it started as far as that goes.

        Raises:
            NothingToWaitFor: a task waits for an answer that nobody can give, and no timer ends it.
        """
        self.go_on(Start(value))

    def go_on(self, item: Input, goes_on: Callable[[], bool] | None = None) -> None:
        """Give the execution an input and drive it on, as long as ``goes_on`` says where time is to pass.

        Raises:
            NothingToWaitFor: see ``run``.
        """
        kernel = self._root.kernel
        self._now.append((self._root, item))

        def is_wanted() -> bool:
            if self.has_come:
                return True
            return (kernel.status == "RUNNING" or bool(self._others)) and (goes_on is None or goes_on())

        # Once for all turns: to look at the stack at each one would be felt.
        with_room(lambda: self.loop(is_wanted))

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
        run = VirtualRun(kernel, perform, items, [])
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
        return run.open(op) is not None

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

    def tell(self, run: VirtualRun, op: int, inputs: list[Input]) -> None:
        """Tell an execution of one of its tasks."""
        work = run.open(op)
        if work is not None and inputs and type(inputs[-1]) in _ENDS:
            work.is_answered = True
        self._now.extend((run, item) for item in inputs)

    def later(self, delay_ms: int, do: Callable[[], None]) -> None:
        """Do something so much later; 0: when all that happens now has happened."""
        if delay_ms == 0:
            self._now.append((self._root, Happening(do)))
        else:
            self.agenda.add(self.now + delay_ms, Happening(do))

    # ------------------------------------------------------------ the loop

    @property
    def has_come(self) -> bool:
        return bool(self._now or self._busy)

    def put(self, run: VirtualRun, item: Input | StartChild) -> None:
        # A turn that ran out of its budget goes on after all that happens now.
        if type(item) is Continue:
            self._busy.append(run)
        else:
            self._now.append((run, item))

    def take_in(self) -> None:
        pending = self._now
        while pending:
            run, item = pending.popleft()
            if type(item) is StartChild:
                self._start_child(run, item)
            elif type(item) is Happening:
                item.do()
            else:
                self.take(run, item)  # type: ignore[arg-type]  # mypy doesn't narrow by type()
        if self._busy:
            self.take(self._busy.popleft(), Continue())

    def take(self, run: VirtualRun, item: Input) -> None:
        """Let an execution take an input now."""
        kernel = run.kernel
        commands = kernel.handle(item, self.now)
        if commands:
            self._carry_out(run, commands)
        timers = kernel.timers
        if (
            kernel.ready
            or kernel.status != "RUNNING"
            or kernel.fault
            or (timers and timers[0][0] != run.woken_at)
        ):
            self.follow(run)

    def ended(self, run: VirtualRun) -> None:
        parent = run.parent
        if parent is None:
            if run in self._others and run.ended is not None:
                self._others.remove(run)
                run.ended(run.kernel)
        elif parent.open(run.op) is not None:
            self.tell(parent, run.op, [child_answer(run.kernel, run.op)])

    def broke(self, run: VirtualRun, fault: Exception) -> None:
        raise fault

    def pass_time(self, at: int | None) -> None:
        """Jump to the next instant at which something happens; an answer comes before a timer."""
        deeds = self.agenda.take_deeds(at) if at is not None else []
        if at is not None and deeds:
            self.now = at
            # What is due at one instant comes in the order in which it was asked for, before what follows
            # from it; an answer that a sibling's makes needless is ignored by the kernel.
            for deed in deeds:
                if isinstance(deed, Happening):
                    self._now.append((self._root, deed))
                elif deed.is_due(at):
                    deed.happen()
            return
        run = self.agenda.next_wake()
        if at is None or run is None or run.waits_in_vain:
            if self._root.is_running:
                raise NothingToWaitFor(self._explain())
            # What goes on after the end of the first execution is no reason to complain.
            self._others.clear()
            return
        self.now = at
        self.agenda.take_wake(at)
        self._now.append((run, TimePassed()))

    def _explain(self) -> str:
        states = ", ".join(repr(task.state) for task in self._root.open_tasks())
        return (
            f"state {states} waits for an answer that nobody can give: attach a function, a value or an "
            "exception to it with set_resource_function(...), answer its token with set_callback(...), or "
            "give it a TimeoutSeconds"
        )

    # ------------------------------------------------------------ commands

    def _carry_out(self, run: VirtualRun, commands: list[Command]) -> None:
        for command in commands:
            if type(command) is StartTask:
                done = run.perform(command) if not TRAVELS else self._travel(run, command)
                if type(done) is tuple and done[1] == 0 and type(done[0][-1]) in _ENDS:
                    for item in done[0]:
                        self._now.append((run, item))
                else:
                    self._wait_for(run, command, done)
            elif type(command) is CancelTask:
                self._cancel(command.work)
            elif type(command) is StartChild:
                # Its kernel is made when its turn comes: most end in their first turn.
                self._now.append((run, command))
            elif isinstance(command, ReadItems):
                self._now.append((run, _attached(run).read(command)))
            elif isinstance(command, WriteResults):
                self._now.append((run, _attached(run).write(command)))

    def _travel(self, run: VirtualRun, task: StartTask) -> tuple[list[Input], int] | Promise | None:
        """Have a task's work done by who sees the execution's time as the process's."""
        with TRAVELS[-1](self.now):
            return run.perform(task)

    def _wait_for(
        self, run: VirtualRun, task: StartTask, done: tuple[list[Input], int] | Promise | None
    ) -> None:
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
            self.agenda.add(self.now + delay_ms, Answer(self, run, task.op, inputs[-1:]))

    def _start_child(self, run: VirtualRun, command: StartChild) -> None:
        work = run.kernel.ops.get(command.op)
        if work is None:
            return
        kernel = child_kernel(run.kernel, command, self.now)
        if len(run.kept) < KEPT_CHILDREN:
            run.kept.append(kernel)
        child = VirtualRun(kernel, run.perform, run.items, run.kept, parent=run, op=command.op)
        work.child = child
        self.take(child, Start(command.input))

    def _cancel(self, work: OpenWork) -> None:
        if work.is_answered:
            return
        if isinstance(work.child, VirtualRun):
            self.take(work.child, Stop(None, None))
        elif isinstance(work.command, StartTask) and work.command.token in self._when_cancelled:
            self._when_cancelled.pop(work.command.token)()


def _attached(run: VirtualRun) -> Items:
    if run.items is None:
        raise HandlerError("a distributed Map has a reader or a writer, and nothing that does their work")
    return run.items
