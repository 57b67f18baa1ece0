"""What is told of an execution's Map Runs: their status, and how many items and child executions are where.

Derived from what a kernel is told and what it asks for, hence the same after a replay. Knows no journal.
AWS: Step Functions API reference, "DescribeMapRun".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from step.engine.child_execution import Child
from step.engine.frames import Op
from step.engine.history import MAP_RUN_FAILED, MAP_RUN_REDRIVEN, MAP_RUN_STARTED
from step.engine.kernel import Kernel
from step.engine.states.map_run import MapRun
from step.engine.vocabulary import CancelTask, Command, Input, OpenWork, TaskFailed, WriteResults

MapRunStatus = Literal["RUNNING", "SUCCEEDED", "FAILED", "ABORTED"]


@dataclass(slots=True)
class Counts:
    """How many items, or child executions, are where."""

    running: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0

    @property
    def begun(self) -> int:
        return self.running + self.succeeded + self.unsuccessful

    @property
    def unsuccessful(self) -> int:
        return self.failed + self.timed_out + self.aborted


@dataclass(slots=True)
class MapRunRecord:
    """One Map Run. Times are in ms since 1970; ``map_run`` is the kernel's, where it outlived a turn."""

    arn: str
    execution_arn: str
    started_ms: int
    status: MapRunStatus = "RUNNING"
    stopped_ms: int | None = None
    redrive_count: int = 0
    redriven_ms: int | None = None
    results_written: int = 0
    items: Counts = field(default_factory=Counts)
    executions: Counts = field(default_factory=Counts)
    map_run: MapRun | None = None
    has_failed_at_once: bool = False

    @property
    def total_items(self) -> int:
        """How many items there are, as far as they have been read."""
        run = self.map_run
        if run is None:
            return self.items.begun
        return run.next_index if run.total is None else run.total

    @property
    def pending_items(self) -> int:
        return max(0, self.total_items - self.items.begun)

    @property
    def pending_redrive(self) -> int:
        """How many child executions a redrive is still to run again."""
        return len(self.map_run.redriven) if self.map_run is not None and self.status == "RUNNING" else 0

    @property
    def max_concurrency(self) -> int:
        return self.map_run.plan.at_once if self.map_run is not None else 0

    @property
    def tolerated_items(self) -> float:
        return (self.map_run.plan.tolerance.items if self.map_run is not None else None) or 0

    @property
    def tolerated_percentage(self) -> float:
        return (self.map_run.plan.tolerance.percentage if self.map_run is not None else None) or 0

    @property
    def is_express(self) -> bool:
        return self.map_run is not None and self.map_run.plan.is_express

    @property
    def machine_arn(self) -> str:
        """The ARN of what its child executions belong to: ``stateMachine:MACHINE/LABEL``."""
        return self.arn.replace(":mapRun:", ":stateMachine:", 1).rpartition(":")[0]

    def copy(self) -> MapRunRecord:
        return replace(self, items=replace(self.items), executions=replace(self.executions))


class MapRuns:
    """The Map Runs of one execution, in the order in which they started."""

    __slots__ = ("_by_arn", "_seen", "fresh")

    def __init__(self) -> None:
        self._by_arn: dict[str, MapRunRecord] = {}
        self._seen = 0
        # The ARNs of runs that nobody has been told of.
        self.fresh: list[str] = []

    def __iter__(self) -> Iterator[MapRunRecord]:
        return iter(list(self._by_arn.values()))

    def get(self, arn: str) -> MapRunRecord | None:
        return self._by_arn.get(arn)

    def look(self, kernel: Kernel, item: Input, ended: OpenWork | None, commands: list[Command]) -> None:
        """See what a turn of the kernel has changed; ``ended`` is the work that the input answered."""
        if ended is not None:
            self._close(ended, _how(item))
        begun = {command.op for command in commands if not isinstance(command, CancelTask)}
        for command in commands:
            # One that was asked for in the same turn was never counted.
            if isinstance(command, CancelTask) and command.op not in begun:
                self._close(command.work, "aborted")
        self._read(kernel)
        for command in commands:
            op = kernel.ops.get(command.op)
            if op is None or not isinstance(op.frame.group, MapRun):
                continue
            record = self._by_arn[op.frame.group.arn]
            record.map_run = op.frame.group
            if isinstance(op.frame, Child):
                record.items.running += op.frame.items
                record.executions.running += 1
        for record in self._by_arn.values():
            if record.status == "RUNNING":
                self._judge(record, kernel)

    def _read(self, kernel: Kernel) -> None:
        newest: MapRunRecord | None = None
        for row in kernel.rows[self._seen :]:
            if isinstance(row, int):
                continue
            if row[0] is MAP_RUN_STARTED:
                self.fresh.append(row[1])
                newest = self._by_arn[row[1]] = MapRunRecord(row[1], kernel.info.arn, kernel.now)
            elif row[0] is MAP_RUN_FAILED and newest is not None:
                newest.has_failed_at_once = True
            elif row[0] is MAP_RUN_REDRIVEN:
                record = self._by_arn[row[1]]
                record.status, record.stopped_ms = "RUNNING", None
                record.redrive_count, record.redriven_ms = row[2], kernel.now
                for counts in (record.items, record.executions):
                    counts.failed = counts.timed_out = counts.aborted = 0
        self._seen = len(kernel.rows)

    def _close(self, work: OpenWork, how: str) -> None:
        """Count a child execution that has ended, or results that were written."""
        frame = work.frame if isinstance(work, Op) else None
        if frame is None or not isinstance(frame.group, MapRun):
            return
        record = self._by_arn[frame.group.arn]
        if isinstance(work.command, WriteResults):
            record.results_written += len(work.command.results) if how == "succeeded" else 0
        elif isinstance(frame, Child):
            for counts, many in ((record.items, frame.items), (record.executions, 1)):
                counts.running -= many
                setattr(counts, how, getattr(counts, how) + many)

    def _judge(self, record: MapRunRecord, kernel: Kernel) -> None:
        """Say how a run has ended, by what is left of it in the kernel."""
        run = record.map_run
        if run is not None and run.owner.inner is run:
            return
        record.stopped_ms = kernel.now
        if run is None:
            # One that ended in the turn it started in is gone.
            record.status = "FAILED" if record.has_failed_at_once else "SUCCEEDED"
        elif not run.has_failed and run.owner.fallen is not run:
            record.status = "SUCCEEDED"
        else:
            record.status = "FAILED" if run.has_failed else "ABORTED"


def map_run_of(work: OpenWork | None) -> str:
    """Name the Map Run that a child execution belongs to."""
    group = work.frame.group if isinstance(work, Op) else None
    return group.arn if isinstance(group, MapRun) else ""


def _how(item: Input) -> str:
    """Say how a child execution has ended by what its parent is told."""
    if isinstance(item, TaskFailed):
        return "timed_out" if item.error == "States.Timeout" else "failed"
    return "succeeded"
