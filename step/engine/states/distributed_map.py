"""Map, distributed: a child execution for every item or batch of items.

Pure: no clock, no IO. Items are asked for a chunk at a time and results are handed on a chunk at a time, so
that neither lives here whole.
Spec: ASL "Map State". AWS: Step Functions developer guide, "Using Map state in Distributed mode".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from step.engine.frames import FATAL, Frame, Turn
from step.engine.history import MAP_RUN_STARTED, MAP_STARTED, PLAIN
from step.engine.quotas import MAP_RUN_CONCURRENCY
from step.engine.states.map import Number
from step.engine.states.map_plan import Batching, MapPlan, Tolerance
from step.engine.states.map_run import MapRun
from step.engine.states.work import WorkState
from step.errors import StateError, StateFailure
from step.jsonvalue import JSONObject, JSONValue

# (raw input, frame) -> an array, or an object whose members are the items
Items = Callable[[JSONValue, Frame], "list[JSONValue] | JSONObject"]
Part = Callable[[JSONValue, Frame], JSONObject]
NOT_POSITIVE = StateError("States.ItemReaderFailed", "field MaxItems must be positive")


class DistributedClosures(NamedTuple):
    """What only a distributed Map has; None: the state doesn't have the field.

    ``reader`` and ``writer`` give ItemReader and ResultWriter with every field evaluated.
    """

    items: Items
    reader: Part | None
    batching: Callable[[JSONValue, Frame], Batching] | None
    writer: Part | None


class DistributedMapState(WorkState):
    kind = "Map"

    def __init__(self, name: str, label: str | None, *, is_express: bool) -> None:
        super().__init__(name)
        self.label = label
        self.is_express = is_express
        self.closures: DistributedClosures
        # (raw input, frame of the item) -> the item as the child execution gets it; None: the item itself
        self.selector: Callable[[JSONValue, Frame], JSONValue] | None = None
        self.max_concurrency: Number
        self.tolerated_count: Number | None = None
        self.tolerated_percentage: Number | None = None

    def attempt(self, turn: Turn, frame: Frame) -> bool:
        items: list[JSONValue] | JSONObject = []
        try:
            if self.closures.reader is None:
                items = self.closures.items(frame.value, frame)
        except StateFailure as failure:
            return self.fell(turn, frame, failure)
        # Observed: where a reader gives the items, their number isn't known yet, and recorded as 0.
        turn.log(frame, (MAP_STARTED, len(items)))
        try:
            run = self._run(frame, items)
        except StateFailure as failure:
            return self._fell_before_run(turn, frame, failure)
        turn.open_op(frame)
        frame.inner = run
        turn.log(frame, (MAP_RUN_STARTED, run.arn))
        if run.max_items < 0:
            return run.fail(turn, NOT_POSITIVE)
        return run.proceed(turn)

    def _run(self, frame: Frame, items: list[JSONValue] | JSONObject) -> MapRun:
        closures, raw = self.closures, frame.value
        concurrency = int(self.max_concurrency(raw, frame)) or MAP_RUN_CONCURRENCY
        count = None if self.tolerated_count is None else self.tolerated_count(raw, frame)
        percentage = None if self.tolerated_percentage is None else self.tolerated_percentage(raw, frame)
        plan = MapPlan(
            label=self.label or str(uuid5(NAMESPACE_URL, f"{frame.info.machine_arn}/{self.name}")),
            is_express=self.is_express,
            at_once=min(concurrency, MAP_RUN_CONCURRENCY),
            tolerance=Tolerance(count, percentage),
            selector=self.selector,
            reader=closures.reader(raw, frame) if closures.reader else None,
            batching=closures.batching(raw, frame) if closures.batching else None,
            writer=closures.writer(raw, frame) if closures.writer else {},
        )
        return MapRun(self, frame, items, plan)

    def _fell_before_run(self, turn: Turn, frame: Frame, failure: StateFailure) -> bool:
        """Fail before there is a Map Run. Observed: a fatal failure is followed by no MapStateFailed."""
        error = turn.state_error(frame, failure)
        if error.name not in FATAL:
            return self.broke(turn, frame, error)
        turn.branch_failed(frame, error, is_fatal=True)
        return False

    def gave_up(self, turn: Turn, frame: Frame) -> None:
        turn.log(frame, (PLAIN, "MapStateFailed"))

    def aborted(self, turn: Turn, frame: Frame) -> None:
        if isinstance(frame.fallen, MapRun) and not frame.fallen.has_failed:
            turn.log(frame, (PLAIN, "MapRunAborted"))
        turn.log(frame, (PLAIN, "MapStateAborted"))
