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
from collections.abc import Callable, Mapping
from typing import NamedTuple

from step.durable.clocks import Clock
from step.durable.journal import ExecutionRow, Journal, StoreFull
from step.durable.ledger import Ledger
from step.durable.live import Live, LiveTurn
from step.durable.map_runs import map_run_of
from step.durable.recovery import Disagreement, Recovery, answer_of, arn_of_child, row_of
from step.durable.tokens import Tokens, is_activity
from step.durable.workers import Returned, Work, Workers
from step.engine.children import child_answer, child_kernel
from step.engine.vocabulary import (
    CancelTask,
    Continue,
    Fault,
    Heartbeat,
    Input,
    MapRunUpdated,
    OpenWork,
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
from step.runtime.drive import Drive
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


class _Release(NamedTuple):
    """A held answer is let go, whether or not the work's own call has returned."""

    inbox: deque[Arrival | Returned]
    live: Live
    op: int
    at_ms: int

    def is_due(self, at: int) -> bool:
        work = self.live.kernel.ops.get(self.op)
        return work is not None and work.held is not None

    def happen(self) -> None:
        held = self.live.kernel.ops[self.op].held
        assert held is not None
        # An answer that came in time isn't made late by the wait for the call's return.
        self.inbox.append(Arrival(self.live, held, self.at_ms))


class _Ring(NamedTuple):
    """Somebody is rung."""

    ring: Callable[[], None]

    def is_due(self, at: int) -> bool:
        return True

    def happen(self) -> None:
        self.ring()


# What is done once an arrival is in the journal: it takes effect.
_Deed = tuple[Live, Input, int] | tuple[Live, LiveTurn, StartChild]


class Driver(Drive[Live]):
    """Everything that runs. Whoever calls has the ``lock``, but for what says that it takes it."""

    def __init__(
        self, journal: Journal, clock: Clock, work: Work, items: Items | None, *, threads: int
    ) -> None:
        super().__init__()
        self.journal = journal
        self._ledger = Ledger(journal)
        self.clock = clock
        self.listeners: list[Listener] = []
        self.lock = threading.RLock()
        self.running: dict[str, Live] = {}
        # What can't go on, since its replay doesn't give what was recorded; a mended step goes on with it.
        self.suspended: dict[str, Disagreement] = {}
        # When somebody outside wants to be rung, and who: no reason by itself to jump there.
        self._alarm: tuple[int, Callable[[], None]] | None = None
        self.tokens = Tokens()
        # How many outside of the driver are about to give it something: no time is jumped over.
        self.holds = 0
        self.recovery = Recovery(journal)
        self.offered = threading.Condition(self.lock)
        self.is_closing = False
        self._workers = Workers(work, items, self._put_return, threads)
        self._inbox: deque[Arrival | Returned] = deque()
        # Held by the worker that takes what is in the inbox.
        self._taking = threading.Lock()
        self._working = 0
        self._wake = threading.Condition(self.lock)
        self._sleeps_until: int | None = None
        self._thread = threading.Thread(target=self._keep_going, name="step-clock", daemon=True)

    # ------------------------------------------------------------ life

    def open(self) -> None:
        """Begin to keep time."""
        self._thread.start()

    def close(self) -> None:
        """Stop driving; handlers that run are left alone, and their results are lost. Takes the lock."""
        with self.lock:
            self.is_closing = True
            self._wake.notify_all()
            self.offered.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._workers.close()
        with self.lock:
            self.journal.close()

    # ------------------------------------------------------------ from outside

    def begin(self, live: Live, first: Start, row: ExecutionRow | None) -> None:
        """Start an execution, and write it where it is given a ``row``.

        Its kernel runs ahead of the commit: where that fails, it is thrown away.
        """
        turn = live.take(first, live.info.start_ms)
        if row is not None:
            self._ledger.begin(live, row, first)
        self.running[live.info.arn] = live
        self._after_first(live, turn)
        self.settle()

    def feed(self, live: Live, item: Input) -> None:
        """Write an input, then let it take effect; raises StoreFull, and then nothing has happened."""
        now = self._now(live, 0)
        self._ledger.write_alone(live, item, now)
        self._after(live, live.take(item, now))
        self.settle()

    def redrive(self, row: ExecutionRow) -> None:
        """Go on with an execution that has ended."""
        live, writes = self.recovery.replay(row)
        self._remember_writes(live, writes)
        turn = self._take_redrive(live, row.redrive_count + 1)
        self.running[row.arn] = live
        self._after(live, turn)
        self.settle()

    def answer(self, live: Live, item: Input, op: int) -> bool:
        """Answer a token; an end that comes before the work's own call has returned is kept until then."""
        work = live.kernel.ops[op]
        if not work.is_called or isinstance(item, Heartbeat):
            self.feed(live, item)
            return True
        if work.held is not None:
            return False
        self._ledger.hold(live, op, item)
        work.held = item
        at, wake_at = self.clock.now_ms() + _HOLD_MS, live.kernel.wake_at
        at = at if wake_at is None else min(at, wake_at)
        self.agenda.add(at, _Release(self._inbox, live, op, at))
        self.settle()
        return True

    def stop_suspended(self, arn: str, item: Stop) -> None:
        """Write the end of an execution that nothing can be done with: a mended step takes it as it is."""
        self._ledger.stop_suspended(self.suspended[arn].row, item, self.clock.now_ms())
        del self.suspended[arn]

    def set_alarm(self, at_ms: int | None, ring: Callable[[], None]) -> None:
        """Ring at a time, if at one at all; what was set before is forgotten."""
        self._alarm = None if at_ms is None else (at_ms, ring)
        self._wake.notify()

    def ring_at(self, at_ms: int, ring: Callable[[], None]) -> None:
        """Ring at a time."""
        self.agenda.add(at_ms, _Ring(ring))
        self.settle()

    def settle(self) -> None:
        """Write what is owed; wake who keeps time where there is something for it."""
        if self._ledger.owes:
            self._pay()
        if self.has_come or not self._working:
            self._wake.notify()
            return
        at = self.agenda.first()
        if at is not None and (self._sleeps_until is None or at < self._sleeps_until):
            self._wake.notify()

    def _now(self, live: Live, at_ms: int) -> int:
        # An execution's time never goes back, even where somebody sets the wall clock.
        return max(at_ms or self.clock.now_ms(), live.kernel.now)

    def _pay(self) -> bool:
        """Write ends and Map Runs; say whether that went well."""
        ended = self._ledger.pay()
        for live in ended or ():
            self._end(live)
        return ended is not None

    # ------------------------------------------------------------ what follows from an input

    def _after(self, live: Live, turn: LiveTurn) -> None:
        """Do what came of an input."""
        if turn.ended is not None:
            self.tokens.close(turn.ended)
        for command in turn.commands:
            if type(command) is CancelTask:
                self._close(command.work)
            elif type(command) is StartChild:
                self.put(live, command)
            else:
                work = live.kernel.ops.get(command.op)
                if work is not None:
                    self._begin_work(live, work)
        self.follow(live)
        for listener in self.listeners:
            listener(live.info.arn)

    def _after_first(self, live: Live, turn: LiveTurn) -> None:
        """Do what came of a start, whose end the journal has, if it was one."""
        live.is_written = True
        self._after(live, turn)
        live.is_written = False

    def follow(self, run: Live) -> None:
        if run.runs is not None and run.runs.fresh:
            for arn in run.runs.fresh:
                self._ledger.owe(run, arn)
            run.runs.fresh.clear()
        super().follow(run)

    def ended(self, run: Live) -> None:
        if run.is_written:
            self._end(run)
        else:
            self._ledger.owe(run)

    def broke(self, run: Live, fault: Exception) -> None:
        _log.error("%s: a fault of step", run.info.arn, exc_info=fault)
        self.put(run, Fault("States.Runtime", f"{type(fault).__name__}: {fault}"))

    def _end(self, live: Live) -> None:
        self.running.pop(live.info.arn, None)
        if live.parent is not None:
            self.put(live.parent, child_answer(live.kernel, live.op))
        live.ended.set()

    def _close(self, work: OpenWork) -> None:
        self.tokens.close(work)
        if isinstance(work.child, Live):
            self.put(work.child, Stop(None, None))

    # ------------------------------------------------------------ work

    def _begin_work(self, live: Live, work: OpenWork) -> None:
        """Have a task's work done, items read or results written; or let workers ask for a task."""
        command = work.command
        if isinstance(command, StartTask):
            self.tokens.open(live, command)
            if is_activity(command):
                self.tokens.offer(live, command)
                self.offered.notify_all()
                return
            work.is_called = command.token is not None
        assert isinstance(command, StartTask | ReadItems | WriteResults)
        self._working += 1
        self._workers.do(live, command, is_alone=self._working == 1)

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
        live, op, answers = returned
        self._working -= 1
        work = live.kernel.ops.get(op)
        if work is not None:
            work.is_called = False
            if work.held is not None:
                # The first answer counts: it came before what the call itself says.
                answers = [item for item in answers if isinstance(item, TaskSubmitted)] + [work.held]
        return [Arrival(live, item) for item in answers]

    # ------------------------------------------------------------ the inbox

    @property
    def has_come(self) -> bool:
        return bool(self._inbox) or self._ledger.owes

    def put(self, run: Live, item: Input | StartChild) -> None:
        self._inbox.append(Arrival(run, item))

    def take_in(self) -> None:
        self._wake_due()
        self._wake.wait(_YIELD_SECONDS if self._work_off() else _RETRY_SECONDS)

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
        is_paid = not self._ledger.owes or self._pay()
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
                self._after(live, live.take(item, last))  # type: ignore[arg-type]  # an input
        return True

    def _write_arrival(self, arrival: Arrival) -> _Deed | None:
        """Write something that came, where it is still wanted."""
        live, item, at_ms = arrival
        if isinstance(item, StartChild):
            work = live.kernel.ops.get(item.op)
            if work is None or work.child is not None:
                return None
            try:
                return self._begin_child(live, item, work)
            except StoreFull:
                raise
            except (StepError, KeyError) as error:
                # A damaged store: its name is taken, or it can't be replayed.
                self.put(live, TaskFailed(item.op, "States.Runtime", str(error)))
                return None
        if not _is_wanted(live, item):
            return None
        now = self._now(live, at_ms)
        self._ledger.write(live, item, now)
        return live, item, now

    # ------------------------------------------------------------ child executions

    def _begin_child(self, parent: Live, command: StartChild, work: OpenWork) -> _Deed:
        """Write a child execution that starts, or goes on in a redrive; see ``begin``."""
        now = self.clock.now_ms()
        if command.redrive_count and not command.is_express:
            redriven = self._redrive_child(parent, command)
            if redriven is not None:
                return redriven
        kernel = child_kernel(parent.kernel, command, now)
        is_durable = parent.is_durable and not command.is_express
        child = Live(0, kernel, is_durable=is_durable, parent=parent, op=command.op)
        first = Start(command.input)
        turn = child.take(first, now)
        if is_durable:
            place = (parent.id, command.state, map_run_of(work))
            self._ledger.begin(child, row_of(kernel.info, "", {}, place), first)
        return child, turn, command

    def _redrive_child(self, parent: Live, command: StartChild) -> _Deed | None:
        row = self.journal.execution(arn_of_child(parent, command))
        if row is None or row.status in ("RUNNING", "SUCCEEDED"):
            return None
        child, _ = self.recovery.replay(row, parent.kernel.program.children[command.state])
        child.parent, child.op = parent, command.op
        return child, self._take_redrive(child, command.redrive_count), command

    def _take_redrive(self, live: Live, count: int) -> LiveTurn:
        """Let an execution, rebuilt for this, go on."""
        now = self._now(live, 0)
        self._ledger.redrive(live, count, now)
        return live.take(Redrive(), now)

    def _child_began(self, child: Live, turn: LiveTurn, command: StartChild) -> None:
        parent = child.parent
        assert parent is not None
        work = parent.kernel.ops.get(command.op)
        if work is None:
            # Cancelled by something in the same transaction; it is written, so it is stopped.
            self.put(child, Stop(None, None))
        else:
            work.child = child
        self.running[child.info.arn] = child
        if command.redrive_count and child.number > 1:
            self._after(child, turn)
        else:
            self._after_first(child, turn)

    # ------------------------------------------------------------ coming back

    def go_on(
        self,
        row: ExecutionRow,
        held: Mapping[int, Input],
        *,
        parent: Live | None = None,
        op: int = 0,
        is_unwanted: bool = False,
    ) -> None:
        """Replay an execution and go on with it; one whose replay disagrees is suspended, and only that."""
        program = parent.kernel.program.children[row.map_state or ""] if parent is not None else None
        try:
            live, writes = self.recovery.replay(row, program)
        except Disagreement as found:
            # Its parent, if it has one, waits for it.
            self.suspend(found)
            return
        live.parent, live.op = parent, op
        self.running[row.arn] = live
        if parent is not None:
            parent.kernel.ops[op].child = live
        if is_unwanted and live.is_running:
            self.put(live, Stop(None, None))
        elif live.is_running:
            self._take_up(live, held, writes)
        self.follow(live)

    def suspend(self, found: Disagreement) -> None:
        """Leave an execution alone until a mended step opens the store."""
        _log.error("suspended: %s", found)
        self.suspended[found.row.arn] = found

    def _take_up(self, live: Live, held: Mapping[int, Input], writes: list[WriteResults]) -> None:
        """Do again what was being done, and wait for what was waited for."""
        self._remember_writes(live, writes)
        for op, work in list(live.kernel.ops.items()):
            command = work.command
            if isinstance(command, StartChild):
                self._take_up_child(live, op, command)
            elif isinstance(command, StartTask) and (op in held or work.is_told):
                self.tokens.open(live, command)
                work.held = held.get(op)
                if work.held is not None:
                    self.put(live, work.held)
            else:
                self._begin_work(live, work)

    def _take_up_child(self, parent: Live, op: int, command: StartChild) -> None:
        """Go on with a child execution that is recorded; start one that isn't, or that isn't kept."""
        row = None if command.is_express else self.journal.execution(arn_of_child(parent, command))
        if row is None or row.redrive_count < command.redrive_count:
            self.put(parent, command)
        elif row.status == "RUNNING":
            self.go_on(row, {}, parent=parent, op=op)
        else:
            self.put(parent, answer_of(row, op))

    def _remember_writes(self, live: Live, writes: list[WriteResults]) -> None:
        """Have a Map Run's results written again: the files that an earlier process wrote are lost."""
        for write in writes:
            record = live.runs.get(write.run) if live.runs is not None else None
            if record is None or write.op in live.kernel.ops or record.stopped_ms is not None:
                continue
            self._workers.earlier.setdefault(write.run, []).append(write)

    # ------------------------------------------------------------ time

    def _keep_going(self) -> None:
        with self.lock:
            while not self.is_closing:
                try:
                    self.loop(lambda: not self.is_closing)
                except Exception:  # a fault of step's must not stop time
                    _log.exception("the clock stumbled")
                    self._wake.wait(_RETRY_SECONDS)

    def _wake_due(self) -> bool:
        """Let come what is due by now; say whether anything was."""
        now = self.clock.now_ms()
        before = len(self._inbox)
        for deed in self.agenda.take_deeds(now):
            deed.happen()
        while (live := self.agenda.take_wake(now)) is not None:
            self._inbox.append(Arrival(live, TimePassed()))
        return len(self._inbox) > before

    def pass_time(self, at: int | None) -> None:
        """Sleep until a moment, or jump to it where nobody works and nobody is waited for."""
        if self._alarm is not None and (at is None or self._alarm[0] < at):
            self._pass_time_to_alarm(*self._alarm, is_alone=at is None)
        elif at is None:
            self._sleep(None, None)
        elif not self._wake_due():
            seconds = self.clock.real_seconds_until(at)
            if seconds is not None:
                self._sleep(at, seconds)
            elif self._is_waited_for:
                self._sleep(at, max(0.0, (at - self.clock.now_ms()) / 1000))
            else:
                self.clock.jump(at)

    def _pass_time_to_alarm(self, at: int, ring: Callable[[], None], is_alone: bool) -> None:
        """Go towards an alarm; it rings where it is reached. Alone it makes no clock jump."""
        left = at - self.clock.now_ms()
        if left <= 0:
            self._alarm = None
            ring()
        elif not is_alone and not self._is_waited_for and self.clock.real_seconds_until(at) is None:
            self.clock.jump(at)
        else:
            real = self.clock.real_seconds_until(at)
            self._sleep(None, left / 1000 if real is None else real)

    @property
    def _is_waited_for(self) -> bool:
        """Whether somebody is about to give something, so that no time is jumped over."""
        return bool(self._working or self.holds or self.tokens.are_awaited)

    def _sleep(self, at: int | None, seconds: float | None) -> None:
        self._sleeps_until = at
        self._wake.wait(None if seconds is None else min(seconds, _LONGEST_SLEEP_SECONDS))
        # Awake it looks by itself: nobody need wake it.
        self._sleeps_until = -1


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
    return item.op in live.kernel.ops
