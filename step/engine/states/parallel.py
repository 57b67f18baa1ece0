"""Parallel: branches at once, one result in the order of the branches.

Pure: no clock, no IO.
Spec: ASL "Parallel State".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from step.engine.frames import Frame, Group, State, Turn
from step.engine.history import PLAIN
from step.engine.states.work import WorkState
from step.errors import StateError, StateFailure
from step.jsonvalue import JSONValue


class ParallelState(WorkState):
    kind = "Parallel"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.starts: Sequence[State] = ()
        self.payload: Callable[[JSONValue, Frame], JSONValue]

    def attempt(self, turn: Turn, frame: Frame) -> bool:
        try:
            value = self.payload(frame.value, frame)
            size = turn.measure(value, self.name)
        except StateFailure as failure:
            return self.fell(turn, frame, failure)
        turn.log(frame, (PLAIN, "ParallelStateStarted"))
        turn.open_op(frame)
        group = ParallelRun(self, frame, len(self.starts))
        frame.inner = group
        for index, start in enumerate(self.starts):
            child = frame.child(group, start, value, index=index, item=frame.item, size=size)
            group.live[child] = None
            turn.ready.append(child)
        return False

    def gave_up(self, turn: Turn, frame: Frame) -> None:
        turn.log(frame, (PLAIN, "ParallelStateFailed"))

    def aborted(self, turn: Turn, frame: Frame) -> None:
        turn.log(frame, (PLAIN, "ParallelStateAborted"))


class ParallelRun(Group):
    __slots__ = ("left", "results", "state")

    def __init__(self, state: ParallelState, owner: Frame, branches: int) -> None:
        super().__init__(owner)
        self.state = state
        self.left = branches
        self.results: list[JSONValue] = [None] * branches

    def finished(self, turn: Turn, frame: Frame) -> None:
        del self.live[frame]
        self.results[frame.index] = frame.value
        self.owner.deepened = max(self.owner.deepened, frame.deepened)
        self.left -= 1
        if self.left:
            return
        owner = self.owner
        owner.inner = None
        owner.previous = frame.previous
        if self.state.succeed(turn, owner, "ParallelStateSucceeded", self.results):
            turn.ready.append(owner)

    def broke(self, turn: Turn, frame: Frame, error: StateError, *, is_fatal: bool) -> None:
        # Observed: the failed branch's own Task is reported as aborted too.
        turn.abort(self)
        owner = self.owner
        owner.inner, owner.fallen = None, self
        owner.previous = frame.previous
        if self.state.broke(turn, owner, error, is_fatal=is_fatal):
            turn.ready.append(owner)

    def fork(self, owner: Frame, twins: dict[Frame, Frame]) -> ParallelRun:
        twin = super().fork(owner, twins)
        assert isinstance(twin, ParallelRun)
        twin.results = self.results.copy()
        return twin

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.left, self.results)
