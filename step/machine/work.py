"""Who does the work of an execution's tasks: what is attached, Step Functions in the process, AWS's services.

Joins the three, in this order; knows no client and no shapes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from step.engine.resources import Resource
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskStarted, TaskSubmitted
from step.errors import HandlerError
from step.machine.attachments import Attachments
from step.runtime.answers import TaskAnswers
from step.runtime.executions import DrivenExecutions
from step.runtime.service_tasks import call_service
from step.runtime.services import Services
from step.runtime.virtual import Promise
from step.runtime.workers import Failed, call

# Takes a task's parameters and, where it has a second argument, a TaskAnswers; gives what the call gives.
Callback = Callable[..., object]
_STEP_FUNCTIONS = ("arn:aws:states:::states:", "arn:aws:states:::aws-sdk:sfn:")


def calls_step_functions(resource: str) -> bool:
    """Say whether a Task calls Step Functions itself."""
    return resource.startswith(_STEP_FUNCTIONS)


class Work:
    """Does the work of one machine's tasks.

    Args:
        attachments: What is attached to the machine.
        callbacks: What takes tasks that are ended by their tokens, by state or resource.
        services: Who calls AWS's services, if anybody.
        executions: What all executions on this clock share.
        own: The machine's ARN: a sample answers where it starts itself, which needn't come to an end.
    """

    def __init__(
        self,
        attachments: Attachments,
        callbacks: Mapping[str, Callback],
        services: Services | None,
        executions: DrivenExecutions,
        own: str = "",
    ) -> None:
        self._own = own
        self._attachments = attachments
        self._callbacks = callbacks
        self._services = services
        self._executions = executions

    def perform(self, task: StartTask) -> tuple[list[Input], int] | Promise | None:
        """Do a task's work; see ``runtime.virtual.Perform``.

        Raises:
            HandlerError: nobody does it.
        """
        executions = self._executions
        executions.note(task)
        callback = self._callbacks.get(task.state) or self._callbacks.get(task.resource)
        if callback is not None:
            return self._call_back(callback, task), 0
        if self._attachments.has(task):
            return self._attachments.perform(task)
        resource = Resource.from_text(task.resource)
        is_rest = self._attachments.has_rest
        if executions.takes(resource, task.payload) and not (
            is_rest and executions.misses(task.payload, self._own)
        ):
            return executions.perform(resource, task)
        if resource.kind == "activity" and not is_rest:
            executions.offer(task)
            return None
        if self._services is not None:
            told = call_service(task, self._services)
            if told is not None:
                return told, 0
        # Nothing is attached: this names the state and what to do.
        return self._attachments.perform(task)

    def _call_back(self, callback: Callback, task: StartTask) -> list[Input]:
        """Give a task to who will end it by its token."""
        if task.token is None:
            raise HandlerError(f"state {task.state!r}: {task.resource} has no token for a callback to answer")
        answers = TaskAnswers(self._executions.driver, task.token)
        takes_answers = len(inspect.signature(callback).parameters) > 1
        given = (lambda payload: callback(payload, answers)) if takes_answers else callback
        result = call(given)(task.payload, task)
        if isinstance(result, Failed):
            return [TaskFailed(task.op, result.error, result.cause)]
        if Resource.from_text(task.resource).kind == "activity":
            return [TaskStarted(task.op)]
        return [TaskSubmitted(task.op, {} if result is None else result)]
