"""Pass, Choice and Succeed: states that neither wait nor fork.

Pure: no clock, no IO.
Spec: ASL "Pass State", "Choice State", "Succeed State".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from step.engine.frames import Frame, State, Turn
from step.errors import StateFailure
from step.jsonvalue import JSONValue

# (raw input, frame) -> (the state that follows, output, variables to assign)
Visit = Callable[[JSONValue, Frame], tuple[State, JSONValue, "Mapping[str, JSONValue] | None"]]


class StraightState(State):
    """A state whose work is one ``step``; or a ``visit``, where it assigns variables or sees the context.

    ``needs_entry``: the frame must know when and where the state was entered before it is evaluated.
    """

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name)
        self.kind = kind
        self.visit: Visit
        self.needs_entry = True

    def enter(self, turn: Turn, frame: Frame) -> bool:
        if not self.needs_entry:
            try:
                following, out, assigned = self.visit(frame.value, frame)
                turn.pass_through(frame, following, out, assigned)
            except StateFailure as failure:
                turn.enter(frame)
                turn.state_failed(frame, failure)
                return False
            return True
        turn.enter(frame)
        try:
            following, out, assigned = self.visit(frame.value, frame)
            turn.leave(frame, following, out, assigned)
        except StateFailure as failure:
            turn.state_failed(frame, failure)
            return False
        return True
