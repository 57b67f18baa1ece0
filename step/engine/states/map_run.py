"""A Map Run: one attempt of a distributed Map, with its child executions.

Pure: no clock, no IO. Everything the run waits for is a frame of its own: a child execution, a read of items,
a write of results. At most two chunks of items and of results are here at a time, and beside them what a
redrive runs again: the child executions that failed.
AWS: Step Functions developer guide, "Viewing a Distributed Map Run", "Redriving Map Runs", "ResultWriter".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any, cast
from uuid import UUID

from step.arn import labelled_arn, map_run_arn
from step.asl.model import ABSENT
from step.engine.child_execution import Child, ChildOutcome, ChildStatus, metadata, status_of
from step.engine.frames import FATAL, Frame, Group, Item, State, Turn
from step.engine.history import MAP_RUN_FAILED, MAP_RUN_REDRIVEN, PLAIN
from step.engine.quotas import BATCH_BYTES, MAP_RUN_CONCURRENCY
from step.engine.states.map_plan import Batching, MapPlan, MemberItem, each, source_uri
from step.engine.states.work import WorkState
from step.engine.switches import HISTORY_AS_AWS, ITEM_SOURCE
from step.engine.vocabulary import ItemsRead, MapRunUpdated, ReadItems, StartChild, WriteResults
from step.errors import StateError, StateFailure, StepError
from step.jsonvalue import JSONObject, JSONValue, to_text

# How many items are read, and results written, at a time.
CHUNK = 1000
# How many failed child executions are kept; where more have failed, a redrive begins a new run.
KEPT_FAILURES = 20_000
EXCEEDED = StateError(
    "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
)


class ChildRun(State):
    """What the frame of a child execution is at."""

    def succeeded(self, turn: Turn, frame: Frame, output: JSONValue) -> bool:
        return _run_of(frame).child_ended(turn, frame, ChildOutcome(output, None))

    def failed(self, turn: Turn, frame: Frame, error: StateError) -> bool:
        return _run_of(frame).child_ended(turn, frame, ChildOutcome(None, error))


class Reading(State):
    """What the frame of a read is at."""

    def items_read(self, turn: Turn, frame: Frame, read: ItemsRead) -> None:
        _run_of(frame).items_read(turn, frame, read)

    def failed(self, turn: Turn, frame: Frame, error: StateError) -> bool:
        return _run_of(frame).fail(turn, error)


class Writing(State):
    """What the frame of a write is at."""

    def succeeded(self, turn: Turn, frame: Frame, output: JSONValue) -> bool:
        return _run_of(frame).results_written(turn, frame, output)

    def failed(self, turn: Turn, frame: Frame, error: StateError) -> bool:
        return _run_of(frame).fail(turn, error)


CHILD_RUN, READING, WRITING = ChildRun("child execution"), Reading("reader"), Writing("writer")


def _run_of(frame: Frame) -> MapRun:
    assert isinstance(frame.group, MapRun)
    return frame.group


class MapRun(Group):
    """One Map Run."""

    __slots__ = (
        "arn",
        "buffer",
        "children",
        "failed",
        "failed_items",
        "has_failed",
        "is_last_write",
        "items_started",
        "kept_bytes",
        "next_index",
        "plan",
        "random",
        "reading",
        "redrive_count",
        "redriven",
        "results",
        "scope",
        "source",
        "source_uri",
        "state",
        "total",
        "unwritten",
        "writing",
        "written",
    )

    def __init__(
        self, state: WorkState, owner: Frame, items: list[JSONValue] | JSONObject, plan: MapPlan
    ) -> None:
        super().__init__(owner)
        self.state = state
        self.plan = plan
        self.random = owner.random
        self.arn = map_run_arn(owner.info.machine_arn, plan.label, self._new_name())
        self.source: Iterator[JSONValue | MemberItem] = each(items)
        self.source_uri: str | None = source_uri(plan.reader, owner.info)
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
        # What a write that isn't answered yet has.
        self.written: list[tuple[str, JSONValue]] = []
        # The child executions that failed, and those of them that a redrive is still to run.
        self.failed: list[Child] = []
        self.redriven: deque[Child] = deque()
        self.redrive_count = 0
        self.has_failed = False

    @property
    def max_items(self) -> float:
        config = (self.plan.reader or {}).get("ReaderConfig")
        given = config.get("MaxItems") if isinstance(config, dict) else None
        return given if isinstance(given, int | float) else 0

    @property
    def _is_exported(self) -> bool:
        return "Resource" in self.plan.writer

    def fork(self, owner: Frame, twins: dict[Frame, Frame]) -> MapRun:
        """Refuse: its items may come of an iterator, which goes one way only."""
        raise StepError(f"state {self.state.name!r}: an execution inside a distributed Map can't be forked")

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

    def update(self, turn: Turn, given: MapRunUpdated) -> bool:
        """Take other limits, and start or fail at once what they say."""
        if given.run != self.arn:
            return False
        plan, (items, percentage) = self.plan, self.plan.tolerance
        if given.max_concurrency is not None:
            at_once = given.max_concurrency or MAP_RUN_CONCURRENCY
            plan = plan._replace(at_once=min(at_once, MAP_RUN_CONCURRENCY))
        if given.tolerated_count is not None:
            items = given.tolerated_count
        if given.tolerated_percentage is not None:
            percentage = given.tolerated_percentage
        self.plan = plan._replace(tolerance=plan.tolerance._replace(items=items, percentage=percentage))
        if self.proceed(turn):
            turn.ready.append(self.owner)
        return True

    def _start_children(self, turn: Turn) -> bool:
        """Start as many child executions as may run; say whether items were short."""
        while self.children < self.plan.at_once and not self._is_behind:
            if self.redriven:
                self._start_again(turn, self.redriven.popleft())
                continue
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
        is_begun = self.total is not None and self.items_started == self.total
        return is_begun and not self.children and not self.redriven

    # ------------------------------------------------------------ items

    def _read(self, turn: Turn) -> None:
        if self.reading is not None:
            return
        assert self.plan.reader is not None
        frame = self.reading = self._errand(turn, READING)
        first = self.next_index
        command = ReadItems(frame.op, self.state.name, self.arn, self.plan.reader, first, CHUNK)
        turn.start_work(frame, command)

    def items_read(self, turn: Turn, frame: Frame, read: ItemsRead) -> None:
        del self.live[frame]
        self.reading = None
        items, is_last = iter(read.items), read.is_last
        try:
            if read.sources is None or not ITEM_SOURCE.holds(self.owner.info):
                self._take(turn, items)
            else:
                for pair in read.sources:
                    count, uri = cast("list[Any]", pair)
                    self._take(turn, islice(items, count), uri)
        except StateFailure as failure:
            self.fall(turn, failure)
            return
        if is_last:
            self.total = self.next_index
        if self.proceed(turn):
            turn.ready.append(self.owner)

    def _take(self, turn: Turn, items: Iterator[JSONValue | MemberItem], source: str | None = None) -> None:
        """Select what child executions get of the next items."""
        selector, scope = self.plan.selector, self.scope
        scope.now = turn.now
        for item in islice(items, CHUNK):
            index = self.next_index
            self.next_index += 1
            if selector is None:
                self.buffer.append(item.to_json() if isinstance(item, MemberItem) else item)
                continue
            value, key = (item.value, item.key) if isinstance(item, MemberItem) else (item, None)
            scope.item = Item(index, value, key, source or self.source_uri)
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
        frame = Child(self.owner.info, CHILD_RUN, value, group=self, name=self._new_name(), items=items)
        frame.index = self.items_started
        self.items_started += items
        self._begin(turn, frame)

    def _start_again(self, turn: Turn, frame: Child) -> None:
        frame.info, frame.redrive_count = self.owner.info, frame.redrive_count + 1
        self._begin(turn, frame)

    def _begin(self, turn: Turn, frame: Child) -> None:
        frame.previous, frame.started_at = self.owner.previous, turn.now
        self.children += 1
        self.live[frame] = None
        op, plan = turn.open_op(frame), self.plan
        command = StartChild(
            op, self.state.name, plan.label, frame.name, plan.is_express, frame.value, frame.redrive_count
        )
        turn.start_work(frame, command)

    def child_ended(self, turn: Turn, frame: Frame, outcome: ChildOutcome) -> bool:
        """Take a child execution's end; say whether the owner goes on."""
        assert isinstance(frame, Child)
        del self.live[frame]
        self.children -= 1
        self._keep(turn, frame, outcome)
        if not outcome.is_success:
            self.failed_items += frame.items
            if len(self.failed) <= KEPT_FAILURES:
                self.failed.append(frame)
        if self.proceed(turn):
            turn.ready.append(self.owner)
        return False

    def _keep(self, turn: Turn, child: Child, outcome: ChildOutcome) -> None:
        is_express = self.plan.is_express
        status = status_of(child, outcome, turn.now, is_express=is_express)
        if self._is_exported:
            self.unwritten += [(status, entry) for entry in self._entries(child, outcome, status, turn.now)]
        elif self.kept_bytes <= turn.payload_limit:
            entries = self._entries(child, outcome, status, turn.now)
            if child.redrive_count and child.index in self.results:
                self.kept_bytes -= _bytes(self.results.pop(child.index)) - 1
            if entries:
                self.results[child.index] = entries
                self.kept_bytes += _bytes(entries) - 1

    def _entries(self, child: Child, outcome: ChildOutcome, status: ChildStatus, now: int) -> list[JSONValue]:
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
        results = self.written = self.unwritten
        self.unwritten = []
        self.is_last_write = self._is_drained
        name, writer = self.state.name, self.plan.writer
        turn.start_work(frame, WriteResults(frame.op, name, self.arn, writer, results, self.is_last_write))

    def results_written(self, turn: Turn, frame: Frame, output: JSONValue) -> bool:
        del self.live[frame]
        self.writing, self.written = None, []
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
        if not HISTORY_AS_AWS.holds(owner.info):
            owner.previous = before
        # Observed: since November 2024 what comes next follows MapRunStarted; it followed MapRunSucceeded.
        return self.state.complete(turn, owner, result, follows=before)

    # ------------------------------------------------------------ failing

    def fail(self, turn: Turn, error: StateError, *, is_fatal: bool = False) -> bool:
        """Fail the run and with it the attempt; nothing more is awaited. Says that the owner waits."""
        turn.abort(self)
        self.has_failed = True
        owner = self.owner
        owner.inner, owner.fallen = None, None if is_fatal or len(self.failed) > KEPT_FAILURES else self
        turn.log(owner, (MAP_RUN_FAILED, error))
        if self.state.broke(turn, owner, error, is_fatal=is_fatal):
            turn.ready.append(owner)
        return False

    def fall(self, turn: Turn, failure: StateFailure) -> bool:
        """Fail because an expression or a size did: then a redrive begins a new run."""
        error = turn.state_error(self.owner, failure)
        return self.fail(turn, error, is_fatal=error.name in FATAL)

    def redrive(self, turn: Turn) -> None:
        """Run the child executions again that didn't succeed, then what had not begun.

        AWS: "Redriving Map Runs". It doesn't say what becomes of results that a ResultWriter has written of
        child executions that failed: here they stay, beside those of the redrive.
        """
        owner = self.owner
        owner.inner = self
        turn.open_op(owner)
        stopped = [frame for frame in self.unsuccessful if isinstance(frame, Child)]
        again = [*self.redriven, *self.failed, *stopped]
        self.redriven = deque(sorted(again, key=lambda child: child.index))
        self.failed, self.unsuccessful, self.failed_items, self.children = [], [], 0, 0
        self.reading = self.writing = None
        self.unwritten, self.written = self.written + self.unwritten, []
        self.scope.info, self.has_failed = owner.info, False
        self.redrive_count += 1
        turn.log(owner, (MAP_RUN_REDRIVEN, self.arn, self.redrive_count))
        if self.proceed(turn):
            turn.ready.append(owner)


def _bytes(value: JSONValue) -> int:
    return len(to_text(value).encode("utf-8", "surrogatepass"))
