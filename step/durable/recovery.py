"""Executions rebuilt from the journal: every recorded input is taken again, and nothing is done.

Knows no threads and no clock.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

from step.arn import labelled_arn
from step.asl.parse import parse
from step.durable.journal import UNCHECKED, ExecutionRow, Journal
from step.durable.live import Live
from step.engine.child_execution import child_arn
from step.engine.event_sum import is_known
from step.engine.frames import ExecutionInfo
from step.engine.history import History
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.switches import CURRENT
from step.engine.vocabulary import Input, StartChild, TaskFailed, TaskSucceeded, WriteResults
from step.errors import StepError
from step.jsonvalue import JSONObject, to_text

_WHY = "a replay gives other events than were recorded: another version of step, or a damaged store"


class _Agreed(NamedTuple):
    """How much of a history is as it was recorded."""

    rows: int
    events: int


_NONE = _Agreed(0, 0)
# So many ended executions are kept rebuilt: whoever pages through a history asks for it again and again.
_KEPT = 16
# So many definitions are kept compiled.
_PROGRAMS = 1000


class Disagreement(StepError):  # noqa: N818 - reads as the sentence it is
    """A replay doesn't give the events that an execution has had.

    Attributes:
        live: The execution as far as the replay went; None: the replay never began.
        history: Those of its events that are as they were recorded.
    """

    def __init__(
        self, row: ExecutionRow, why: str, live: Live | None = None, agreed: _Agreed = _NONE
    ) -> None:
        super().__init__(f"{row.arn}: {why}")
        self.row = row
        self.live = live
        rows = live.kernel.rows[: agreed.rows] if live is not None else []
        self.history = History(rows, agreed.events)

    def has(self, token: str) -> bool:
        """Whether one of its tasks was given this token."""
        return self.live is not None and self.live.kernel.has_given(token)


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
            Disagreement: the replay doesn't give what was recorded.
        """
        live = None
        try:
            if row.rules > CURRENT:
                raise StepError("a later version of step began it")
            info = info_of(row)
            kernel = Kernel(program or self._program_of(row), info, Quotas())
            live = Live(row.id, kernel, is_durable=True)
            return live, self._take_again(live, row)
        except Disagreement:
            raise
        except StepError as error:
            raise Disagreement(row, str(error), live) from error
        except Exception as error:  # what a damaged store holds may break anything
            why = f"the store is damaged: {type(error).__name__}: {error}"
            raise Disagreement(row, why, live) from error

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
        kernel, agreed = live.kernel, _NONE
        for entry in self._journal.entries(row.id):
            # The first one was written when it had taken effect, all others before that.
            if live.number:
                agreed = _compared(row, live, entry.sum, agreed)
            turn = live.take(entry.item, entry.at_ms)
            if live.number == 1:
                agreed = _compared(row, live, entry.sum, agreed)
            writes += [command for command in turn.commands if isinstance(command, WriteResults)]
        if row.status not in ("RUNNING", kernel.status):
            raise Disagreement(row, f"{_named(kernel, agreed)}: {_WHY}", live, agreed)
        return writes

    def _program_of(self, row: ExecutionRow) -> Program:
        if row.parent is None:
            return self.program(row.definition)
        parent = self._program_of(self._journal.execution_by_id(row.parent))
        return parent.children[row.map_state or ""]


def _compared(row: ExecutionRow, live: Live, recorded: int, agreed: _Agreed) -> _Agreed:
    """Compare the events so far with what was recorded; give those that agree.

    Raises:
        Disagreement: they differ.
    """
    if recorded == UNCHECKED or not is_known(recorded) or live.events is None:
        return agreed
    if live.sum_up() != recorded:
        raise Disagreement(row, f"{_named(live.kernel, agreed)}: {_WHY}", live, agreed)
    return _Agreed(len(live.kernel.rows), live.kernel.count)


def _named(kernel: Kernel, agreed: _Agreed) -> str:
    """Name the first event that isn't known to agree."""
    number = agreed.events
    event = next(islice(kernel.history, number, None), None)
    if event is None:
        return f"after event {number}"
    names = [value["name"] for value in event.values() if isinstance(value, dict) and "name" in value]
    return f"from event {number + 1}, {' '.join([event['type'], *map(repr, names)])}, on"


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
