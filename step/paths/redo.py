"""Run a machine on the answers that a recorded execution was given, at the times at which they came.

Pure: no clock, no IO. The kernel is the real one; what is recorded takes the place of the world.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import NamedTuple

from step.asl.model import Branch, Definition, Map, Parallel, State, Task
from step.asl.parse import every_state, inner_branches
from step.engine.frames import ExecutionInfo
from step.engine.history import History
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import (
    CancelTask,
    Command,
    Continue,
    Heartbeat,
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
from step.jsonvalue import JSONValue
from step.paths.walked import Key, RecordedCall, RecordedWalk, every_stay

# The resource of the Task that stands for a distributed Map.
MAP_RUN = "step:map-run"
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Redone:
    """What came of it. ``stopped_at`` names the state whose work the record has no answer for.

    ``asked`` are the tasks with the recorded call that answered each.
    """

    history: History
    status: str
    stopped_at: str = ""
    asked: list[tuple[StartTask, RecordedCall]] = field(default_factory=list)


class Setting(NamedTuple):
    """What may differ between two runs of the same: the time, the names, what is drawn."""

    shift_ms: int = 0
    seed: str = "0"
    name: str = "recorded"
    account: str = "123456789012"

    @property
    def execution_arn(self) -> str:
        """The execution's ARN."""
        return f"arn:aws:states:us-east-1:{self.account}:execution:{self.name}:{self.name}"

    @property
    def machine_arn(self) -> str:
        """The machine's ARN."""
        return f"arn:aws:states:us-east-1:{self.account}:stateMachine:{self.name}"

    @property
    def role_arn(self) -> str:
        """The ARN of the machine's role."""
        return f"arn:aws:iam::{self.account}:role/{self.name}"


SETTING = Setting()
# Everything else than in SETTING, so that what depends on it shows.
OTHER_SETTING = Setting(
    shift_ms=397 * _DAY_MS + 4_567_891, seed="other", name="another", account="210987654321"
)


class Redoer:
    """A machine that takes recorded answers.

    Args:
        definition: The machine's definition.
    """

    def __init__(self, definition: Definition) -> None:
        whole = without_map_runs(definition)
        program = Program.from_definition(whole)
        # A child execution of a distributed Map begins with the first state of its processor.
        self._programs = {definition.start_at: program}
        self._distributed: set[str] = set()
        for state in every_state(definition):
            if isinstance(state, Map) and state.item_processor.is_distributed:
                self._distributed.add(state.name)
                child = replace(
                    whole, start_at=state.item_processor.start_at, states=_whole(state.item_processor.states)
                )
                self._programs.setdefault(child.start_at, Program.from_definition(child))
        self._program = program
        # For each state, which of the numbers of its branch are those of a Map's iterations.
        self._levels: dict[str, tuple[int, ...]] = {}
        _levels(definition, (), 0, self._levels)

    def redo(self, record: RecordedWalk, setting: Setting = SETTING) -> Redone:
        """Run the machine on a record's input and answers, as far as these go.

        Raises:
            StepError: the record's input isn't JSON.
        """
        first = record.states[0].name if record.states else ""
        program = self._programs.get(first, self._program)
        calls = [*record.calls, *_map_runs(record, self._distributed)]
        return _Run(program, self._levels, record, calls, setting).run()


def without_map_runs(definition: Definition) -> Definition:
    """Put a Task in place of each distributed Map: its child executions have histories of their own."""
    return replace(definition, states=_whole(definition.states))


def _whole(states: Mapping[str, State]) -> dict[str, State]:
    return {name: _as_task(state) for name, state in states.items()}


def _as_task(state: State) -> State:
    if isinstance(state, Parallel):
        branches = tuple(replace(branch, states=_whole(branch.states)) for branch in state.branches)
        return replace(state, branches=branches)
    if not isinstance(state, Map):
        return state
    if not state.item_processor.is_distributed:
        processor = replace(state.item_processor, states=_whole(state.item_processor.states))
        return replace(state, item_processor=processor)
    return Task(
        name=state.name,
        query_language=state.query_language,
        next=state.next,
        retry=state.retry,
        catch=state.catch,
        resource=MAP_RUN,
    )


def _map_runs(record: RecordedWalk, distributed: Collection[str]) -> Iterator[RecordedCall]:
    """Tell distributed runs as calls: each gives what its state was left with, or failed with."""
    for stay in every_stay(record.states):
        if stay.name not in distributed:
            continue
        # One that failed before it had begun ended the execution.
        for failure in stay.map_runs or [None if stay.output else (record.error, record.cause)]:
            call = RecordedCall(
                key=(stay.name, stay.indexes), event=stay.event, resource=MAP_RUN, payload=stay.input
            )
            if failure is not None:
                call.outcome, (call.error, call.cause) = "failed", failure
            elif stay.output is not None:
                call.outcome, call.output = "succeeded", stay.output
                call.ended_ms = (stay.left_ms or 0) - (stay.at_ms or 0)
            yield call


def _levels(branch: Branch, found: tuple[int, ...], depth: int, levels: dict[str, tuple[int, ...]]) -> None:
    for name, state in branch.states.items():
        levels[name] = found
        inside = (*found, depth) if isinstance(state, Map) else found
        if isinstance(state, Map | Parallel):
            for inner in inner_branches(state):
                _levels(inner, inside, depth + 1, levels)


class _Run:
    def __init__(
        self,
        program: Program,
        levels: Mapping[str, tuple[int, ...]],
        record: RecordedWalk,
        calls: Sequence[RecordedCall],
        setting: Setting,
    ) -> None:
        self._record = record
        self._levels = levels
        start = record.start_ms or 0
        self._shift = setting.shift_ms
        try:
            self._input: JSONValue = json.loads(record.input)
        except ValueError as fault:
            raise StepError(f"the recorded input isn't JSON: {fault}") from None
        self._now = round(start) + self._shift
        info = ExecutionInfo(
            arn=setting.execution_arn,
            name=setting.name,
            input=self._input,
            start_ms=self._now,
            role_arn=setting.role_arn,
            machine_arn=setting.machine_arn,
            machine_name=setting.name,
            seed=setting.seed,
        )
        self._kernel = Kernel(program, info, Quotas())
        self._answers: dict[Key, list[RecordedCall]] = {}
        for call in reversed(calls):
            self._answers.setdefault(call.key, []).append(call)
        self._agenda: list[tuple[int, int, Input]] = []
        self._order = 0
        self._asked: list[tuple[StartTask, RecordedCall]] = []
        self._stop = ""

    def run(self) -> Redone:
        kernel = self._kernel
        if self._record.status == "ABORTED" and self._record.ended_ms is not None:
            self._later(
                round(self._record.ended_ms) + self._shift, Stop(self._record.error, self._record.cause)
            )
        self._feed(Start(self._input))
        redrives = [round(at) + self._shift for at in self._record.redriven_ms]
        while True:
            while kernel.is_busy:
                self._feed(Continue())
            if kernel.fault is not None:
                raise StepError(f"step itself failed: {kernel.fault!r}")
            if kernel.status != "RUNNING":
                if not redrives or self._stop:
                    break
                self._now = max(self._now, redrives.pop(0))
                self._agenda.clear()
                self._feed(Redrive())
            elif not self._go_on():
                break
        return Redone(
            history=kernel.history,
            status=kernel.status,
            stopped_at=self._stop,
            asked=self._asked,
        )

    def _go_on(self) -> bool:
        """Let happen what happens next; False: nothing does, or nobody knows what."""
        agenda, kernel = self._agenda, self._kernel
        wake = kernel.wake_at
        moments = [at for at in (wake, agenda[0][0] if agenda else None) if at is not None]
        if self._is_over(min(moments, default=0)):
            return False
        if agenda and (wake is None or agenda[0][0] <= wake):
            at, _, item = heappop(agenda)
            self._now = max(self._now, at)
            self._feed(item)
            return True
        if self._stop or wake is None or (kernel.only_quota_wakes and kernel.ops):
            return False
        self._now = max(self._now, wake)
        self._feed(TimePassed())
        return True

    def _is_over(self, at: int) -> bool:
        """Whether a moment is after the last one that is known of an execution that still ran."""
        record = self._record
        return record.status == "RUNNING" and record.last_ms is not None and at > record.last_ms + self._shift

    def _feed(self, item: Input) -> None:
        for command in self._kernel.handle(item, self._now):
            self._carry_out(command)

    def _carry_out(self, command: Command) -> None:
        if isinstance(command, CancelTask):
            return
        if not isinstance(command, StartTask):
            raise AssertionError(f"{command}: distributed Maps are taken whole")
        levels = self._levels.get(command.state, ())
        key = (command.state, tuple(command.branch[level] for level in levels))
        calls = self._answers.get(key)
        if not calls:
            self._stop = self._stop or command.state
            return
        call = calls.pop()
        self._asked.append((command, call))
        self._answer(command, call)

    def _answer(self, task: StartTask, call: RecordedCall) -> None:
        op = task.op
        if call.started_ms is not None:
            self._later(self._now + round(call.started_ms), TaskStarted(op))
        if call.submitted_ms is not None:
            self._later(self._now + round(call.submitted_ms), TaskSubmitted(op, json.loads(call.submitted)))
        end = self._now + round(call.ended_ms)
        if call.outcome in ("succeeded", "failed"):
            self._beat(op, end)
            done = (
                TaskSucceeded(op, json.loads(call.output))
                if call.outcome == "succeeded"
                else TaskFailed(op, call.error, call.cause)
            )
            self._later(end, done)

    def _beat(self, op: int, end: int) -> None:
        """Let work be alive until it ends: histories don't tell of heartbeats."""
        frame = self._kernel.ops[op].frame
        if frame.heartbeat_ms:
            for at in range(self._now + frame.heartbeat_ms - 1, end, max(frame.heartbeat_ms - 1, 1)):
                self._later(at, Heartbeat(op))

    def _later(self, at: int, item: Input) -> None:
        self._order += 1
        heappush(self._agenda, (at, self._order, item))
