"""Durable executions: kernels driven by a real clock, journalled input by input.

One lock guards all kernels and the journal; work of tasks runs in a pool of threads, outside the lock. A
waiting execution costs a heap entry, not a thread. What was acknowledged is in the journal: a new host on the
same store replays it, and runs again only the tasks that have no recorded answer (at least once).
"""

from __future__ import annotations

import heapq
import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from step.asl.parse import parse
from step.engine import history
from step.engine.frames import ExecutionInfo
from step.engine.history import History
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import EXPRESS, Quotas
from step.engine.vocabulary import (
    CancelTask,
    Command,
    Continue,
    Input,
    Redrive,
    Start,
    StartTask,
    Stop,
    TaskFailed,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
    TimePassed,
)
from step.errors import StepError
from step.jsonvalue import JSONObject, to_text
from step.local.clocks import Clock
from step.local.journal import ExecutionRow, Journal

# Does a task's work in a thread of the pool; gives what to tell the kernel, in order. An empty list: somebody
# will answer the task's token, or poll the activity.
Work = Callable[[StartTask, ExecutionInfo], list[Input]]
# Hears of an execution whose history has grown or whose status has changed; must return at once.
Listener = Callable[[str], None]

_NOT_DISTRIBUTED = "a distributed Map is run in virtual time only; the durable host refuses it"
_log = logging.getLogger("step.local")


class Live:
    """A running execution: its kernel, and what is open in it."""

    __slots__ = ("digest", "digested", "ended", "id", "info", "is_durable", "kernel", "number", "tasks")

    def __init__(self, key: int, info: ExecutionInfo, kernel: Kernel, *, is_durable: bool) -> None:
        self.id = key
        self.info = info
        self.kernel = kernel
        self.is_durable = is_durable
        self.number = 1
        self.digest = 0
        self.digested = 0
        # Work that has been asked for and not been answered, by op.
        self.tasks: dict[int, StartTask] = {}
        self.ended = threading.Event()

    def sum_up(self) -> int:
        rows = self.kernel.rows
        self.digest = history.digest(rows[self.digested :], self.digest)
        self.digested = len(rows)
        return self.digest


class Host:
    """Everything that runs, and the journal behind it."""

    def __init__(self, journal: Journal, clock: Clock, work: Work, *, threads: int = 32) -> None:
        self.journal = journal
        self.clock = clock
        self.listeners: list[Listener] = []
        self.lock = threading.RLock()
        self._work = work
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="step-task")
        self._wake = threading.Condition(self.lock)
        self._live: dict[str, Live] = {}
        # Task tokens and polled activities, by token: whose they are.
        self._tokens: dict[str, tuple[str, int]] = {}
        # Activity tasks that nobody has taken, by activity ARN, oldest first.
        self._activities: dict[str, list[tuple[str, int]]] = {}
        self._timers: list[tuple[int, int, str]] = []
        self._order = 0
        self._working = 0
        self._is_closing = False
        self._programs: dict[str, Program] = {}
        self._thread = threading.Thread(target=self._keep_time, name="step-clock", daemon=True)

    # ------------------------------------------------------------ life

    def open(self) -> list[str]:
        """Replay what was running when the store was last used, and go on; return those executions' ARNs."""
        with self.lock:
            rows = self.journal.executions(status="RUNNING")
            for row in rows:
                self._recover(row)
        self._thread.start()
        return [row.arn for row in rows]

    def close(self) -> None:
        """Stop driving; what runs goes on when the store is opened again."""
        with self.lock:
            self._is_closing = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self.lock:
            self.journal.close()

    # ------------------------------------------------------------ executions

    def start(
        self,
        info: ExecutionInfo,
        definition: str,
        *,
        is_express: bool = False,
        more: Mapping[str, Any] | None = None,
    ) -> Live:
        """Begin an execution; durable when this returns, unless it is an Express one.

        Args:
            info: What it is called; ``start_ms`` is the host's time.
            definition: The text of a validated definition, TaskFn expanded.
            is_express: Whether Express quotas hold; such executions aren't kept.
            more: What else to keep with it, as a JSON object.

        Raises:
            KeyError: the ARN is taken.
            StepError: the definition has a distributed Map.
        """
        with self.lock:
            program = self._program(definition)
            if program.children:
                raise StepError(_NOT_DISTRIBUTED)
            first = Start(info.input)
            key = 0
            if not is_express:
                key = self.journal.begin(_row(info, definition, more or {}), first)
            elif info.arn in self._live:
                raise KeyError(info.arn)
            kernel = Kernel(program, info, EXPRESS if is_express else Quotas())
            live = Live(key, info, kernel, is_durable=not is_express)
            self._live[info.arn] = live
            self._after(live, kernel.handle(first, info.start_ms))
            return live

    def stop(self, arn: str, error: str | None, cause: str | None) -> bool:
        """Abort a running execution; False where none runs under this ARN."""
        with self.lock:
            live = self._live.get(arn)
            if live is None:
                return False
            self._feed(live, Stop(error, cause))
            return True

    def redrive(self, arn: str) -> bool:
        """Go on with an execution that failed, was stopped or timed out; False where it can't."""
        with self.lock:
            row = self.journal.execution(arn)
            if row is None or row.status in ("RUNNING", "SUCCEEDED"):
                return False
            live = self._replayed(row)
            self._live[arn] = live
            self.journal.redriven(live.id, self.clock.now_ms(), row.redrive_count + 1)
            self._feed(live, Redrive())
            return True

    def live(self, arn: str) -> Live | None:
        """Find a running execution."""
        return self._live.get(arn)

    def history(self, arn: str) -> History | None:
        """Read the history of an execution that runs or has ended; None where there is none."""
        with self.lock:
            live = self._live.get(arn)
            if live is None:
                row = self.journal.execution(arn)
                if row is None:
                    return None
                live = self._replayed(row)
            return History(list(live.kernel.rows), live.kernel.count)

    # ------------------------------------------------------------ answers from outside

    def answer(self, token: str, make: Callable[[int], Input]) -> bool:
        """Tell an open task by its token; ``make`` gets the op. False where the token isn't open."""
        with self.lock:
            owner = self._tokens.get(token)
            live = self._live.get(owner[0]) if owner else None
            if owner is None or live is None or owner[1] not in live.tasks:
                return False
            self._feed(live, make(owner[1]))
            return True

    def take_activity(self, activity: str, timeout: float, worker: str | None) -> StartTask | None:
        """Wait up to ``timeout`` real seconds for a task of an activity, and take it."""
        with self.lock:
            self._wake.wait_for(lambda: self._is_closing or self._next_of(activity) is not None, timeout)
            found = self._next_of(activity)
            if found is None or self._is_closing:
                return None
            arn, op = found
            self._activities[activity].remove(found)
            live = self._live[arn]
            self._feed(live, TaskStarted(op, worker))
            return live.tasks.get(op)

    def _next_of(self, activity: str) -> tuple[str, int] | None:
        waiting = self._activities.get(activity, [])
        while waiting:
            arn, op = waiting[0]
            live = self._live.get(arn)
            if live is not None and op in live.tasks:
                return waiting[0]
            waiting.pop(0)
        return None

    # ------------------------------------------------------------ the loop

    def _feed(self, live: Live, item: Input) -> None:
        """Journal an input, then let it take effect."""
        now = self.clock.now_ms()
        if live.is_durable:
            self.journal.append(live.id, live.number, now, live.sum_up(), item)
        live.number += 1
        self._forget_answered(live, item)
        self._after(live, live.kernel.handle(item, now))

    def _forget_answered(self, live: Live, item: Input) -> None:
        if isinstance(item, TaskSucceeded | TaskFailed):
            task = live.tasks.pop(item.op, None)
            if task is not None and task.token is not None:
                self._tokens.pop(task.token, None)

    def _after(self, live: Live, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, StartTask):
                self._open(live, command)
                self._begin_work(live, command)
            elif isinstance(command, CancelTask):
                self._close_task(live, command.op)
        kernel = live.kernel
        if kernel.status != "RUNNING":
            self._finish(live)
        elif kernel.is_busy:
            self._feed(live, Continue())
            return
        else:
            at = kernel.wake_at
            if at is not None:
                self._order += 1
                heapq.heappush(self._timers, (at, self._order, live.info.arn))
        self._wake.notify_all()
        for listener in self.listeners:
            listener(live.info.arn)

    def _open(self, live: Live, task: StartTask) -> None:
        live.tasks[task.op] = task
        if task.token is not None:
            self._tokens[task.token] = (live.info.arn, task.op)
        if ":activity:" in task.resource:
            self._activities.setdefault(task.resource, []).append((live.info.arn, task.op))

    def _close_task(self, live: Live, op: int) -> None:
        task = live.tasks.pop(op, None)
        if task is not None and task.token is not None:
            self._tokens.pop(task.token, None)

    def _begin_work(self, live: Live, task: StartTask) -> None:
        if ":activity:" in task.resource:
            return
        self._working += 1
        self._pool.submit(self._do, live, task)

    def _do(self, live: Live, task: StartTask) -> None:
        try:
            answers = self._work(task, live.info)
        except Exception as error:  # a worker is foreign code
            _log.exception("%s: state %r", live.info.arn, task.state)
            answers = [TaskFailed(task.op, "States.Runtime", f"{type(error).__name__}: {error}")]
        with self.lock:
            self._working -= 1
            for item in answers:
                if not self._is_closing and task.op in live.tasks:
                    self._feed(live, item)
            self._wake.notify_all()

    def _finish(self, live: Live) -> None:
        kernel = live.kernel
        error = kernel.error
        self._live.pop(live.info.arn, None)
        for op in list(live.tasks):
            self._close_task(live, op)
        if live.is_durable:
            name, cause = (error.name, error.cause) if error else (None, None)
            self.journal.finish(live.id, kernel.status, kernel.now, kernel.output, name, cause)
        live.ended.set()

    def _keep_time(self) -> None:
        with self.lock:
            while not self._is_closing:
                while self._timers and not self._is_current(self._timers[0]):
                    heapq.heappop(self._timers)
                if not self._timers:
                    self._wake.wait()
                    continue
                at, _, arn = self._timers[0]
                if at <= self.clock.now_ms():
                    heapq.heappop(self._timers)
                    self._feed(self._live[arn], TimePassed())
                    continue
                seconds = self.clock.real_seconds_until(at)
                if seconds is None and not self._working and not self._tokens and not self._activities_wait():
                    self.clock.jump(at)
                else:
                    self._wake.wait((at - self.clock.now_ms()) / 1000 if seconds is None else seconds)

    def _is_current(self, timer: tuple[int, int, str]) -> bool:
        live = self._live.get(timer[2])
        return live is not None and live.kernel.wake_at == timer[0]

    def _activities_wait(self) -> bool:
        return any(self._next_of(activity) is not None for activity in self._activities)

    # ------------------------------------------------------------ replaying

    def _program(self, definition: str) -> Program:
        program = self._programs.get(definition)
        if program is None:
            program = self._programs[definition] = Program.from_definition(parse(json.loads(definition)))
        return program

    def _replayed(self, row: ExecutionRow) -> Live:
        """Rebuild an execution from its journal.

        Raises:
            StepError: the replay doesn't do what was recorded.
        """
        info = ExecutionInfo(
            arn=row.arn,
            name=row.name,
            input=json.loads(row.input),
            start_ms=row.start_ms,
            machine_arn=row.machine_arn,
            seed=row.seed,
            **json.loads(row.info)["info"],
        )
        kernel = Kernel(self._program(row.definition), info, Quotas())
        live = Live(row.id, info, kernel, is_durable=True)
        live.number = 0
        for entry in self.journal.entries(row.id):
            if live.number and live.sum_up() != entry.digest:
                raise StepError(
                    f"{row.arn}: input {live.number} was recorded after other events than a replay gives: "
                    "another version of step, or a damaged store"
                )
            live.number += 1
            self._replay(live, entry.item, kernel.handle(entry.item, entry.at_ms))
        return live

    def _replay(self, live: Live, item: Input, commands: list[Command]) -> None:
        if isinstance(item, TaskSucceeded | TaskFailed):
            live.tasks.pop(item.op, None)
        for command in commands:
            if isinstance(command, StartTask):
                live.tasks[command.op] = command
            elif isinstance(command, CancelTask):
                live.tasks.pop(command.op, None)

    def _recover(self, row: ExecutionRow) -> None:
        try:
            live = self._replayed(row)
        except StepError as error:
            _log.error("%s", error)
            self.journal.finish(row.id, "FAILED", self.clock.now_ms(), None, "States.Runtime", str(error))
            return
        self._live[row.arn] = live
        submitted = {e.item.op for e in self.journal.entries(row.id) if isinstance(e.item, TaskSubmitted)}
        for task in live.tasks.values():
            self._open(live, task)
            if task.op not in submitted:
                self._begin_work(live, task)
        self._after(live, [])


def _row(info: ExecutionInfo, definition: str, more: Mapping[str, Any]) -> ExecutionRow:
    kept: JSONObject = {"role_arn": info.role_arn, "machine_name": info.machine_name}
    return ExecutionRow(
        id=0,
        arn=info.arn,
        machine_arn=info.machine_arn,
        name=info.name,
        status="RUNNING",
        start_ms=info.start_ms,
        stop_ms=None,
        redrive_ms=None,
        redrive_count=0,
        seed=info.seed,
        definition=definition,
        info=to_text({"info": kept, "more": dict(more)}),
        input=to_text(info.input),
        output=None,
        error=None,
        cause=None,
    )
