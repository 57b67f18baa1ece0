"""The two kinds of failure, kept apart: workflow failures are data, tool failures are exceptions.

Pure: knows no other module of step.

    StepError                     a tool failure: something is wrong with what step was given
    +-- DefinitionError           a definition that AWS would refuse; carries its diagnostics
    +-- HandlerError              handlers and states don't fit together
    |   +-- NoCode                a function of a project can't be run here
    +-- NothingToWaitFor          an execution waits for something that nobody can deliver
    +-- TaskError               what a handler raises to fail its task under any error name
    +-- Refused                   an API of AWS would refuse the request: its code and message
    +-- NoContact                 AWS, or the service that stands for it, can't be asked
    +-- MissingExtra              a part of step isn't installed
    +-- ExecutionFailed           raised by ``Execution.result()`` only: the execution didn't succeed

    StateError                    a workflow failure: an ASL error name with its cause, matched by
                                  Retry and Catch and written to history; never raised to users
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Severity = Literal["ERROR", "WARNING"]


class StateError(NamedTuple):
    """An ASL error: what Retry and Catch match and history records.

    ``name`` is None only where AWS reports a failure without one (a Fail state that has no Error).
    """

    name: str | None
    cause: str | None = None


class StateFailure(Exception):  # noqa: N818 - a signal inside the engine, not an error users see
    """Carry a ``StateError`` out of an expression or a state; never leaves the engine.

    ``is_bare`` says that the cause is complete: the kernel adds no
    "An error occurred while executing the state ..." in front of it. ``location`` is the field whose JSONata
    expression failed ("Output/bread", "": one without a name); history then tells of it in an event of its
    own. ``is_late``: in executions that began before November 2026 that event follows the state's entry,
    where an expression's failure follows what came before it.
    """

    def __init__(
        self,
        name: str | None,
        cause: str | None = None,
        *,
        is_bare: bool = False,
        location: str | None = None,
        is_late: bool = False,
    ) -> None:
        super().__init__(name, cause)
        self.error = StateError(name, cause)
        self.is_bare = is_bare
        self.location = location
        self.is_late = is_late


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One problem of a definition, in the shape of AWS's ValidateStateMachineDefinition.

    ``location`` is a JSON pointer ("/States/Bake/Next"; None: the problem has no place), ``line`` counts
    from 1 (0: no text is known). ``message`` has AWS's words where they are known, ``hint`` what step adds.
    """

    severity: Severity
    code: str
    message: str
    location: str | None
    line: int = 0
    hint: str = ""

    @property
    def text(self) -> str:
        """The message and the hint."""
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __str__(self) -> str:
        return f"{self.location or '/'}: {self.code}: {self.text}"


class StepError(Exception):
    """The root of every exception that step raises on purpose."""


class DefinitionError(StepError):
    """A definition is wrong; ``diagnostics`` lists every problem at once."""

    def __init__(self, diagnostics: list[Diagnostic], file: str | None = None) -> None:
        self.diagnostics = diagnostics
        self.file = file
        prefix = f"{file}: " if file else ""
        super().__init__("\n".join(f"{prefix}{diagnostic}" for diagnostic in diagnostics))


class HandlerError(StepError):
    """Handlers and the states of a definition don't fit together."""


class NoCode(HandlerError):  # noqa: N818 - reads as the sentence it is
    """A function of a project can't be run in this process; the message says why."""


class NothingToWaitFor(StepError):  # noqa: N818 - reads as the sentence it is
    """An execution waits for something that nobody can deliver; the message names the state."""


class TaskError(StepError):
    """Raise it in a handler, or attach it to a state, to fail the task under any error name.

    An exception's class name is its error name; some names are no class names
    ("DynamoDb.ConditionalCheckFailedException").

    Examples:
        >>> from step import StateMachine
        >>> from step.tasks import TaskError
        >>> states = {"Pay": {"Type": "TaskFn", "End": True}}
        >>> machine = StateMachine.from_json({"StartAt": "Pay", "States": states})
        >>> machine.set_resource_function("Pay", TaskError("Card.Declined", "no money")).execute().error
        'Card.Declined'
    """

    def __init__(self, error: str, cause: str = "") -> None:
        self.error = error
        self.cause = cause
        super().__init__(": ".join(part for part in (error, cause) if part))


class Refused(StepError):  # noqa: N818 - reads as the sentence it is
    """A request that AWS's API would refuse; ``code`` and ``message`` are the API's error."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


class NoContact(StepError):  # noqa: N818 - reads as the sentence it is
    """AWS, or the service that stands for it, can't be asked: no credentials, no region, no answer."""


class MissingExtra(StepError):  # noqa: N818 - reads as the sentence it is
    """A part of step isn't installed; ``extra`` is what brings it."""

    def __init__(self, extra: str, what: str, package: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs {package}, which isn't installed: pip install 'slowcode[{extra}]'")


class ExecutionFailed(StepError):  # noqa: N818 - the name AWS gives the event
    """Raised by ``Execution.result()`` where the execution didn't succeed."""

    def __init__(self, status: str, error: str | None, cause: str | None) -> None:
        self.status = status
        self.error = error
        self.cause = cause
        super().__init__(": ".join(part for part in (status, error, cause) if part))
