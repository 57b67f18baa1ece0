"""Parallel and Map under TestState: their own fields are evaluated, a mock stands for what is inside.

Pure: no clock, no IO.
AWS: API reference, "InspectionData" and "TestStateConfiguration".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from step.asl import model
from step.engine.frames import Frame, Turn
from step.engine.states.distributed_map import DistributedMapState
from step.engine.states.map import MapState
from step.engine.states.map_plan import Batching, MapPlan, Tolerance
from step.engine.states.map_run import EXCEEDED, MapRun
from step.engine.states.parallel import ParallelState
from step.engine.states.work import WorkState
from step.errors import Refused, StateError, StateFailure
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.machine.test_state_request import Mock, StateRequest
from step.runtime.item_readers import ItemStream, ReaderFailure
from step.runtime.objects import MemoryObjects

# Evaluates what the state does before its work; gives the work's error, where it isn't the mock's.
Prepare = Callable[[Turn, Frame], "StateError | None"]
_READER_DATA = "bucket/key"


class MockedState(WorkState):
    """A state whose work is a mock; all else is the tested state's."""

    def __init__(self, tested: WorkState, prepare: Prepare, mock: Mock, retry_count: int) -> None:
        super().__init__(tested.name)
        self.kind = tested.kind
        self.following = tested.following
        self.finish = tested.finish
        self.retry = tested.retry
        self.catch = tested.catch
        self._prepare = prepare
        self._mock = mock
        self._retry_count = retry_count

    def attempt(self, turn: Turn, frame: Frame) -> bool:
        try:
            error = self._prepare(turn, frame) or self._mock.error
        except StateFailure as failure:
            return self.fell(turn, frame, failure)
        if error is not None:
            frame.retries = dict.fromkeys(range(len(self.retry)), self._retry_count)
            return self.broke(turn, frame, error)
        assert not isinstance(self._mock.result, model.Absent)
        return self.complete(turn, frame, self._mock.result)


def prepare_parallel(state: ParallelState) -> Prepare:
    """Evaluate what a Parallel's branches would be given."""

    def prepare(turn: Turn, frame: Frame) -> None:
        turn.measure(state.payload(frame.value, frame), state.name)

    return prepare


def prepare_map(
    compiled: MapState | DistributedMapState, state: model.Map, request: StateRequest, told: JSONObject
) -> Prepare:
    """Evaluate a Map's fields, tell of them, and judge how many of its iterations fail."""

    def prepare(turn: Turn, frame: Frame) -> StateError | None:
        items = _items(compiled, frame, request)
        if items.are_by_path and state.query_language == "JSONPath":
            told["afterItemsPath"] = to_text(items.values)
        raw = frame.value
        told["maxConcurrency"] = int(compiled.max_concurrency(raw, frame))
        count = None if compiled.tolerated_count is None else compiled.tolerated_count(raw, frame)
        percentage = (
            None if compiled.tolerated_percentage is None else compiled.tolerated_percentage(raw, frame)
        )
        if count is not None:
            told["toleratedFailureCount"] = int(count)
        if percentage is not None:
            told["toleratedFailurePercentage"] = float(percentage)
        iterations = _iterations(compiled, turn, frame, items, told)
        return _failure(request, iterations, Tolerance(count, percentage))

    return prepare


class TestedItems(NamedTuple):
    """A Map's items; ``values`` None: they would be read, and nobody says what is read."""

    values: list[JSONValue] | JSONObject | None
    are_by_path: bool


def _items(compiled: MapState | DistributedMapState, frame: Frame, request: StateRequest) -> TestedItems:
    if isinstance(compiled, MapState):
        return TestedItems(compiled.items(frame.value, frame), True)
    if compiled.closures.reader is None:
        return TestedItems(compiled.closures.items(frame.value, frame), True)
    reader = compiled.closures.reader(frame.value, frame)
    data = request.configuration.map_item_reader_data
    return TestedItems(None if data is None else _read(reader, data), False)


def _read(reader: JSONObject, data: str) -> list[JSONValue]:
    """Read ``mapItemReaderData`` as the reader would, wherever it would find it."""
    config = reader.get("ReaderConfig")
    known = config if isinstance(config, dict) else {}
    if known.get("InputType") in ("MANIFEST", "PARQUET"):
        known = {name: value for name, value in known.items() if name != "InputType"}
    known = {name: value for name, value in known.items() if name not in ("ManifestType", "Transformation")}
    bucket, _, key = _READER_DATA.partition("/")
    given: JSONObject = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": known,
        "Parameters": {"Bucket": bucket, "Key": key},
    }
    try:
        return list(ItemStream.from_reader(given, MemoryObjects({_READER_DATA: data})))
    except ReaderFailure as failure:
        raise StateFailure("States.ItemReaderFailed", str(failure), is_bare=True) from failure


def _iterations(
    compiled: MapState | DistributedMapState, turn: Turn, frame: Frame, items: TestedItems, told: JSONObject
) -> int | None:
    """Make the inputs of the iterations; give how many there are."""
    if items.values is None:
        return None
    source = None if isinstance(compiled, MapState) else "STATE_DATA"
    selected = _inputs(compiled, turn, frame, items.values, source, selector=compiled.selector)
    if compiled.selector is not None:
        told["afterItemSelector"] = to_text(selected)
    if isinstance(compiled, MapState) or compiled.closures.batching is None:
        return len(selected)
    batching = compiled.closures.batching(frame.value, frame)
    batches = _inputs(compiled, turn, frame, selected, source, batching=batching)
    told["afterItemBatcher"] = to_text(batches)
    return len(batches)


def _inputs(
    state: WorkState,
    turn: Turn,
    frame: Frame,
    items: list[JSONValue] | JSONObject,
    source: str | None,
    *,
    selector: Callable[[JSONValue, Frame], JSONValue] | None = None,
    batching: Batching | None = None,
) -> list[JSONValue]:
    """Let a Map Run that starts nothing select and batch."""
    plan = MapPlan(
        label=state.name,
        is_express=False,
        at_once=1,
        tolerance=Tolerance(None, None),
        selector=selector,
        reader=None,
        batching=batching,
        writer={},
    )
    run = MapRun(state, frame, items, plan)
    run.source_uri = source
    return list(run.every_input(turn))


def _failure(request: StateRequest, iterations: int | None, tolerance: Tolerance) -> StateError | None:
    """Tell the error of a Map of which so many iterations failed; None: that of the mock, or none.

    Observed: where nothing says how many may fail, nothing is exceeded; what is mocked stays what it is.
    """
    failed = request.configuration.map_iteration_failure_count
    if failed is None:
        return None
    if iterations is not None and failed > iterations:
        raise Refused(
            "ValidationException",
            "Map iteration failure count must be less than or equal to the number of Map iterations",
        )
    if tolerance == Tolerance(None, None):
        return None
    return EXCEEDED if tolerance.is_exceeded(failed, iterations) else None
