"""One run of a machine, as it ended.

Pure: no clock, no IO. Everything here is a view of the execution's history.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeVar, overload

from step.asl.model import Definition
from step.engine.history import History
from step.engine.kernel import Kernel, Status
from step.errors import ExecutionFailed
from step.jsonvalue import JSONValue, clone
from step.runtime.executions import Started
from step.runtime.workers import Raised, RunRecord

T = TypeVar("T")


class Execution:
    """A finished execution.

    Attributes:
        arn: The execution's ARN.
        status: "SUCCEEDED", "FAILED", "TIMED_OUT" or "ABORTED".
        input: What it was started with.
        output: What it came to; None unless it succeeded.
        error: The ASL error name it failed with, if any.
        cause: The error's cause, if any; a Lambda's is a JSON text.
        elapsed: How long it took, in seconds of virtual time.
        definition: The definition that ran.

    Examples:
        >>> from step import StateMachine
        >>> states = {"Rise": {"Type": "Wait", "Seconds": 7200, "End": True}}
        >>> execution = StateMachine.from_json({"StartAt": "Rise", "States": states}).execute()
        >>> execution.path, execution.elapsed
        (['Rise'], 7200.0)
        >>> [event["type"] for event in execution.history]
        ['ExecutionStarted', 'WaitStateEntered', 'WaitStateExited', 'ExecutionSucceeded']
    """

    def __init__(
        self,
        kernel: Kernel,
        definition: Definition,
        children: Sequence[Kernel] = (),
        started: Sequence[Started] = (),
        record: RunRecord | None = None,
    ) -> None:
        self._kernel = kernel
        self._children = children
        self._started = started
        self._record = record or RunRecord([], {})
        self.definition = definition
        self.arn = kernel.info.arn
        self.status: Status = kernel.status
        self.input = kernel.info.input
        self.error = kernel.error.name if kernel.error else None
        self.cause = kernel.error.cause if kernel.error else None
        self.elapsed = (kernel.now - kernel.info.start_ms) / 1000

    @cached_property
    def output(self) -> JSONValue:
        return clone(self._kernel.output)

    @cached_property
    def history(self) -> History:
        """The events that AWS's GetExecutionHistory would give, oldest first; made when they are read."""
        return self._kernel.history

    @cached_property
    def children(self) -> list[Execution]:
        """The child executions that distributed Maps started, in that order; no more than the first 1,000."""
        return [Execution(child, self.definition) for child in self._children]

    @cached_property
    def started(self) -> list[Execution]:
        """The executions of machines that this one started, and those started by them, in that order."""
        return [Execution(one.kernel, one.machine.definition, one.children) for one in self._started]

    @property
    def exception(self) -> BaseException | None:
        """The last exception that left a function attached to the machine, with its traceback."""
        raised = self._record.exceptions
        return raised[-1].exception if raised else None

    @property
    def raised(self) -> Sequence[Raised]:
        """All exceptions that left attached functions, with the states that called them, in order."""
        return self._record.exceptions

    @property
    def mocked(self) -> dict[str, str]:
        """Why states were answered with a sample, by their names; see ``StateMachine.mock_rest``."""
        return self._record.mocked

    @cached_property
    def path(self) -> list[str]:
        """The names of the states in the order in which they were entered, those of branches too."""
        return self._kernel.history.path

    @overload
    def result(self) -> JSONValue: ...
    @overload
    def result(self, as_: type[T]) -> T: ...
    def result(self, as_: Any = None) -> Any:
        """Return the output, decoded as a type where one is given.

        Raises:
            ExecutionFailed: the execution didn't succeed.
            TypeError, ValueError: the output isn't such a type's JSON; the message names the place.

        Examples:
            >>> from dataclasses import dataclass
            >>> from step import StateMachine
            >>> @dataclass
            ... class Bread:
            ...     grams: int
            >>> machine = StateMachine.from_json({"StartAt": "Eat", "States": {"Eat": {"Type": "Succeed"}}})
            >>> machine.execute({"grams": 500}).result(as_=Bread)
            Bread(grams=500)
        """
        __tracebackhide__ = True
        if self.status != "SUCCEEDED":
            raise ExecutionFailed(self.status, self.error, self.cause)
        if as_ is None:
            return self.output
        from step.tasks import decode

        return decode(as_, self.output)

    def picture(self, format: str = "svg") -> str:
        """Draw the machine with the path that this execution took: "svg", "dot" or "mermaid"."""
        from step.view import draw

        return draw(self.definition, self.history, format)

    def report(self) -> str:
        """Write a self-contained HTML page: graph, timeline, events, and every state's data."""
        from step.machine.report import report

        info = self._kernel.info
        facts = {
            "name": info.name,
            "machine": info.machine_name,
            "status": self.status,
            "error": self.error,
            "cause": self.cause,
        }
        return report(self.definition, facts, self.history)

    def _repr_html_(self) -> str:
        """Show it in a notebook: the path it took, and what went in and came out."""
        from step.machine.notebook import execution_html

        return execution_html(self.definition, list(self.history), self.input)

    def __repr__(self) -> str:
        error = f" {self.error}" if self.error else ""
        return f"<Execution {self.status}{error}: {' > '.join(self.path)}>"
