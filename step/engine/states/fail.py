"""Fail: ends its branch with an error.

Pure: no clock, no IO.
Spec: ASL "Fail State".
"""

from __future__ import annotations

from collections.abc import Callable

from step.engine.frames import Frame, State, Turn
from step.errors import StateError, StateFailure
from step.jsonvalue import JSONValue

Text = Callable[[JSONValue, Frame], "str | None"]


class FailState(State):
    kind = "Fail"

    def __init__(self, name: str, error: Text, cause: Text) -> None:
        super().__init__(name)
        self.error = error
        self.cause = cause

    def enter(self, turn: Turn, frame: Frame) -> bool:
        turn.enter(frame)
        try:
            error = StateError(self.error(frame.value, frame), self.cause(frame.value, frame))
        except StateFailure as failure:
            turn.state_failed(frame, failure)
        else:
            turn.branch_failed(frame, error, is_fatal=False)
        return False
