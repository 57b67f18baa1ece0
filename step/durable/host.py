"""Durable executions: what a service asks of them, and how they come back after a restart.

What was acknowledged is in the journal: a new host on the same store replays it, and runs again only the
tasks that have no recorded answer (at least once). A waiting execution costs a heap entry, not a thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from step.durable.clocks import Clock
from step.durable.driver import Driver, Listener
from step.durable.journal import UNCHECKED, ExecutionRow, Journal
from step.durable.live import Live
from step.durable.map_runs import MapRunRecord, MapRuns
from step.durable.recovery import Disagreement, answer_of, arn_of_child, ended_row, row_of
from step.durable.workers import Work
from step.engine.frames import ExecutionInfo
from step.engine.history import History
from step.engine.kernel import Kernel
from step.engine.quotas import EXPRESS, Quotas
from step.engine.vocabulary import (
    Heartbeat,
    Input,
    MapRunUpdated,
    Start,
    StartChild,
    StartTask,
    Stop,
    TaskStarted,
    WriteResults,
)
from step.runtime.virtual import Items

__all__ = ["Host", "Listener", "Live", "Work"]
_log = logging.getLogger("step.durable")


class Host:
    """Everything that runs, and the journal behind it.

    Args:
        journal: The store.
        clock: What time it is.
        work: Does tasks' work.
        threads: How many tasks are worked on at a time.
        items: Reads distributed Maps' items and writes their results; ``runtime.map_items`` has one.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        work: Work,
        *,
        threads: int = 32,
        items: Items | None = None,
    ) -> None:
        self.journal = journal
        self.clock = clock
        self._driver = Driver(journal, clock, work, items, threads=threads)
        # What can't go on, since its replay doesn't give what was recorded; a mended step goes on with it.
        self._suspended: dict[str, Disagreement] = {}

    @property
    def listeners(self) -> list[Listener]:
        """Who hears of every execution whose history has grown."""
        return self._driver.listeners

    @property
    def lock(self) -> threading.RLock:
        """What guards kernels and journal; whoever reads the journal beside the host takes it."""
        return self._driver.lock

    # ------------------------------------------------------------ life

    def open(self) -> list[str]:
        """Replay what was running when the store was last used, and go on; return those executions' ARNs."""
        driver = self._driver
        with driver.lock:
            self.clock.not_before(self.journal.last_ms())
            held = self.journal.held()
            rows = self.journal.running(children=False)
            for row in rows:
                self._recover(row, held.get(row.id, {}))
            suspended = {found.row.id: found for found in self._suspended.values()}
            for row in self.journal.running(children=True):
                if row.parent in suspended:
                    around = suspended[row.parent].row.arn
                    self._suspend(Disagreement(row, f"{around}, which started it, is suspended"))
                elif row.arn not in driver.running and row.arn not in self._suspended:
                    # Its parent ended, or doesn't want it any more, and it was not told.
                    self._recover(row, {}, is_unwanted=True)
            driver.open()
        return [row.arn for row in rows]

    def close(self) -> None:
        """Stop driving; what runs goes on when the store is opened again."""
        self._driver.close()

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
            is_express: Whether Express quotas hold; such executions aren't kept, and their caller waits for
                ``Live.ended`` where it wants the end.
            more: What else to keep with it, as a JSON object.

        Raises:
            KeyError: the ARN is taken.
            StoreFull: nothing was begun.
        """
        driver = self._driver
        with driver.lock:
            if info.arn in driver.running:
                raise KeyError(info.arn)
            program = driver.recovery.program(definition)
            kernel = Kernel(program, info, EXPRESS if is_express else Quotas())
            live = Live(0, info, kernel, is_durable=not is_express)
            first = Start(info.input)
            # The kernel may run ahead of the commit: where that fails, it is thrown away.
            turn = live.take(first, info.start_ms)
            if not is_express:
                row = ended_row(row_of(info, definition, more or {}), kernel)
                live.id = self.journal.begin(row, live.sum_up(), first)
            driver.running[info.arn] = live
            driver.after(live, turn, is_written=True)
            driver.settle()
            return live

    def stop(self, arn: str, error: str | None, cause: str | None) -> bool:
        """Abort a running execution; False where none runs under this ARN."""
        with self._driver.lock:
            live = self._driver.running.get(arn)
            if arn in self._suspended:
                self._stop_suspended(self._suspended.pop(arn).row, Stop(error, cause))
                return True
            if live is None or not live.is_running:
                return False
            self._driver.feed(live, Stop(error, cause))
            return True

    def _stop_suspended(self, row: ExecutionRow, item: Stop) -> None:
        """Write the end of an execution that nothing can be done with: a mended step takes it as it is."""
        now = self.clock.now_ms()
        with self.journal.together():
            number = sum(1 for _ in self.journal.entries(row.id))
            self.journal.append(row.id, number, now, UNCHECKED, item)
            self.journal.finish(row.id, "ABORTED", now, None, item.error, item.cause)

    def suspended(self, arn: str) -> str | None:
        """Say why a running execution can't go on; None: it can."""
        found = self._suspended.get(arn)
        return None if found is None else str(found)

    def _suspend(self, found: Disagreement) -> None:
        _log.error("suspended: %s", found)
        self._suspended[found.row.arn] = found

    def redrive(self, arn: str) -> bool:
        """Go on with an execution that failed, was stopped or timed out; False where it can't.

        A child execution is redriven with its parent only.
        """
        driver = self._driver
        with driver.lock:
            row = self.journal.execution(arn)
            if row is None or row.parent is not None or row.status in ("RUNNING", "SUCCEEDED"):
                return False
            live, writes = driver.recovery.replay(row)
            self._remember_writes(live, writes)
            turn = driver.write_redrive(live, row.redrive_count + 1)
            driver.running[arn] = live
            driver.after(live, turn)
            driver.settle()
            return True

    def live(self, arn: str) -> Live | None:
        """Find a running execution."""
        return self._driver.running.get(arn)

    def history(self, arn: str) -> History | None:
        """Read the history of an execution that runs or has ended; None where there is none.

        That of a suspended one ends where the replay no longer gives what was recorded.

        Raises:
            Disagreement: it has ended, and a replay gives other events than were recorded.
        """
        with self._driver.lock:
            if arn in self._suspended:
                return self._suspended[arn].history
            live = self._found(arn)
            return None if live is None else History(list(live.kernel.rows), live.kernel.count)

    # ------------------------------------------------------------ Map Runs

    def map_runs(self, execution_arn: str) -> list[MapRunRecord]:
        """List an execution's Map Runs, in the order in which they started."""
        with self._driver.lock:
            live = self._found(execution_arn)
            return [record.copy() for record in (live.runs if live and live.runs else MapRuns())]

    def map_run(self, arn: str) -> MapRunRecord | None:
        """Describe a Map Run; its child executions are ``journal.executions(map_run=arn)``."""
        with self._driver.lock:
            row = self.journal.execution_of_map_run(arn)
            live = None if row is None else self._found(row.arn)
            record = live.runs.get(arn) if live is not None and live.runs is not None else None
            return None if record is None else record.copy()

    def update_map_run(
        self,
        arn: str,
        *,
        max_concurrency: int | None = None,
        tolerated_count: float | None = None,
        tolerated_percentage: float | None = None,
    ) -> bool:
        """Give a running Map Run other limits (None: as before); False where none runs under this ARN.

        Raises:
            StoreFull: it goes on as before.
        """
        with self._driver.lock:
            row = self.journal.execution_of_map_run(arn)
            live = None if row is None else self._driver.running.get(row.arn)
            record = live.runs.get(arn) if live is not None and live.runs is not None else None
            if live is None or record is None or record.status != "RUNNING":
                return False
            update = MapRunUpdated(arn, max_concurrency, tolerated_count, tolerated_percentage)
            self._driver.feed(live, update)
            return True

    def _found(self, arn: str) -> Live | None:
        live = self._driver.running.get(arn)
        if live is not None:
            return live
        if arn in self._suspended:
            return self._suspended[arn].live
        row = self.journal.execution(arn)
        return None if row is None else self._driver.recovery.ended(row)

    # ------------------------------------------------------------ answers from outside

    def answer(self, token: str, make: Callable[[int], Input]) -> bool:
        """Tell an open task by its token; ``make`` gets the op. False where the token isn't open.

        An answer that comes while the work's own call goes on is kept, and takes effect after it.

        Raises:
            StoreFull: the answer isn't taken.
            Disagreement: it isn't taken: the execution is suspended.
        """
        driver = self._driver
        with driver.lock:
            owner = driver.tokens.owner(token)
            if owner is None:
                found = self._suspended_owner(token)
                if found is not None:
                    raise found
                return False
            live, op = owner
            item = make(op)
            is_called = live.calling is not None and op in live.calling
            if is_called and not isinstance(item, Heartbeat):
                return driver.hold(live, op, item)
            driver.feed(live, item)
            return True

    def hold_clock(self) -> None:
        """Let a virtual clock not jump: something is about to come; ``release_clock`` ends it."""
        with self._driver.lock:
            self._driver.holds += 1

    def release_clock(self) -> None:
        with self._driver.lock:
            self._driver.holds -= 1
            self._driver.settle()

    def is_open(self, token: str) -> bool:
        """Say whether a task waits for an answer to its token; of a suspended execution: whether it may."""
        with self._driver.lock:
            is_open = self._driver.tokens.owner(token) is not None
            return is_open or self._suspended_owner(token) is not None

    def _suspended_owner(self, token: str) -> Disagreement | None:
        return next((found for found in self._suspended.values() if found.has(token)), None)

    def take_activity(self, activity: str, timeout: float, worker: str | None) -> StartTask | None:
        """Wait up to ``timeout`` real seconds for a task of an activity, and take it.

        Raises:
            StoreFull: the task waits for another worker.
        """
        driver = self._driver
        with driver.lock:
            driver.offered.wait_for(
                lambda: driver.is_closing or driver.tokens.next_of(activity) is not None, timeout
            )
            found = driver.tokens.next_of(activity)
            if found is None or driver.is_closing:
                return None
            live, op = found
            task = live.tasks[op]
            driver.feed(live, TaskStarted(op, worker))
            driver.tokens.take(activity)
            return task

    # ------------------------------------------------------------ coming back

    def _recover(
        self,
        row: ExecutionRow,
        held: Mapping[int, Input],
        *,
        parent: Live | None = None,
        op: int = 0,
        is_unwanted: bool = False,
    ) -> None:
        """Replay an execution and go on with it; one whose replay disagrees is suspended, and only that."""
        driver = self._driver
        program = parent.kernel.program.children[row.map_state or ""] if parent is not None else None
        try:
            live, writes = driver.recovery.replay(row, program)
        except Disagreement as found:
            # Its parent, if it has one, waits for it.
            self._suspend(found)
            return
        live.parent, live.op = parent, op
        driver.running[row.arn] = live
        if parent is not None:
            parent.children[op] = live
        if is_unwanted and live.is_running:
            driver.put(live, Stop(None, None))
        elif live.is_running:
            self._take_up(live, held, writes)
        driver.go_on(live)

    def _take_up(self, live: Live, held: Mapping[int, Input], writes: list[WriteResults]) -> None:
        """Do again what was being done, and wait for what was waited for."""
        driver = self._driver
        told = live.told or set()
        live.held = {op: item for op, item in held.items() if op in live.tasks} or None
        for task in live.tasks.values():
            driver.tokens.open(live, task)
            if live.held and task.op in live.held:
                driver.put(live, live.held[task.op])
            elif task.op not in told:
                driver.begin_work(live, task)
        self._remember_writes(live, writes)
        for errand in live.errands.values():
            driver.begin_errand(live, errand)
        for op, command in list(live.children.items()):
            if isinstance(command, StartChild):
                self._take_up_child(live, op, command)

    def _take_up_child(self, parent: Live, op: int, command: StartChild) -> None:
        """Go on with a child execution that is recorded; start one that isn't, or that isn't kept."""
        row = None if command.is_express else self.journal.execution(arn_of_child(parent, command))
        if row is None or row.redrive_count < command.redrive_count:
            self._driver.put(parent, command)
        elif row.status == "RUNNING":
            self._recover(row, {}, parent=parent, op=op)
        else:
            self._driver.put(parent, answer_of(row, op))

    def _remember_writes(self, live: Live, writes: list[WriteResults]) -> None:
        """Have a Map Run's results written again: the files that an earlier process wrote are lost."""
        for write in writes:
            record = live.runs.get(write.run) if live.runs is not None else None
            if record is None or write.op in live.errands or record.stopped_ms is not None:
                continue
            self._driver.workers.earlier.setdefault(write.run, []).append(write)
