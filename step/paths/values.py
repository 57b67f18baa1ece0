"""Work out what a state did from the data that it was given, where its events don't say.

Pure: no clock, no IO. Evaluates one Choice or Fail with the interpreter's own closures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from step.asl.model import ABSENT, Choice, Fail
from step.engine.frames import ExecutionInfo, Frame, State
from step.engine.program import compile_state
from step.engine.states.fail import FailState
from step.engine.states.straight import StraightState
from step.errors import StateFailure
from step.jsonvalue import JSONValue
from step.paths.trail import Stay

_DEFAULT = "default"


class RecordedValues:
    """Evaluates states of one execution; ``info`` is what their expressions see of it."""

    def __init__(self, info: ExecutionInfo) -> None:
        self._info = info
        self._compiled: dict[str, State] = {}

    def rule(self, state: Choice, stay: Stay) -> int | None:
        """Say which rule of a Choice held; None: its default."""
        compiled = self._compiled.get(state.name)
        if compiled is None:
            compiled = self._compiled[state.name] = _distinct(state)
        assert isinstance(compiled, StraightState)
        frame = self._frame(compiled, stay)
        try:
            following, _, _ = compiled.visit(frame.value, frame)
        except StateFailure:
            return None
        return None if following.name == _DEFAULT else int(following.name)

    def error(self, state: Fail, stay: Stay) -> str | None:
        """Name the error of a Fail state."""
        compiled = self._compiled.get(state.name)
        if compiled is None:
            compiled = self._compiled[state.name] = compile_state(state, {})
        assert isinstance(compiled, FailState)
        frame = self._frame(compiled, stay)
        try:
            return compiled.error(frame.value, frame)
        except StateFailure as failure:
            return failure.error.name

    def _frame(self, compiled: State, stay: Stay) -> Frame:
        value: JSONValue = json.loads(stay.text) if stay.text is not None else {}
        variables: Mapping[str, JSONValue] = stay.variables
        return Frame(self._info, compiled, value, size=0, variables=variables)


def _distinct(state: Choice) -> State:
    """Compile a Choice so that each rule leads to a state of its own."""
    rules = [replace(rule, next=str(at), output=ABSENT, assign=None) for at, rule in enumerate(state.choices)]
    names = [*(rule.next for rule in rules), _DEFAULT]
    alone = replace(state, choices=tuple(rules), default=_DEFAULT, output=ABSENT, assign=None)
    return compile_state(alone, {name: State(name) for name in names})
