"""What a query language makes of a state's fields: the closures that compiled states run.

Pure: no clock, no IO. ``JSONPath`` and ``JSONata`` implement ``Language``; ``program`` chooses by state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from step.asl import model
from step.engine.frames import Frame, State, Step
from step.engine.states.map import Number
from step.engine.states.straight import Visit
from step.engine.states.task import TaskLimits
from step.engine.states.wait import Until
from step.engine.states.work import Finish
from step.jsonvalue import JSONValue

Payload = Callable[[JSONValue, Frame], JSONValue]
Text = Callable[[JSONValue, Frame], "str | None"]


class Straight(NamedTuple):
    """A straight-line state's closures. ``step`` None: it assigns variables, or must be entered first.

    ``factor`` and ``plus`` bound the size of the output. ``needs_entry``: it reads when it was entered.
    """

    step: Step | None
    visit: Visit
    factor: float
    plus: float
    needs_entry: bool


class MapClosures(NamedTuple):
    """A Map state's closures; None: the state doesn't have the field."""

    items: Callable[[JSONValue, Frame], list[JSONValue]]
    selector: Payload | None
    max_concurrency: Number
    tolerated_count: Number | None
    tolerated_percentage: Number | None


class Language(Protocol):
    """One query language. ``states`` are the states of the branch, for transitions."""

    def straight(
        self, state: model.Pass | model.Succeed | model.Choice, states: Mapping[str, State], following: State
    ) -> Straight: ...

    def fail_texts(self, state: model.Fail) -> tuple[Text, Text]:
        """Compile Error and Cause."""

    def until(self, state: model.Wait) -> Until: ...

    def wait_output(self, state: model.Wait) -> Callable[[JSONValue, Frame], tuple[JSONValue, Assigned]]: ...

    def payload(self, state: model.Task | model.Parallel) -> Payload: ...

    def finish(self, state: model.Task | model.Parallel | model.Map) -> Finish: ...

    def caught(self, state: model.Task | model.Parallel | model.Map, catcher: model.Catcher) -> Finish: ...

    def limits(self, state: model.Task) -> TaskLimits | None: ...

    def credentials(self, state: model.Task) -> Payload | None: ...

    def map_closures(self, state: model.Map) -> MapClosures: ...


Assigned = Mapping[str, JSONValue] | None
