"""The work of tasks: this service's own machines in process, everything else by calls to the own endpoint.

What can't be done fails its task. Knows no HTTP server; ``services_of`` gives who makes calls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from step.arn import Arn
from step.engine.frames import ExecutionInfo
from step.engine.resources import Resource
from step.engine.vocabulary import Input, StartTask, TaskFailed
from step.local.service.arns import Caller
from step.local.service.nested import Nested
from step.runtime.integrations.calls import service_call, told
from step.runtime.service_tasks import call_service
from step.runtime.services import Refusal, ServiceCall, Services

_OWN = ("states", "aws-sdk:sfn")


class TaskWork:
    """Does tasks' work; see ``host.Work``.

    Args:
        nested: Starts executions of this service.
        services_of: Gives who calls services in a region, as an execution of a role.
        judge: Says what a role lacks for a call that is made in process; None: nothing.
    """

    def __init__(
        self,
        nested: Nested,
        services_of: Callable[[str, str], Services],
        judge: Callable[[Caller, str, ServiceCall], str | None] = lambda caller, role, call: None,
    ) -> None:
        self._nested = nested
        self._judge = judge
        self._services_of = lru_cache(maxsize=64)(services_of)

    def __call__(self, task: StartTask, info: ExecutionInfo) -> list[Input]:
        resource = Resource.from_text(task.resource)
        caller = _caller(info)
        if _starts(resource):
            call = service_call(resource, task)
            refusal = self._judge(caller, info.role_arn or "", call)
            if refusal is not None:
                code = "AccessDeniedException"
                return told(resource, task, Refusal("Sfn", code, refusal, exception=code))
            answer = self._nested.start(caller, call, task, resource.pattern, info.arn)
            return told(resource, task, answer)
        done = call_service(task, self._services_of(caller.region, info.role_arn or ""))
        if done is not None:
            return done
        cause = f"step's local service can't do {task.resource}"
        return [TaskFailed(task.op, "States.TaskFailed", cause)]


def _starts(resource: Resource) -> bool:
    action, _, _ = resource.action.partition(".")
    return resource.service in _OWN and action == "startExecution"


def _caller(info: ExecutionInfo) -> Caller:
    """Say in whose name an execution calls: its machine's account, in its region."""
    arn = Arn.from_text(info.machine_arn)
    assert arn is not None
    return Caller(arn.account, arn.region)
