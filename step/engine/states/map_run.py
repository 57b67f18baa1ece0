"""A Map Run: one attempt of a distributed Map, with its child executions.

Pure: no clock, no IO. Everything the run waits for is a frame of its own: a child execution, a read of items,
a write of results. At most two chunks of items and of results are here at a time.
AWS: Step Functions developer guide, "Viewing a Distributed Map Run", "ItemBatcher", "ResultWriter".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from step.arn import labelled_arn, map_run_arn
from step.asl.model import ABSENT, Field
from step.engine.child_execution import Child, ChildStatus, Outcome, metadata, status_of
from step.engine.frames import FATAL, Frame, Group, Item, State, Turn
from step.engine.history import MAP_RUN_FAILED, PLAIN
from step.engine.quotas import BATCH_BYTES
from step.engine.states.work import WorkState
from step.engine.vocabulary import ReadItems, StartChild, WriteResults
from step.errors import StateError, StateFailure
from step.jsonvalue import JSONObject, JSONValue, to_text

# How many items are read, and results written, at a time.
CHUNK = 1000
EXCEEDED = StateError(
    "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
)


class Tolerance(NamedTuple):
    """How many items may fail; None: not given."""

    items: float | None
    percentage: float | None

    def is_exceeded(self, failed: int, total: int | None) -> bool:
        """Judge so many failed items; ``total`` is None while nobody knows how many there are.

        AWS: "Tolerated failure threshold": without limits none may fail; of two limits either one fails it.
        """
        if not failed:
            return False
        if self.items is None and self.percentage is None:
            return True
        if self.items is not None and failed > self.items:
            return True
        if self.percentage is None:
            return False
        return failed * 100 > self.percentage * total if total else self.percentage == 0


class Batching(NamedTuple):
    """How many items a child execution gets, at most, and what it gets beside them."""

    items: float
    bytes: float
    input: Field


class Plan(NamedTuple):
    """A Map Run's settings, evaluated. ``reader`` None: the items are given; ``writer`` may be empty."""

    label: str
    is_express: bool
    at_once: int
    tolerance: Tolerance
    selector: Callable[[JSONValue, Frame], JSONValue] | None
    reader: JSONObject | None
    batching: Batching | None
    writer: JSONObject


class ChildRun(State):
    """What the frame of a child execution is at."""

    def succeeded(self, turn: Turn, frame: Frame, output: JSONValue) -> bool:
        return _run_of(frame).child_ended(turn, frame, Outcome(output, None))

    def failed(self, turn: Turn, frame: Frame, error: StateError) -> bool:
        return _run_of(frame).child_ended(turn, frame, Outcome(None, error))


class Reading(State):
    """What the frame of a read is at."""

    def items_read(self, turn: Turn, frame: Frame, items: list[JSONValue], is_last: bool) -> None:
        _run_of(frame).items_read(turn, frame, items, is_last)

    def failed(self, turn: Turn, frame: Frame, error: StateError) -> bool:
        return _run_of(frame).fail(turn, error)


class Writing(State):
    """What the frame of a write is at."""

    def succeeded(self, turn: Turn, frame: Frame, output: JSONValue) -> bool:
        return _run_of(frame).results_written(turn, frame, output)

    def failed(self, turn: Turn, frame: Frame, error: StateError) -> bool:
        return _run_of(frame).fail(turn, error)


CHILD_RUN, READING, WRITING = ChildRun("child execution"), Reading("reader"), Writing("writer")


class Member(NamedTuple):
    """An item that is a member of an object."""

    key: str
    value: JSONValue

    def to_json(self) -> JSONObject:
        # AWS doesn't say what a child execution gets of a member without an ItemSelector.
        return {"Key": self.key, "Value": self.value}


def _run_of(frame: Frame) -> MapRun:
    assert isinstance(frame.group, MapRun)
    return frame.group


class MapRun(Group):
    """One Map Run."""

    __slots__ = (
        "arn",
        "buffer",
        "children",
        "failed_items",
        "is_last_write",
        "items_started",
        "kept_bytes",
        "next_index",
        "plan",
        "random",
        "reading",
        "results",
        "scope",
        "source",
        "source_uri",
        "state",
        "total",
        "unwritten",
        "writing",
    )

    def __init__(
        self, state: WorkState, owner: Frame, items: list[JSONValue] | JSONObject, plan: Plan
    ) -> None:
        super().__init__(owner)
        self.state = state
        self.plan = plan
        self.random = owner.random
        self.arn = map_run_arn(owner.info.machine_arn, plan.label, self._new_name())
        self.source: Iterator[JSONValue | Member] = _each(items)
        self.source_uri: str | None = _source_uri(plan.reader)
        # How many items there are; None: the reader hasn't come to the end.
        self.total: int | None = len(items) if plan.reader is None else None
        self.scope = owner.child(self, state, None, index=0, item=None, size=0)
        self.scope.entered_id, self.scope.entered_at = owner.entered_id, owner.entered_at
        self.scope.retry_count = owner.retry_count
        # Items as child executions get them, with their numbers.
        self.buffer: deque[JSONValue] = deque()
        self.next_index = 0
        self.items_started = 0
        self.failed_items = 0
        self.children = 0
        self.reading: Frame | None = None
        self.writing: Frame | None = None
        self.is_last_write = False
        # By the child execution's number. Past the size of any output the rest isn't kept: it can't be used.
        self.results: dict[int, list[JSONValue]] = {}
        self.kept_bytes = 0
        self.unwritten: list[tuple[str, JSONValue]] = []

    @property
    def max_items(self) -> float:
        config = (self.plan.reader or {}).get("ReaderConfig")
        given = config.get("MaxItems") if isinstance(config, dict) else None
        return given if isinstance(given, int | float) else 0

    @property
    def _is_exported(self) -> bool:
        return "Resource" in self.plan.writer

    def _new_name(self) -> str:
        return str(UUID(int=self.random.getrandbits(128), version=4))

    # ------------------------------------------------------------ going on

    def proceed(self, turn: Turn) -> bool:
        """Start what may run, read what is missing, write what is there; say whether the owner goes on."""
        if self.plan.tolerance.is_exceeded(self.failed_items, self.total):
            return self.fail(turn, EXCEEDED)
        try:
            is_short = self._start_children(turn)
        except StateFailure as failure:
            return self.fall(turn, failure)
        if self.total is None and (is_short or len(self.buffer) < CHUNK):
            self._read(turn)
        if self._is_exported:
            self._write(turn)
            return False
        return self._is_drained and self._succeed(turn)

    def _start_children(self, turn: Turn) -> bool:
        """Start as many child executions as may run; say whether items were short."""
        while self.children < self.plan.at_once and not self._is_behind:
            given = self._next_input(turn)
            if given is None:
                return True
            self._start_child(turn, *given)
        return False

    @property
    def _is_behind(self) -> bool:
        """Whether results wait for an earlier write: then nothing starts that makes more of them."""
        return self.writing is not None and len(self.unwritten) >= CHUNK

    @property
    def _is_drained(self) -> bool:
        return self.total is not None and self.items_started == self.total and not self.children

    # ------------------------------------------------------------ items

    def _read(self, turn: Turn) -> None:
        if self.reading is not None:
            return
        assert self.plan.reader is not None
        frame = self.reading = self._errand(turn, READING)
        first = self.next_index
        command = ReadItems(frame.op, self.state.name, self.arn, self.plan.reader, first, CHUNK)
        turn.start_work(frame, command)

    def items_read(self, turn: Turn, frame: Frame, items: list[JSONValue], is_last: bool) -> None:
        del self.live[frame]
        self.reading = None
        try:
            self._take(turn, iter(items))
        except StateFailure as failure:
            self.fall(turn, failure)
            return
        if is_last:
            self.total = self.next_index
        if self.proceed(turn):
            turn.ready.append(self.owner)

    def _take(self, turn: Turn, items: Iterator[JSONValue | Member]) -> None:
        """Select what child executions get of the next items."""
        selector, scope = self.plan.selector, self.scope
        scope.now = turn.now
        for item in islice(items, CHUNK):
            index = self.next_index
            self.next_index += 1
            if selector is None:
                self.buffer.append(item.to_json() if isinstance(item, Member) else item)
                continue
            value, key = (item.value, item.key) if isinstance(item, Member) else (item, None)
            scope.item = Item(index, value, key, self.source_uri)
            self.buffer.append(selector(self.owner.value, scope))

    def _next_input(self, turn: Turn) -> tuple[JSONValue, int] | None:
        """Take a child execution's input and the number of its items; None: there is none (yet)."""
        batching, buffer = self.plan.batching, self.buffer
        if not buffer and self.plan.reader is None:
            self._take(turn, self.source)
        if not buffer:
            return None
        if batching is None:
            return buffer.popleft(), 1
        while self.plan.reader is None and len(buffer) < batching.items and self.next_index != self.total:
            self._take(turn, self.source)
        return self._next_batch(batching)

    def every_input(self, turn: Turn) -> Iterator[JSONValue]:
        """Give what all child executions would get of items that are given, and start none of them."""
        while (found := self._next_input(turn)) is not None:
            yield found[0]

    def _next_batch(self, batching: Batching) -> tuple[JSONValue, int] | None:
        """Fill a batch; None: items that belong to it are still to be read."""
        batch: JSONObject = {} if batching.input is ABSENT else {"BatchInput": batching.input}
        size = _bytes({**batch, "Items": []}) - 1
        items: list[JSONValue] = []
        for item in self.buffer:
            size += _bytes(item) + 1
            if items and (len(items) >= batching.items or size > min(batching.bytes, BATCH_BYTES)):
                break
            items.append(item)
        else:
            if len(items) < batching.items and self.total is None:
                return None
        for _ in items:
            self.buffer.popleft()
        return {**batch, "Items": items}, len(items)

    # ------------------------------------------------------------ child executions

    def _errand(self, turn: Turn, state: State) -> Frame:
        owner = self.owner
        frame = Frame(owner.info, state, None, size=0, previous=owner.previous, group=self)
        self.live[frame] = None
        turn.open_op(frame)
        return frame

    def _start_child(self, turn: Turn, value: JSONValue, items: int) -> None:
        turn.measure(value, self.state.name)
        owner, plan = self.owner, self.plan
        frame = Child(owner.info, CHILD_RUN, value, group=self, name=self._new_name(), items=items)
        frame.previous, frame.index, frame.started_at = owner.previous, self.items_started, turn.now
        self.items_started += items
        self.children += 1
        self.live[frame] = None
        op = turn.open_op(frame)
        command = StartChild(op, self.state.name, plan.label, frame.name, plan.is_express, value)
        turn.start_work(frame, command)

    def child_ended(self, turn: Turn, frame: Frame, outcome: Outcome) -> bool:
        """Take a child execution's end; say whether the owner goes on."""
        assert isinstance(frame, Child)
        del self.live[frame]
        self.children -= 1
        self._keep(turn, frame, outcome)
        if not outcome.is_success:
            self.failed_items += frame.items
        if self.proceed(turn):
            turn.ready.append(self.owner)
        return False

    def _keep(self, turn: Turn, child: Child, outcome: Outcome) -> None:
        is_express = self.plan.is_express
        status = status_of(child, outcome, turn.now, is_express=is_express)
        if self._is_exported:
            self.unwritten += [(status, entry) for entry in self._entries(child, outcome, status, turn.now)]
        elif self.kept_bytes <= turn.payload_limit:
            entries = self._entries(child, outcome, status, turn.now)
            if entries:
                self.results[child.index] = entries
                self.kept_bytes += _bytes(entries) - 1

    def _entries(self, child: Child, outcome: Outcome, status: ChildStatus, now: int) -> list[JSONValue]:
        """Transform a child execution's end into what is told of it: one result, or more, or none.

        AWS: "ResultWriter": a failed execution's is never transformed.
        """
        if outcome.is_success and self._transformation == "FLATTEN" and isinstance(outcome.output, list):
            return outcome.output
        if outcome.is_success and self._transformation != "NONE":
            return [outcome.output]
        machine_arn = labelled_arn(self.owner.info.machine_arn, self.plan.label)
        return [metadata(child, outcome, status, machine_arn, now, is_express=self.plan.is_express)]

    @property
    def _transformation(self) -> str:
        config = self.plan.writer.get("WriterConfig")
        default = "NONE" if self._is_exported else "COMPACT"
        return str(config.get("Transformation", default)) if isinstance(config, dict) else default

    # ------------------------------------------------------------ results

    def _write(self, turn: Turn) -> None:
        if self.writing is not None or not (self._is_drained or len(self.unwritten) >= CHUNK):
            return
        frame = self.writing = self._errand(turn, WRITING)
        results, self.unwritten = self.unwritten, []
        self.is_last_write = self._is_drained
        name, writer = self.state.name, self.plan.writer
        turn.start_work(frame, WriteResults(frame.op, name, self.arn, writer, results, self.is_last_write))

    def results_written(self, turn: Turn, frame: Frame, output: JSONValue) -> bool:
        del self.live[frame]
        self.writing = None
        goes_on = self._leave(turn, output) if self.is_last_write else self.proceed(turn)
        if goes_on:
            turn.ready.append(self.owner)
        return False

    def _succeed(self, turn: Turn) -> bool:
        results: list[JSONValue] = []
        for index in sorted(self.results):
            results += self.results[index]
        config = self.plan.writer.get("WriterConfig")
        if isinstance(config, dict) and config.get("OutputType") == "JSONL":
            # AWS doesn't say what a state's output in JSON Lines is: here it is their text.
            return self._leave(turn, "".join(to_text(result) + "\n" for result in results))
        return self._leave(turn, results)

    def _leave(self, turn: Turn, result: JSONValue) -> bool:
        """Leave the state with the run's result; say whether the owner goes on."""
        owner = self.owner
        try:
            turn.measure(result, self.state.name)
        except StateFailure as failure:
            return self.fall(turn, failure)
        owner.inner = None
        before = owner.previous
        turn.log(owner, (PLAIN, "MapRunSucceeded"))
        turn.log(owner, (PLAIN, "MapStateSucceeded"))
        # Observed: since November 2024 what comes next follows MapRunStarted; it followed MapRunSucceeded.
        owner.previous = before
        return self.state.complete(turn, owner, result)

    # ------------------------------------------------------------ failing

    def fail(self, turn: Turn, error: StateError, *, is_fatal: bool = False) -> bool:
        """Fail the run and with it the attempt; nothing more is awaited. Says that the owner waits."""
        turn.abort(self)
        owner = self.owner
        owner.inner = None
        turn.log(owner, (MAP_RUN_FAILED, error))
        if self.state.broke(turn, owner, error, is_fatal=is_fatal):
            turn.ready.append(owner)
        return False

    def fall(self, turn: Turn, failure: StateFailure) -> bool:
        """Fail because an expression or a size did."""
        error = turn.state_error(self.owner, failure)
        return self.fail(turn, error, is_fatal=error.name in FATAL)

    def redrive(self, turn: Turn) -> None:
        """Begin a new run with all items; AWS goes on with those that didn't succeed."""
        self.owner.inner = None
        if self.state.attempt(turn, self.owner):
            turn.ready.append(self.owner)


def _each(items: list[JSONValue] | JSONObject) -> Iterator[JSONValue | Member]:
    if isinstance(items, list):
        return iter(items)
    return (Member(key, value) for key, value in items.items())


def _source_uri(reader: JSONObject | None) -> str:
    """Say where items come from. AWS: "Context object", ``Map.Item.Source``."""
    if reader is None:
        return "STATE_DATA"
    parameters = reader.get("Parameters")
    named = parameters if isinstance(parameters, dict) else {}
    parts = [named[name] for name in ("Bucket", "Key") if name in named]
    return "S3://" + "/".join(map(str, parts))


def _bytes(value: JSONValue) -> int:
    return len(to_text(value).encode("utf-8", "surrogatepass"))
