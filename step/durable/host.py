"""Durable executions: what a service asks of them, and how they come back after a restart.

What was acknowledged is in the journal: a new host on the same store replays it, and runs again only the
tasks that have no recorded answer (at least once). A waiting execution costs a heap entry, not a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from step.durable.clocks import Clock
from step.durable.copies import let_others
from step.durable.driver import Driver, Listener
from step.durable.journal import Journal
from step.durable.live import Live
from step.durable.map_runs import MapRunRecord
from step.durable.recovery import Disagreement, row_of
from step.durable.workers import Work
from step.engine.frames import ExecutionInfo
from step.engine.history import History
from step.engine.kernel import Kernel
from step.engine.quotas import EXPRESS, Quotas
from step.engine.vocabulary import Input, MapRunUpdated, Start, StartTask, Stop, TaskStarted
from step.runtime.virtual import Items

__all__ = ["Host", "Listener", "Live", "Work"]


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
        driver = self._driver = Driver(journal, clock, work, items, threads=threads)
        # What guards kernels and journal; whoever reads the journal beside the host takes it.
        self.lock = driver.lock
        # Who hears of every execution whose history has grown.
        self.listeners: list[Listener] = driver.listeners

    # ------------------------------------------------------------ life

    def open(self) -> list[str]:
        """Replay what was running when the store was last used, and go on; return those executions' ARNs."""
        driver = self._driver
        with self.lock:
            self.clock.not_before(self.journal.last_ms())
            held = self.journal.held()
            rows = self.journal.running(children=False)
            for row in rows:
                driver.go_on(row, held.get(row.id, {}))
            suspended = {found.row.id: found.row for found in driver.suspended.values()}
            for row in self.journal.running(children=True):
                if row.parent in suspended:
                    around = suspended[row.parent].arn
                    driver.suspend(Disagreement(row, f"{around}, which started it, is suspended"))
                elif row.arn not in driver.running and row.arn not in driver.suspended:
                    # Its parent ended, or doesn't want it any more, and it was not told.
                    driver.go_on(row, {}, is_unwanted=True)
            driver.open()
        return [row.arn for row in rows]

    def copy_to(self, store: Path) -> None:
        """Copy the journal into another store, to the last input that was acknowledged, while it is written.

        Raises:
            OSError: it can't be written.
        """
        with self.lock:
            self.journal.copy_to(store, let_others(self.lock))

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
        with self.lock:
            if info.arn in driver.running:
                raise KeyError(info.arn)
            program = driver.recovery.program(definition)
            live = Live(
                0, Kernel(program, info, EXPRESS if is_express else Quotas()), is_durable=not is_express
            )
            row = None if is_express else row_of(info, definition, more or {})
            driver.begin(live, Start(info.input), row)
            return live

    def stop(self, arn: str, error: str | None, cause: str | None) -> bool:
        """Abort a running execution; False where none runs under this ARN."""
        with self.lock:
            live = self._driver.running.get(arn)
            if arn in self._driver.suspended:
                self._driver.stop_suspended(arn, Stop(error, cause))
                return True
            if live is None or not live.is_running:
                return False
            self._driver.feed(live, Stop(error, cause))
            return True

    def suspended(self, arn: str) -> str | None:
        """Say why a running execution can't go on; None: it can."""
        found = self._driver.suspended.get(arn)
        return None if found is None else str(found)

    def redrive(self, arn: str) -> bool:
        """Go on with an execution that failed, was stopped or timed out; False where it can't.

        A child execution is redriven with its parent only.
        """
        with self.lock:
            row = self.journal.execution(arn)
            if row is None or row.parent is not None or row.status in ("RUNNING", "SUCCEEDED"):
                return False
            self._driver.redrive(row)
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
        with self.lock:
            if arn in self._driver.suspended:
                return self._driver.suspended[arn].history
            live = self._found(arn)
            return None if live is None else History(list(live.kernel.rows), live.kernel.count)

    # ------------------------------------------------------------ Map Runs

    def map_runs(self, execution_arn: str) -> list[MapRunRecord]:
        """List an execution's Map Runs, in the order in which they started."""
        with self.lock:
            live = self._found(execution_arn)
            return [record.copy() for record in (live.runs if live and live.runs else ())]

    def map_run(self, arn: str) -> MapRunRecord | None:
        """Describe a Map Run; its child executions are ``journal.executions(map_run=arn)``."""
        with self.lock:
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
        with self.lock:
            row = self.journal.execution_of_map_run(arn)
            live = None if row is None else self._driver.running.get(row.arn)
            record = live.runs.get(arn) if live is not None and live.runs is not None else None
            if live is None or record is None or record.status != "RUNNING":
                return False
            update = MapRunUpdated(arn, max_concurrency, tolerated_count, tolerated_percentage)
            self._driver.feed(live, update)
            return True

    def _found(self, arn: str) -> Live | None:
        driver = self._driver
        if arn in driver.running:
            return driver.running[arn]
        if arn in driver.suspended:
            return driver.suspended[arn].live
        row = self.journal.execution(arn)
        return None if row is None else driver.recovery.ended(row)

    # ------------------------------------------------------------ answers from outside

    def answer(self, token: str, make: Callable[[int], Input]) -> bool:
        """Tell an open task by its token; ``make`` gets the op. False where the token isn't open.

        An answer that comes while the work's own call goes on is kept, and takes effect after it.

        Raises:
            StoreFull: the answer isn't taken.
            Disagreement: it isn't taken: the execution is suspended.
        """
        with self.lock:
            owner = self._driver.tokens.owner(token)
            if owner is not None:
                live, op = owner
                return self._driver.answer(live, make(op), op)
            found = self._suspended_owner(token)
            if found is not None:
                raise found
            return False

    def set_alarm(self, at_ms: int | None, ring: Callable[[], None]) -> None:
        """Have somebody rung at a time, with the lock held; None: at none. Alone it makes no clock jump."""
        with self.lock:
            self._driver.set_alarm(at_ms, ring)

    def ring_at(self, at_ms: int, ring: Callable[[], None]) -> None:
        """Have somebody rung at a time, with the lock held; a virtual clock jumps there."""
        with self.lock:
            self._driver.ring_at(at_ms, ring)

    def hold_clock(self) -> None:
        """Let a virtual clock not jump: something is about to come; ``release_clock`` ends it."""
        with self.lock:
            self._driver.holds += 1

    def release_clock(self) -> None:
        with self.lock:
            self._driver.holds -= 1
            self._driver.settle()

    def is_open(self, token: str) -> bool:
        """Say whether a task waits for an answer to its token; of a suspended execution: whether it may."""
        with self.lock:
            is_open = self._driver.tokens.owner(token) is not None
            return is_open or self._suspended_owner(token) is not None

    def _suspended_owner(self, token: str) -> Disagreement | None:
        suspended = self._driver.suspended.values()
        return next((found for found in suspended if found.has(token)), None)

    def take_activity(self, activity: str, timeout: float, worker: str | None) -> StartTask | None:
        """Wait up to ``timeout`` real seconds for a task of an activity, and take it.

        Raises:
            StoreFull: the task waits for another worker.
        """
        driver = self._driver
        with self.lock:
            driver.offered.wait_for(
                lambda: driver.is_closing or driver.tokens.next_of(activity) is not None, timeout
            )
            found = driver.tokens.next_of(activity)
            if found is None or driver.is_closing:
                return None
            live, task = found
            driver.feed(live, TaskStarted(task.op, worker))
            driver.tokens.take(activity)
            return task
