"""What the viewer looks into: Step Functions' operations, a history to read on in, and news.

Knows no HTTP. Implemented over the local service in this process, and over boto3 for AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from step.view.visits import Event

# Hears the ARN of an execution that has changed; must return at once.
Listener = Callable[[str], None]


class ExecutionSource(Protocol):
    """Where executions are."""

    @property
    def where(self) -> str:
        """The place in words, for the head of the pages."""

    @property
    def can_act(self) -> bool:
        """Whether executions may be started, stopped and redriven from here."""

    def now_ms(self) -> int:
        """Read the clock that the executions go by."""

    def call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do an operation of Step Functions' API, in its words; times are datetimes or epoch seconds.

        Raises:
            Refused: the API refuses it.
            StepError: nothing answers.
        """

    def events(self, arn: str, after: int) -> Sequence[Event]:
        """Read the events of a history behind the one with the id ``after``; at least one, if there is one.

        Raises:
            Refused: there is no such execution.
        """

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell a listener of changes from now on; return what ends that."""
