"""Drives kernels by a clock: writes each input to the journal, lets it take effect, has commands carried out.

One lock guards all kernels and the journal; work of tasks runs in a pool of threads, outside the lock. What
comes from inside (results, timers, child executions) goes through an inbox: what is in it is written in one
transaction, and then handed to the kernels. So one commit serves many results where many come at once, and on
a full disk everything stays in the inbox until there is room.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from step.durable.clocks import Clock
from step.durable.journal import UNCHECKED, Journal, StoreFull
from step.durable.live import Live, Turn
from step.durable.recovery import Recovery, arn_of_child, ended_row, row_of
from step.durable.timers import Timers
from step.durable.tokens import Tokens, is_activity
from step.durable.workers import Returned, Work, Workers
from step.engine.children import child_answer, child_kernel
from step.engine.vocabulary import (
    Continue,
    Fault,
    Heartbeat,
    Input,
    MapRunUpdated,
    ReadItems,
    Redrive,
    Start,
    StartChild,
    StartTask,
    Stop,
    TaskFailed,
    TaskSubmitted,
    TimePassed,
    WriteResults,
)
from step.errors import StepError
from step.runtime.virtual import Items

# Hears of an execution whose history has grown or whose status has changed; must return at once.
Listener = Callable[[str], None]

# So many inputs are written in one transaction, before others have their turn at the lock.
_BATCH = 256
_YIELD_SECONDS = 0.0002
# How long to wait before another try to write to a full disk.
_RETRY_SECONDS = 0.2
# Looks at the clock so often at least: somebody may have set it, or closed the lid.
_LONGEST_SLEEP_SECONDS = 30.0
# How long an answer to a token is held back until the work's own call has returned.
_HOLD_MS = 5_000
_log = logging.getLogger("step.durable")


class Arrival(NamedTuple):
    """Something for an execution; ``at_ms`` 0: it happens now."""

    live: Live
    item: Input | StartChild
    at_ms: int = 0


# What is done once an arrival is in the journal: it takes effect.
_Deed = tuple[Live, Input, int] | tuple[Live, Turn, StartChild]


class Driver:
    """Everything that runs."""

    def __init__(
        self, journal: Journal, clock: Clock, work: Work, items: Items | None, *, threads: int
    ) -> None:
        self.journal = journal
        self.clock = clock
        self.listeners: list[Listener] = []
        self.lock = threading.RLock()
        self.running: dict[str, Live] = {}
        self.tokens = Tokens()
        # How many outside of the driver are about to give it something: no time is jumped over.
        self.holds = 0
        self.timers = Timers()
        self.recovery = Recovery(journal)
        self.offered = threading.Condition(self.lock)
        self.is_closing = False
        self.workers = Workers(work, items, self._put_return, threads)
        self._inbox: deque[Arrival | Returned] = deque()
        # Held by the worker that takes what is in the inbox.
        self._taking = threading.Lock()
        # What follows from inputs and is still to be written: ends (None), and Map Runs' ARNs.
        self._owed: list[tuple[Live, str | None]] = []
        self._working = 0
        self._wake = threading.Condition(self.lock)
        self._sleeps_until: int | None = None
        self._thread = threading.Thread(target=self._keep_going, name="step-clock", daemon=True)

    # ------------------------------------------------------------ life

    def open(self) -> None:
        """Begin to keep time."""
        self._thread.start()

    def close(self) -> None:
        """Stop driving; handlers that run are left alone, and their results are lost."""
        with self.lock:
            self.is_closing = True
            self._wake.notify_all()
            self.offered.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self.workers.close()
        with self.lock:
            self.journal.close()

    # ------------------------------------------------------------ from outside: with the lock

    def feed(self, live: Live, item: Input) -> None:
        """Write an input, then let it take effect; raises StoreFull, and then nothing has happened."""
        now = self._now(live, 0)
        try:
            self.write(live, item, now)
        finally:
            live.pending = 0
        self.after(live, self._take(live, item, now))
        self.settle()

    def write(self, live: Live, item: Input, now: int) -> None:
        """Write an input that takes effect at once when the transaction is committed."""
        op = getattr(item, "op", 0)
        if live.is_durable:
            sum_ = UNCHECKED if live.pending else live.sum_up()
            if live.held and live.held.get(op) is item:
                self.journal.release(live.id, op)
            self.journal.append(live.id, live.number + live.pending, now, sum_, item)
        live.pending += 1

    def write_redrive(self, live: Live, count: int) -> Turn:
        """Write that an execution, rebuilt for this, goes on; give what comes of it."""
        now = self._now(live, 0)
        with self.journal.together():
            self.journal.redriven(live.id, now, count)
            self.write(live, Redrive(), now)
        live.pending = 0
        return self._take(live, Redrive(), now)

    def put(self, live: Live, item: Input | StartChild) -> None:
        """Let something come from inside."""
        self._inbox.append(Arrival(live, item))

    def hold(self, live: Live, op: int, item: Input) -> bool:
        """Keep an answer that came before the work's own call has returned; False: there is one already."""
        if live.held is not None and op in live.held:
            return False
        if live.is_durable:
            self.journal.hold(live.id, op, item)
        live.held = live.held or {}
        live.held[op] = item
        wake_at = live.kernel.wake_at
        release_at = self.clock.now_ms() + _HOLD_MS
        live.release_at = release_at if wake_at is None else min(release_at, wake_at)
        self.timers.note_release(live)
        self.settle()
        return True

    def settle(self) -> None:
        """Write what is owed; wake who keeps time where there is something for it."""
        if self._owed:
            self._write_owed()
        if self._inbox or self._owed or not self._working:
            self._wake.notify()
            return
        at = self.timers.first()
        if at is not None and (self._sleeps_until is None or at < self._sleeps_until):
            self._wake.notify()

    # ------------------------------------------------------------ what follows from an input

    def _now(self, live: Live, at_ms: int) -> int:
        # An execution's time never goes back, even where somebody sets the wall clock.
        return max(at_ms or self.clock.now_ms(), live.kernel.now)

    def _take(self, live: Live, item: Input, now: int) -> Turn:
        return live.take(item, now)

    def after(self, live: Live, turn: Turn, *, is_written: bool = False) -> None:
        """Do what came of an input; ``is_written``: the journal has it already where the execution ended."""
        for task in turn.closed:
            self.tokens.close(task)
        for child in turn.dropped:
            self.put(child, Stop(None, None))
        for command in turn.commands:
            if type(command) is StartTask:
                if command.op in live.tasks:
                    self.tokens.open(live, command)
                    self.begin_work(live, command)
            elif type(command) is StartChild:
                self.put(live, command)
            elif command.op in live.errands:
                self.begin_errand(live, command)  # type: ignore[arg-type]  # one of the two left
        self.go_on(live, is_written=is_written)
        for listener in self.listeners:
            listener(live.info.arn)

    def go_on(self, live: Live, *, is_written: bool = False) -> None:
        """Note when an execution wants to be woken, or that it has ended."""
        if live.runs is not None and live.runs.fresh:
            self._owed.extend((live, arn) for arn in live.runs.fresh)
            live.runs.fresh.clear()
        if not live.is_running:
            if is_written:
                self._end(live)
            else:
                self._owed.append((live, None))
        elif live.kernel.fault is not None:
            fault = live.kernel.fault
            _log.error("%s: a fault of step", live.info.arn, exc_info=fault)
            self.put(live, Fault("States.Runtime", f"{type(fault).__name__}: {fault}"))
        elif live.kernel.is_busy:
            self.put(live, Continue())
        else:
            self.timers.note(live)

    def _write_owed(self) -> bool:
        """Write ends and Map Runs; say whether that went well."""
        owed = self._owed
        try:
            with self.journal.together():
                for live, map_run in owed:
                    if live.is_durable:
                        self._write_derived(live, map_run)
        except StoreFull as error:
            _log.warning("%s", error)
            return False
        self._owed = []
        for live, map_run in owed:
            if map_run is None:
                self._end(live)
        return True

    def _write_derived(self, live: Live, map_run: str | None) -> None:
        if map_run is not None:
            self.journal.note_map_run(map_run, live.id)
            return
        kernel = live.kernel
        name, cause = (kernel.error.name, kernel.error.cause) if kernel.error else (None, None)
        self.journal.finish(live.id, kernel.status, kernel.now, kernel.output, name, cause)

    def _end(self, live: Live) -> None:
        self.running.pop(live.info.arn, None)
        if live.parent is not None:
            self.put(live.parent, child_answer(live.kernel, live.op))
        live.ended.set()

    # ------------------------------------------------------------ work

    def begin_work(self, live: Live, task: StartTask) -> None:
        """Have a task's work done, or let workers ask for it."""
        if is_activity(task):
            self.tokens.offer(live, task)
            self.offered.notify_all()
            return
        if task.token is not None:
            live.calling = live.calling or set()
            live.calling.add(task.op)
        self._working += 1
        self.workers.do(live, task)

    def begin_errand(self, live: Live, command: ReadItems | WriteResults) -> None:
        """Have items read or results written."""
        self._working += 1
        self.workers.run(live, command)

    def _put_return(self, returned: Returned) -> None:
        """Leave a result; one thread takes all that have come, and the others do the next work meanwhile."""
        self._inbox.append(returned)
        is_well = True
        # Once it is closing nobody takes them any more.
        while is_well and not self.is_closing and self._inbox and self._taking.acquire(blocking=False):
            try:
                with self.lock:
                    is_well = self._work_off()
            finally:
                self._taking.release()

    def _arrivals(self, returned: Returned) -> list[Arrival]:
        """Take note of a return; somebody may have answered the token in the meantime."""
        live, task, answers = returned
        self._working -= 1
        if task is not None and task.token is not None:
            if live.calling is not None:
                live.calling.discard(task.op)
            held = live.held.get(task.op) if live.held else None
            if held is not None:
                # The first answer counts: it came before what the call itself says.
                answers = [item for item in answers if isinstance(item, TaskSubmitted)] + [held]
        return [Arrival(live, item) for item in answers]

    # ------------------------------------------------------------ the inbox

    def _work_off(self) -> bool:
        """Write what has come in one transaction, then let it take effect; say whether that went well."""
        if self.is_closing:
            return True
        batch: list[Arrival] = []
        while self._inbox and len(batch) < _BATCH:
            come = self._inbox.popleft()
            batch += self._arrivals(come) if isinstance(come, Returned) else (come,)
        if batch and not self._take_all(batch):
            # Who keeps time tries again.
            self._wake.notify()
            return False
        is_paid = not self._owed or self._write_owed()
        self.settle()
        return is_paid

    def _take_all(self, batch: list[Arrival]) -> bool:
        deeds: list[_Deed] = []
        try:
            with self.journal.together():
                for arrival in batch:
                    deed = self._write_arrival(arrival)
                    if deed is not None:
                        deeds.append(deed)
        except StoreFull as error:
            _log.warning("%s", error)
            self._inbox.extendleft(reversed(batch))
            return False
        finally:
            for arrival in batch:
                arrival.live.pending = 0
        for live, item, last in deeds:
            if isinstance(last, StartChild):
                self._child_began(live, item, last)  # type: ignore[arg-type]  # a Turn
            else:
                self.after(live, self._take(live, item, last))  # type: ignore[arg-type]  # an input
        return True

    def _write_arrival(self, arrival: Arrival) -> _Deed | None:
        """Write something that came, where it is still wanted."""
        live, item, at_ms = arrival
        if isinstance(item, StartChild):
            if live.children.get(item.op) is not item:
                return None
            try:
                return self._begin_child(live, item)
            except StoreFull:
                raise
            except (
                StepError,
                KeyError,
            ) as error:  # a damaged store: its name is taken, or it can't be replayed
                self.put(live, TaskFailed(item.op, "States.Runtime", str(error)))
                return None
        if not _is_wanted(live, item):
            return None
        now = self._now(live, at_ms)
        self.write(live, item, now)
        return live, item, now

    def _begin_child(self, parent: Live, command: StartChild) -> _Deed:
        """Write a child execution that starts, or goes on in a redrive.

        Its kernel may run ahead of the commit: where that fails, the kernel is thrown away.
        """
        now = self.clock.now_ms()
        if command.redrive_count and not command.is_express:
            redriven = self._redrive_child(parent, command)
            if redriven is not None:
                return redriven
        kernel = child_kernel(parent.kernel, command, now)
        is_durable = parent.is_durable and not command.is_express
        child = Live(0, kernel.info, kernel, is_durable=is_durable, parent=parent, op=command.op)
        first = Start(command.input)
        turn = self._take(child, first, now)
        if is_durable:
            record = parent.runs.of_op(command.op) if parent.runs is not None else None
            place = (parent.id, command.state, record.arn if record else "")
            child.id = self.journal.begin(
                ended_row(row_of(kernel.info, "", {}, place), kernel), child.sum_up(), first
            )
        return child, turn, command

    def _redrive_child(self, parent: Live, command: StartChild) -> _Deed | None:
        row = self.journal.execution(arn_of_child(parent, command))
        if row is None or row.status in ("RUNNING", "SUCCEEDED"):
            return None
        child, _ = self.recovery.replay(row, parent.kernel.program.children[command.state])
        child.parent, child.op = parent, command.op
        return child, self.write_redrive(child, command.redrive_count), command

    def _child_began(self, child: Live, turn: Turn, command: StartChild) -> None:
        parent = child.parent
        assert parent is not None
        if parent.children.get(command.op) is not command:
            # Cancelled by something in the same transaction; it is written, so it is stopped.
            self.put(child, Stop(None, None))
        else:
            parent.children[command.op] = child
        self.running[child.info.arn] = child
        self.after(child, turn, is_written=not command.redrive_count)

    # ------------------------------------------------------------ time

    def _keep_going(self) -> None:
        with self.lock:
            while not self.is_closing:
                try:
                    self._step()
                except Exception:  # a fault of step's must not stop time
                    _log.exception("the clock stumbled")
                    self._wake.wait(_RETRY_SECONDS)

    def _step(self) -> None:
        """Work off what is there, or sleep until something is."""
        for live in self.timers.due(self.clock.now_ms()):
            self._wake_up(live)
        if self._inbox or self._owed:
            self._wake.wait(_YIELD_SECONDS if self._work_off() else _RETRY_SECONDS)
            return
        at = self.timers.first()
        if at is None:
            self._sleep(None, None)
            return
        seconds = self.clock.real_seconds_until(at)
        if seconds is None and not self._working and not self.holds and not self.tokens.are_awaited:
            self.clock.jump(at)
            return
        self._sleep(at, max(0.0, (at - self.clock.now_ms()) / 1000) if seconds is None else seconds)

    def _sleep(self, at: int | None, seconds: float | None) -> None:
        self._sleeps_until = at
        self._wake.wait(None if seconds is None else min(seconds, _LONGEST_SLEEP_SECONDS))
        # Awake it looks by itself: nobody need wake it.
        self._sleeps_until = -1

    def _wake_up(self, live: Live) -> None:
        release_at = live.release_at
        if release_at is not None and release_at <= self.clock.now_ms():
            live.release_at = None
            # An answer that came in time isn't made late by the wait for the call's return.
            self._inbox.extend(Arrival(live, item, release_at) for item in (live.held or {}).values())
        self._inbox.append(Arrival(live, TimePassed()))


def _is_wanted(live: Live, item: Input) -> bool:
    if not live.is_running:
        return False
    if isinstance(item, TimePassed):
        return live.kernel.wake_at is not None
    if isinstance(item, Continue):
        return live.kernel.is_busy
    if isinstance(item, Fault):
        return live.kernel.fault is not None
    if isinstance(item, Stop | Redrive | Heartbeat | Start | MapRunUpdated):
        return True
    return item.op in live.tasks or item.op in live.children or item.op in live.errands
