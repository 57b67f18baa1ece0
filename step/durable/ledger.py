"""What is written of executions, and when: inputs before they take effect, what follows from them after it.

Knows executions and their journal; no clock, no threads. What writes raises StoreFull, and then nothing has
happened.
"""

from __future__ import annotations

import logging

from step.durable.journal import UNCHECKED, ExecutionRow, Journal, StoreFull
from step.durable.live import Live
from step.durable.recovery import ended_row
from step.engine.vocabulary import Input, Redrive, Start, Stop

_log = logging.getLogger("step.durable")


class Ledger:
    """Writes inputs, and keeps what is still to be written."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        # What follows from inputs and is still to be written: ends (None), and Map Runs' ARNs.
        self._owed: list[tuple[Live, str | None]] = []

    @property
    def owes(self) -> bool:
        return bool(self._owed)

    def begin(self, live: Live, row: ExecutionRow, first: Start) -> None:
        """Write an execution that has taken its start, with its end, if it was one."""
        live.id = self.journal.begin(ended_row(row, live.kernel), live.first_sum(), first)

    def write(self, live: Live, item: Input, now: int) -> None:
        """Write an input that takes effect at once when the transaction is committed."""
        if live.is_durable:
            op = getattr(item, "op", 0)
            work = live.kernel.ops.get(op)
            if work is not None and work.held is item:
                self.journal.release(live.id, op)
            sum_ = UNCHECKED if live.pending else live.sum_up()
            self.journal.append(live.id, live.number + live.pending, now, sum_, item)
        live.pending += 1

    def write_alone(self, live: Live, item: Input, now: int) -> None:
        """Write an input in a transaction of its own."""
        try:
            self.write(live, item, now)
        finally:
            live.pending = 0

    def redrive(self, live: Live, count: int, now: int) -> None:
        """Write that an execution, rebuilt for this, goes on."""
        with self.journal.together():
            self.journal.redriven(live.id, now, count)
            self.write_alone(live, Redrive(), now)

    def hold(self, live: Live, op: int, item: Input) -> None:
        """Keep an answer that came before the work's own call has returned."""
        if live.is_durable:
            self.journal.hold(live.id, op, item)

    def stop_suspended(self, row: ExecutionRow, item: Stop, now: int) -> None:
        """Write the end of an execution that nothing can be done with: a mended step takes it as it is."""
        with self.journal.together():
            number = sum(1 for _ in self.journal.entries(row.id))
            self.journal.append(row.id, number, now, UNCHECKED, item)
            self.journal.finish(row.id, "ABORTED", now, None, item.error, item.cause)

    # ------------------------------------------------------------ what follows

    def owe(self, live: Live, map_run: str | None = None) -> None:
        """Note that an execution has ended, or has begun a Map Run."""
        self._owed.append((live, map_run))

    def pay(self) -> list[Live] | None:
        """Write what is owed; give whose ends are written now. None: nothing could be written."""
        owed = self._owed
        try:
            with self.journal.together():
                for live, map_run in owed:
                    if live.is_durable:
                        self._write_derived(live, map_run)
        except StoreFull as error:
            _log.warning("%s", error)
            return None
        self._owed = []
        return [live for live, map_run in owed if map_run is None]

    def _write_derived(self, live: Live, map_run: str | None) -> None:
        if map_run is not None:
            self.journal.note_map_run(map_run, live.id)
            return
        kernel = live.kernel
        name, cause = (kernel.error.name, kernel.error.cause) if kernel.error else (None, None)
        self.journal.finish(live.id, kernel.status, kernel.now, kernel.output, name, cause)
