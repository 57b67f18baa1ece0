"""Wait: lets time pass.

Pure: no clock, no IO.
Spec: ASL "Wait State".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from step.engine.frames import Frame, State, Timer, Turn
from step.engine.history import PLAIN
from step.errors import StateFailure
from step.jsonvalue import JSONValue

# (raw input, frame, now in ms) -> the time (ms) at which the state ends
Until = Callable[[JSONValue, Frame, int], int]
Output = Callable[[JSONValue, Frame], tuple[JSONValue, "Mapping[str, JSONValue] | None"]]


class WaitState(State):
    kind = "Wait"

    def __init__(self, name: str, until: Until, output: Output) -> None:
        super().__init__(name)
        self.until = until
        self.output = output
        self.following: State = self

    def enter(self, turn: Turn, frame: Frame) -> bool:
        turn.enter(frame)
        return self.redrive(turn, frame)

    def redrive(self, turn: Turn, frame: Frame) -> bool:
        """Wait, from now on; a time that has passed ends it at once."""
        frame.now = turn.now
        try:
            at = self.until(frame.value, frame, turn.now)
        except StateFailure as failure:
            turn.state_failed(frame, failure)
            return False
        turn.open_op(frame)
        turn.start_timer(frame, max(at, turn.now), Timer.WAIT)
        return False

    def timed(self, turn: Turn, frame: Frame, what: Timer) -> bool:
        frame.op = 0
        frame.now = turn.now
        try:
            out, assigned = self.output(frame.value, frame)
            turn.leave(frame, self.following, out, assigned)
        except StateFailure as failure:
            turn.state_failed(frame, failure)
            return False
        return True

    def aborted(self, turn: Turn, frame: Frame) -> None:
        turn.log(frame, (PLAIN, "WaitStateAborted"))
