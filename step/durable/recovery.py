"""Executions rebuilt from the journal: every recorded input is taken again, and nothing is done.

Knows no threads and no clock.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from step.arn import labelled_arn
from step.asl.parse import parse
from step.durable.journal import UNCHECKED, ExecutionRow, Journal
from step.durable.live import Live
from step.engine.child_execution import child_arn
from step.engine.frames import ExecutionInfo
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import Input, StartChild, TaskFailed, TaskSucceeded, WriteResults
from step.errors import StepError
from step.jsonvalue import JSONObject, to_text

# So many ended executions are kept rebuilt: whoever pages through a history asks for it again and again.
_KEPT = 16
# So many definitions are kept compiled.
_PROGRAMS = 1000


class Recovery:
    """Rebuilds executions."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._programs: dict[str, Program] = {}
        self._kept: OrderedDict[tuple[str, str, int], Live] = OrderedDict()

    def program(self, definition: str) -> Program:
        """Compile a definition, or find what it was compiled to."""
        program = self._programs.get(definition)
        if program is None:
            if len(self._programs) >= _PROGRAMS:
                self._programs.pop(next(iter(self._programs)))
            program = self._programs[definition] = Program.from_definition(parse(json.loads(definition)))
        return program

    def replay(self, row: ExecutionRow, program: Program | None = None) -> tuple[Live, list[WriteResults]]:
        """Rebuild an execution; give also what its Map Runs wrote or were about to write, in order.

        Raises:
            StepError: the replay doesn't do what was recorded.
        """
        try:
            info = info_of(row)
            live = Live(
                row.id, info, Kernel(program or self._program_of(row), info, Quotas()), is_durable=True
            )
            return live, self._take_again(live, row)
        except StepError:
            raise
        except Exception as error:  # what a damaged store holds may break anything
            raise StepError(f"{row.arn}: the store is damaged: {type(error).__name__}: {error}") from error

    def ended(self, row: ExecutionRow) -> Live:
        """Rebuild an execution that has ended, to be looked at only."""
        # An id may be another's that was forgotten; a seed is an execution's own.
        key = (row.seed, row.arn, row.redrive_count)
        live = self._kept.get(key)
        if live is None:
            live = self._kept[key] = self.replay(row)[0]
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return live

    def _take_again(self, live: Live, row: ExecutionRow) -> list[WriteResults]:
        writes: list[WriteResults] = []
        for entry in self._journal.entries(row.id):
            if entry.digest != UNCHECKED and live.number and live.sum_up() != entry.digest:
                raise StepError(
                    f"{row.arn}: input {live.number} was recorded after other events than a replay gives: "
                    "another version of step, or a damaged store"
                )
            turn = live.take(entry.item, entry.at_ms)
            writes += [command for command in turn.commands if isinstance(command, WriteResults)]
        return writes

    def _program_of(self, row: ExecutionRow) -> Program:
        if row.parent is None:
            return self.program(row.definition)
        parent = self._program_of(self._journal.execution_by_id(row.parent))
        return parent.children[row.map_state or ""]


def row_of(
    info: ExecutionInfo, definition: str, more: Mapping[str, Any], parent: tuple[int, str, str] | None = None
) -> ExecutionRow:
    """Describe a new execution for the journal; ``parent``: its id, the Map's name, the Map Run's ARN."""
    kept: JSONObject = {"role_arn": info.role_arn, "machine_name": info.machine_name}
    key, state, run = parent or (None, None, None)
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
        parent=key,
        map_state=state,
        map_run=run,
        rules=info.rules,
    )


def ended_row(row: ExecutionRow, kernel: Kernel) -> ExecutionRow:
    """Describe an execution as its kernel is now."""
    if kernel.status == "RUNNING":
        return row
    error = kernel.error
    return row._replace(
        status=kernel.status,
        stop_ms=kernel.now,
        output=to_text(kernel.output) if kernel.status == "SUCCEEDED" else None,
        error=error.name if error else None,
        cause=error.cause if error else None,
    )


def info_of(row: ExecutionRow) -> ExecutionInfo:
    """Read what a kernel is told of its execution."""
    return ExecutionInfo(
        arn=row.arn,
        name=row.name,
        input=json.loads(row.input),
        start_ms=row.start_ms,
        machine_arn=row.machine_arn,
        seed=row.seed,
        rules=row.rules,
        **json.loads(row.info)["info"],
    )


def arn_of_child(parent: Live, command: StartChild) -> str:
    """Name the child execution that a command starts."""
    machine_arn = labelled_arn(parent.info.machine_arn, command.label)
    return child_arn(machine_arn, command.name, is_express=command.is_express)


def answer_of(row: ExecutionRow, op: int) -> Input:
    """Say to a parent how a child execution has ended; see ``children.child_answer``."""
    if row.status == "SUCCEEDED":
        return TaskSucceeded(op, json.loads(row.output or "null"))
    if row.status == "TIMED_OUT":
        return TaskFailed(op, "States.Timeout", None)
    return TaskFailed(op, row.error, row.cause)
