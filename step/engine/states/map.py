"""Map, inline: the same states for every item.

Pure: no clock, no IO. Iterations are started lazily: at most 40 frames live, however many items there are.
Spec: ASL "Map State". AWS: Step Functions developer guide, "Using Map state in Inline mode".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from step.engine.frames import FATAL, Frame, Group, Item, State, Turn
from step.engine.history import ITERATION, MAP_STARTED, PLAIN
from step.engine.quotas import INLINE_MAP_CONCURRENCY
from step.engine.states.work import WorkState
from step.engine.switches import HISTORY_AS_AWS
from step.errors import StateError, StateFailure
from step.jsonvalue import JSONValue

Number = Callable[[JSONValue, Frame], float]
EXCEEDED = "States.ExceedToleratedFailureThreshold"


class MapState(WorkState):
    kind = "Map"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.start: State = self
        self.items: Callable[[JSONValue, Frame], list[JSONValue]]
        # (raw input, frame of the iteration) -> the iteration's input; None: the item itself
        self.selector: Callable[[JSONValue, Frame], JSONValue] | None = None
        self.max_concurrency: Number
        self.tolerated_count: Number | None = None
        self.tolerated_percentage: Number | None = None

    def attempt(self, turn: Turn, frame: Frame) -> bool:
        try:
            items = self.items(frame.value, frame)
            concurrency = int(self.max_concurrency(frame.value, frame))
            tolerated = self._tolerated(frame, len(items))
        except StateFailure as failure:
            return self.fell(turn, frame, failure)
        turn.log(frame, (MAP_STARTED, len(items)))
        turn.open_op(frame)
        run = MapAttempt(self, frame, items, tolerated)
        frame.inner = run
        run.at_once = min(concurrency or INLINE_MAP_CONCURRENCY, INLINE_MAP_CONCURRENCY)
        for _ in range(min(run.at_once, len(items))):
            if not run.start_next(turn):
                return False
        return False if items else run.is_over(turn)

    def _tolerated(self, frame: Frame, length: int) -> float:
        """Say how many iterations may fail; both limits given: the smaller holds."""
        limits = []
        if self.tolerated_count is not None:
            limits.append(self.tolerated_count(frame.value, frame))
        if self.tolerated_percentage is not None:
            limits.append(math.floor(self.tolerated_percentage(frame.value, frame) * length / 100))
        return min(limits, default=0)

    def gave_up(self, turn: Turn, frame: Frame) -> None:
        turn.log(frame, (PLAIN, "MapStateFailed"))

    def aborted(self, turn: Turn, frame: Frame) -> None:
        turn.log(frame, (PLAIN, "MapStateAborted"))


class MapAttempt(Group):
    """One attempt of a Map state."""

    __slots__ = ("at_once", "failures", "items", "left", "next_index", "results", "state", "tolerated")

    def __init__(self, state: MapState, owner: Frame, items: list[JSONValue], tolerated: float) -> None:
        super().__init__(owner)
        self.state = state
        self.items = items
        self.next_index = 0
        self.left = len(items)
        self.results: list[JSONValue] = [None] * len(items)
        self.failures = 0
        self.at_once = INLINE_MAP_CONCURRENCY
        self.tolerated = tolerated

    def start_next(self, turn: Turn) -> bool:
        """Begin the next iteration, after the owner's last event.

        Returns False where its input failed, and the Map with it.
        """
        index = self.next_index
        self.next_index += 1
        value = self.items[index]
        owner = self.owner
        child = owner.child(self, self.state, value, index=index, item=Item(index, value), size=0)
        child.entered_id, child.entered_at = owner.entered_id, owner.entered_at
        child.retry_count = owner.retry_count
        child.now = turn.now
        try:
            if self.state.selector is not None:
                value = self.state.selector(owner.value, child)
            child.size = turn.measure(value, self.state.name)
        except StateFailure as failure:
            self._fell(turn, failure)
            return False
        child.state = self.state.start
        child.value = value
        self.live[child] = None
        turn.log(child, (ITERATION, "Started", self.state.name, index))
        turn.ready.append(child)
        return True

    def redrive(self, turn: Turn) -> None:
        self.failures = 0
        missing = self.at_once - len(self.unsuccessful)
        super().redrive(turn)
        for _ in range(min(missing, len(self.items) - self.next_index)):
            if not self.start_next(turn):
                return

    def stopped(self, turn: Turn, frame: Frame) -> None:
        turn.log(frame, (ITERATION, "Aborted", self.state.name, frame.index))

    def finished(self, turn: Turn, frame: Frame) -> None:
        self.results[frame.index] = frame.value
        if frame.deepened > self.owner.deepened:
            self.owner.deepened = frame.deepened
        self._ended(turn, frame, "Succeeded")

    def broke(self, turn: Turn, frame: Frame, error: StateError, *, is_fatal: bool) -> None:
        self.failures += 1
        if self.failures <= self.tolerated and not is_fatal:
            self.results[frame.index] = {"Error": error.name or "", "Cause": error.cause or ""}
            self._ended(turn, frame, "Failed")
            return
        turn.log_aside(frame, (ITERATION, "Failed", self.state.name, frame.index))
        del self.live[frame]
        turn.abort(self)
        self.unsuccessful.insert(0, frame)
        owner = self.owner
        owner.inner, owner.fallen = None, self
        owner.previous = frame.previous
        if self.tolerated and not is_fatal:
            error = StateError(EXCEEDED, "The specified tolerated failure threshold was exceeded")
        if self.state.broke(turn, owner, error, is_fatal=is_fatal):
            turn.ready.append(owner)

    def _ended(self, turn: Turn, frame: Frame, how: str) -> None:
        # Observed: the next iteration follows the ended one's last state, not the record of its end.
        owner = self.owner
        owner.previous = frame.previous
        turn.log(frame, (ITERATION, how, self.state.name, frame.index))
        del self.live[frame]
        self.left -= 1
        if self.next_index < len(self.items):
            self.start_next(turn)
        elif not self.left:
            owner.previous = frame.previous
            if self.is_over(turn):
                turn.ready.append(owner)

    def is_over(self, turn: Turn) -> bool:
        """Leave the state with the iterations' results; say whether the frame goes on."""
        owner = self.owner
        owner.inner = None
        return self.state.succeed(turn, owner, "MapStateSucceeded", self.results)

    def _fell(self, turn: Turn, failure: StateFailure) -> None:
        owner = self.owner
        if failure.error.name not in FATAL or not HISTORY_AS_AWS.holds(owner.info):
            turn.abort(self)
        owner.inner = None
        if self.state.fell(turn, owner, failure):
            turn.ready.append(owner)

    def fork(self, owner: Frame, twins: dict[Frame, Frame]) -> MapAttempt:
        twin = super().fork(owner, twins)
        assert isinstance(twin, MapAttempt)
        twin.results = self.results.copy()
        return twin

    @property
    def key(self) -> tuple[Any, ...]:
        # Of the items only those that are still to come.
        ahead = self.items[self.next_index :]
        return (self.left, self.next_index, self.failures, self.at_once, self.tolerated, ahead, self.results)
